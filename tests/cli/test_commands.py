"""The path a newcomer walks, command by command, on filled stores."""

import json

import polars as pl
import pytest

from ys_analytics.schemas import TABLES

WEEK = "2026-W47"


def test_catalog_knows_everything_the_stores_hold(bare):
    """What has a schema has a line; the catalogue needs no store."""
    done = bare("catalog")
    assert {line.split()[0] for line in done.stdout.splitlines()[1:] if not line.startswith(" ")} >= set(TABLES)


def test_metrics_are_listed_and_each_has_its_formula(bare):
    """What stands on a page can be looked up where one works; the catalogue needs no store."""
    from ys_analytics.metrics import catalog

    listed = {line.split()[0] for line in bare("metrics").stdout.splitlines()[1:] if not line.startswith(" ")}
    assert listed >= set(catalog.METRICS)
    assert r"\operatorname{std}(r - f)" in bare("metrics", "sharpe_ratio").stdout


def test_migrating_again_changes_nothing(ys):
    """The second `make report` must find nothing to do."""
    done = ys("migrate", "up")
    assert done.returncode == 0
    assert "nothing to migrate" in done.stderr


def test_the_views_are_refreshed_by_a_command(ys):
    """An operator who writes transactions has a line for his timetable."""
    done = ys("migrate", "refresh")
    assert done.returncode == 0, done.stderr
    assert "refreshed daily_external_flows, current_exposure" in done.stderr


def test_the_demo_does_not_run_over_data(ys):
    """Data that someone may need is not written over without being asked to."""
    refused, skipped = ys("demo"), ys("demo", "--if-empty")
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    assert skipped.returncode == 0
    assert "nothing was added" in skipped.stderr


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_load_writes_what_it_loaded(ys, tmp_path, suffix):
    """A table in a file is the table: same columns, and in Parquet the same types."""
    target = tmp_path / f"transactions.{suffix}"
    done = ys("load", "transactions", "--to", str(target))
    assert done.returncode == 0, done.stderr
    frame = pl.read_parquet(target) if suffix == "parquet" else pl.read_csv(target, infer_schema=False)
    assert frame.columns == list(TABLES["transactions"].schema)
    assert frame.height > 100
    if suffix == "parquet":
        assert dict(frame.schema) == TABLES["transactions"].schema


def test_no_secret_column_can_be_loaded(ys, tmp_path):
    """A user is an id, a type and a KYC status."""
    target = tmp_path / "users.parquet"
    assert ys("load", "users", "--to", str(target)).returncode == 0
    secret = {column.name for column in TABLES["users"].columns if column.secret}
    assert secret & set(pl.read_parquet(target).columns) == set()


def test_a_run_answers_sql(ys):
    """What was frozen can be asked anything DuckDB understands."""
    frozen = ys("freeze", "--week", WEEK)
    assert frozen.returncode == 0, frozen.stderr
    result = ys("sql", "SELECT count(*) AS portfolios FROM portfolios", "--week", WEEK)
    assert result.returncode == 0, result.stderr
    assert "12" in result.stdout


def test_a_week_keeps_its_run_until_it_is_refrozen(ys):
    """The same snapshot again, and saying so; an altered run is refused with the words that replace it."""
    ys("freeze", "--week", WEEK)
    manifest = ys.home / "out" / WEEK / "manifest.json"
    before = manifest.read_bytes()
    again = ys("freeze", "--week", WEEK)
    assert "already" in again.stderr
    assert manifest.read_bytes() == before
    frame = ys.home / "out" / WEEK / "frames" / "users.parquet"
    frame.write_bytes(frame.read_bytes() + b"!")
    refused = ys("freeze", "--week", WEEK)
    assert refused.returncode == 12
    assert f"ys freeze --refreeze --week {WEEK}" in refused.stderr
    assert ys("freeze", "--refreeze", "--week", WEEK).returncode == 0
    assert ys("sql", "SELECT 1", "--week", WEEK).returncode == 0


def test_check_prints_findings_as_json(ys):
    """A script can read the findings: every finding, and 0 or 14."""
    ys("freeze", "--week", WEEK)
    done = ys("check", "portfolios", "portfolio_snapshots", "--week", WEEK, "--json")
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    assert {finding["suite"] for finding in findings} == {"portfolios", "portfolio_snapshots"}


def test_check_writes_data_docs_to_the_given_folder(ys, tmp_path):
    """For those who know them; the pages are named on stderr."""
    ys("freeze", "--week", WEEK)
    done = ys("check", "portfolios", "--week", WEEK, "--docs", str(tmp_path / "docs"))
    assert done.returncode == 0, done.stderr
    assert f"data docs: {tmp_path / 'docs' / 'index.html'}" in done.stderr
    assert (tmp_path / "docs" / "index.html").is_file()
    assert ys("check", "--live", "--docs", str(tmp_path)).returncode == 2


def test_status_shows_each_store_and_its_address(ys):
    """After `up` all four are there; the table says where."""
    done = ys("status")
    assert done.returncode == 0
    assert [name for name in ("postgres", "clickhouse", "redis", "qdrant") if name not in done.stdout] == []


def test_status_fails_with_a_server_that_does_not_answer(ys):
    """A script may act on the code; the table still shows the other three."""
    done = ys("status", YS_REDIS_URL="redis://:long-secret@127.0.0.1:1")
    assert done.returncode == 11
    rows = [line.split() for line in done.stdout.splitlines()[1:] if line[0] != " "]
    assert [row[2] for row in rows] == ["up", "up", "down", "up"]
    assert done.stderr == "ys: redis did not answer; the note next to each says why\n"
    assert "long-secret" not in done.stdout


def test_status_of_stores_never_started_is_no_failure(bare):
    """The first thing a newcomer types."""
    assert bare("status").returncode == 0
