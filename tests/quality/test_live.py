"""The stores as they are: PostgreSQL and ClickHouse asked in place, Redis and Qdrant through their frames."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from ys_analytics import quality
from ys_analytics.errors import ExpectationFailed, StoreError, UsageError
from ys_analytics.quality.findings import LOADS_AS_DECLARED
from ys_analytics.quality.live import select
from ys_analytics.schemas import TABLES

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SOME = ["assets", "satellite_agents", "schema_migrations", "market_data", "redis_price_current", "trading_patterns"]


@pytest.fixture
def spoilt(stores):
    """One asset whose number of decimals cannot be, and one price of nothing; gone again afterwards."""
    asset = "00000000-0000-4000-8000-000000000001"
    stores.postgres.run(
        "INSERT INTO assets (id, symbol, name, asset_type, decimals) VALUES (%(id)s, 'BAD', 'Bad', 'crypto', 99)",
        {"id": asset},
    )
    schema = TABLES["market_data"].schema
    row = dict.fromkeys(("chain_id", "price", "volume_24h", "market_cap", "price_change_24h"), 0)
    row |= {"timestamp": NOW, "asset_id": asset, "source": "test"}
    quote = pl.DataFrame([row]).select([pl.col(name).cast(dtype) for name, dtype in schema.items()])
    stores.clickhouse.write("market_data", quote)
    yield asset
    stores.postgres.run("DELETE FROM assets WHERE id = %(id)s", {"id": asset})
    stores.clickhouse.run("TRUNCATE TABLE market_data")


@pytest.fixture
def live_findings(analyst, spoilt):
    """Some suites over the live stores, read as the analyst."""
    assert spoilt
    return {(each.suite, each.rule): each for each in quality.validate_live(analyst, as_of=NOW, tables=SOME)}


def test_live_stores_are_checked_in_place(live_findings, spoilt):
    """Dirt in either database is found by name, with its key; what is clean is kept; nothing falls over."""
    assert {suite for suite, _ in live_findings} == set(SOME)
    assert [each for each in live_findings.values() if each.outcome == "error"] == []
    decimals = live_findings["assets", "between(decimals, >= 0.0, <= 36.0)"]
    assert (decimals.outcome, decimals.rows, decimals.sample[0]["id"]) == ("failed", 1, spoilt)
    price = live_findings["market_data", "between(price, > 0.0)"]
    assert (price.outcome, price.rows, price.sample[0]["asset_id"]) == ("failed", 1, spoilt)
    assert live_findings["satellite_agents", "row_count_to_be_between(>= 8)"].outcome == "passed"


def test_every_suite_can_be_put_to_the_live_engines(analyst):
    """No rule is skipped because an engine lacks a word for it."""
    in_place = [name for name, table in TABLES.items() if table.store in {"postgres", "clickhouse"}]
    tables = [*in_place, "market_sentiment", "cross_store"]
    found = quality.validate_live(analyst, as_of=NOW, tables=tables)
    assert [each for each in found if each.outcome == "error"] == []
    assert {each.suite for each in found} == set(tables)


def test_an_unknown_table_is_refused_live(analyst):
    """A misspelt table is not a table without faults."""
    with pytest.raises(UsageError, match="asets"):
        quality.validate_live(analyst, as_of=NOW, tables=["asets"])


def test_an_unreachable_store_is_an_error_of_its_own(settings):
    """A store that cannot be asked has not passed its rules."""
    from ys_analytics import local

    with (
        local.open_stores(settings, only=("redis",), role="analyst", purpose="a test") as half,
        pytest.raises(StoreError),
    ):
        quality.validate_live(half, as_of=NOW, tables=["assets"])


def test_nothing_secret_is_selected():
    """The statement that checks in place names no secret column."""
    assert "password_hash" not in select(TABLES["users"])
    assert "session_token" not in select(TABLES["user_sessions"])


def test_a_rule_that_could_not_run_is_no_failure_of_the_data(analyst, tmp_path):
    """A query the engine refuses is an outcome of its own, and its exit code the store's; failed rules first."""
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "assets.py").write_text(
        "from great_expectations import ExpectationSuite\n"
        "from great_expectations.expectations import UnexpectedRowsExpectation\n"
        "SUITE = ExpectationSuite(name='assets', expectations=[\n"
        "    UnexpectedRowsExpectation(\n"
        "        unexpected_rows_query='SELECT id FROM {batch} AS judged WHERE no_such_function(id)',\n"
        "        severity='warning', notes='Asks what no engine can answer.',\n"
        "    ),\n"
        "])\n"
    )
    demo_findings = quality.validate_live(analyst, as_of=NOW, tables=["assets"], suites_in=tmp_path)
    found = [each for each in demo_findings if each.notes == "Asks what no engine can answer."]
    assert [each.outcome for each in found] == ["error"]
    with pytest.raises(StoreError, match=r"1 rule could not run.*no_such_function"):
        quality.gate_live(found)
    broken = replace(found[0], outcome="failed", severity="critical", portfolios=[])
    with pytest.raises(ExpectationFailed, match="1 check failed"):
        quality.gate_live([*found, broken])
    refused = replace(found[0], rule=LOADS_AS_DECLARED, severity="critical", portfolios=[])
    with pytest.raises(ExpectationFailed, match=LOADS_AS_DECLARED):
        quality.gate_live([refused])
