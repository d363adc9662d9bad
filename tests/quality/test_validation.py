"""Checking: the same bytes for the same run, dirt found by name, and nothing passed that was not tried."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import quality
from ys_analytics.errors import ExpectationFailed, RunError, UsageError
from ys_analytics.quality import worker_process
from ys_analytics.schemas import TABLES, Finding

from .conftest import UNTIL, frozen


def broken(found):
    return {each.rule: each for each in found if each.outcome == "failed"}


def test_checking_writes_what_it_returns(demo, demo_findings):
    """Anyone who prints the report later reads the same findings."""
    assert quality.read_findings(demo.folder) == demo_findings


@pytest.mark.servers  # for its time alone
def test_two_processes_give_the_bytes_of_one(demo, demo_findings, monkeypatch):
    """Findings do not depend on how the suites were shared out, nor on how often they are asked."""
    before = (demo.folder / "findings.json").read_bytes()
    monkeypatch.setattr(worker_process, "PROCESSES", 1)
    assert quality.validate(demo) == demo_findings
    assert (demo.folder / "findings.json").read_bytes() == before


def test_each_suite_goes_to_one_of_two_processes(demo, monkeypatch):
    """None is left out, none is asked twice, and the longest does not wait for the rest."""
    monkeypatch.setattr(worker_process, "PROCESSES", 2)
    files = {path.stem: str(path) for path in (demo.folder / "frames").glob("*.parquet")}
    tables = [*files, "cross_store"]
    first, second = worker_process._halves({"kind": "frozen", "tables": tables, "files": files})
    assert sorted(first + second) == sorted(tables)
    assert first
    assert second
    assert first[0] == "cross_store"
    # A few tables are checked before a second engine is open.
    assert worker_process._halves({"kind": "frozen", "tables": tables[:5], "files": files}) == (tables[:5], [])
    monkeypatch.setattr(worker_process, "PROCESSES", 1)
    assert worker_process._halves({"kind": "frozen", "tables": tables, "files": files}) == (tables, [])


def test_findings_come_in_the_order_of_the_schema(demo_findings):
    """A reader finds a table where it always stood."""
    order = list(dict.fromkeys(each.suite for each in demo_findings))
    assert order == [name for name in [*TABLES, "cross_store"] if name in set(order)]


def test_checking_some_tables_leaves_the_findings_of_the_run_alone(demo, demo_findings, demo_frames):
    """A look at one table is not a check of the run."""
    before = (demo.folder / "findings.json").read_bytes()
    found = quality.validate(demo, tables=["users"])
    assert {each.suite for each in found} == {"users"}
    assert (demo.folder / "findings.json").read_bytes() == before
    assert demo_frames["users"].height > 0
    assert demo_findings


def test_what_a_run_does_not_hold_is_said(freeze, demo_frames):
    """A rule about what was not frozen was not kept; it was not tried."""
    run = freeze({"assets": demo_frames["assets"]})
    found = {(each.suite, each.rule): each for each in quality.validate(run)}
    assert found["users", "the run holds the table"].outcome == "error"
    assert found["cross_store", "market_data.asset_id is among assets.id"].observed == "market_data is not in this run"
    with pytest.raises(UsageError, match="users"):
        quality.validate(run, tables=["users"])


def test_a_column_that_went_missing_is_not_a_pass(freeze, demo_frames):
    """A rule whose column is gone could not run, and a critical one stops the report."""
    run = freeze({"assets": demo_frames["assets"].drop("symbol")})
    about = [each for each in quality.validate(run, tables=["assets"]) if "symbol" in each.column]
    assert about
    assert all(each.outcome == "error" and "symbol" in each.observed for each in about)
    assert any(each.stops for each in about)


def test_a_run_never_checked_says_so(tmp_path):
    """No findings is not the same as nothing found."""
    with pytest.raises(RunError, match="ys check"):
        quality.read_findings(tmp_path)


def test_a_past_week_is_as_fresh_as_it_was(demo_frames, tmp_path):
    """A week printed again next year is not stale; one whose feed had stopped then is."""
    for name, until in (("fresh", UNTIL), ("stale", UNTIL - timedelta(days=9))):
        quotes = demo_frames["market_data"].filter(pl.col("timestamp") < until)
        run = frozen(tmp_path / name / "2026-W47", {"market_data": quotes}, as_of=datetime(2027, 11, 1, tzinfo=UTC))
        overdue_rows = {each.rule: each for each in quality.validate(run, tables=["market_data"])}["on_time(timestamp)"]
        assert overdue_rows.outcome == {"fresh": "passed", "stale": "failed"}[name]


_HALF = pl.int_range(pl.len()) == pl.len() // 2


def put(column, value):
    """One row of a column, spoilt."""

    def spoil(frame):
        here = pl.when(_HALF).then(pl.lit(value).cast(frame.schema[column]))
        return frame.with_columns(here.otherwise(column).alias(column))

    return spoil


def a_hash_twice(frame):
    return frame.with_columns(pl.when(_HALF).then(pl.col("transaction_hash").first()).otherwise("transaction_hash"))


def wei_for_ether(frame):
    """A small payment, so that a million million times as much still fits a decimal."""
    paid = frame.filter(pl.col("to_amount") > 0).sort("to_amount")["id"][0]
    spoilt = pl.when(pl.col("id") == paid).then(pl.lit(10**18).cast(pl.Decimal(38, 18)))
    return frame.with_columns(to_amount=spoilt.otherwise("to_amount"))


TOMORROW = datetime(2026, 11, 23, 8, tzinfo=UTC)
GENESIS = "between(timestamp, >= 2009-01-03 00:00:00+00:00)"


@pytest.mark.parametrize(
    ("table", "rule", "spoil"),
    [
        ("market_data", "between(price, > 0.0)", put("price", Decimal(0))),
        ("market_data", "price is not zero between non-zero prices", put("price", Decimal(0))),
        ("market_data", "between(price, >= 0.0)", put("price", Decimal(-5))),
        ("market_data", "not_be_null(price)", put("price", None)),
        ("market_data", "match_regex(asset_id)", put("asset_id", "BTC")),
        ("market_data", GENESIS, put("timestamp", datetime(1970, 1, 20, tzinfo=UTC))),
        ("market_data", "not_ahead(timestamp)", put("timestamp", TOMORROW)),
        ("yield_metrics", "between(apy, <= 10.0)", put("apy", Decimal("3550.8"))),
        ("risk_metrics", "between(protocol_risk_score, >= 0.0, <= 1.0)", put("protocol_risk_score", Decimal("1.2"))),
        ("redis_price_current", "not_be_null(ttl_ms)", put("ttl_ms", None)),
        ("redis_price_current", "between(ttl_ms, >= 0.0, <= 60000.0)", put("ttl_ms", 3_600_000)),
        ("redis_risk_liquidation", "between(risk, >= 0.0, <= 1.0)", put("risk", 1.7)),
        ("redis_portfolio_rebalance", "json_parseable(weights)", put("weights", "{'a': 1}")),
        ("market_sentiment", "between(sentiment_score, >= -1.0, <= 1.0)", put("sentiment_score", -3.0)),
        ("market_sentiment", "has_direction(vector)", put("vector", [0.0] * 384)),
        ("transactions", "unique(transaction_hash)", a_hash_twice),
        ("transactions", "in_whole_tokens(to_amount)", wei_for_ether),
    ],
)
def test_dirt_is_found_by_name(table, rule, spoil, freeze, demo_frames):
    """One bad value in one row breaks the rule it breaks, and says which row."""
    found = broken(quality.validate(freeze({table: spoil(demo_frames[table])}), tables=[table]))
    assert rule in found
    assert found[rule].rows == (2 if "unique" in rule else 1)
    assert set(TABLES[table].key) <= set(found[rule].sample[0])


MONEY = pl.Decimal(38, 18)
DISAGREEMENTS = {
    "portfolio_snapshots.total_value is the sum of portfolio_positions": (
        "portfolio_positions",
        lambda frame: frame.with_columns((pl.col("current_value") * Decimal("1.02")).cast(MONEY)),
    ),
    "redis_price_current.price is market_data.price within its lifetime": (
        "redis_price_current",
        lambda frame: frame.with_columns((pl.col("price") * 2).cast(MONEY)),
    ),
    "redis_risk_liquidation.risk agrees with risk_metrics.liquidation_distance": (
        "redis_risk_liquidation",
        lambda frame: frame.with_columns(pl.col("risk") + 0.2),
    ),
    "portfolio_positions.asset_id is among assets.id": ("assets", lambda frame: frame.head(2)),
    "redis_agent_tasks.task_id is among agent_tasks.id": (
        "agent_tasks",
        lambda frame: frame.filter(pl.col("status") != "pending"),
    ),
}


def test_stores_that_disagree_are_found(freeze, demo_frames, demo_findings):
    """One truth, however often it is kept: each disagreement is found, and none was there before."""
    spoilt = {table: spoil(demo_frames[table]) for table, spoil in DISAGREEMENTS.values()}
    found = broken(quality.validate(freeze(demo_frames | spoilt), tables=["cross_store"]))
    assert set(DISAGREEMENTS) <= set(found)
    assert all(found[rule].sample for rule in DISAGREEMENTS)
    assert not set(DISAGREEMENTS) & set(broken(demo_findings))


def finding(severity, outcome):
    return Finding(
        suite="assets", rule="r", severity=severity, outcome=outcome, notes="It hurts.", observed="3 rows", rows=3
    )


@pytest.mark.parametrize(
    ("severity", "outcome", "fail_on", "stops"),
    [
        ("critical", "failed", "critical", True),
        ("critical", "error", "critical", True),
        ("critical", "passed", "critical", False),
        ("warning", "failed", "critical", False),
        ("warning", "failed", "warning", True),
        ("warning", "error", "warning", True),
        ("info", "failed", "warning", False),
    ],
)
def test_the_gate_stops_at_the_given_severity(severity, outcome, fail_on, stops):
    """A rule that could not run counts as a failure: silence is not a pass."""
    if stops:
        with pytest.raises(ExpectationFailed, match=r"assets, r \(3 rows\)") as stopped:
            quality.gate([finding(severity, outcome)], fail_on=fail_on)
        assert stopped.value.exit_code == 14
        assert "\n" not in str(stopped.value)
    else:
        quality.gate([finding(severity, outcome)], fail_on=fail_on)


def test_findings_read_as_json(demo_findings):
    """What a script reads is what was found, with the keys of rows at fault, capped."""
    read = [Finding.from_json(each) for each in json.loads(quality.to_json(demo_findings))]
    assert read == demo_findings
    assert max(len(each.sample) for each in demo_findings) <= 20


def test_no_rule_is_about_a_secret_column(demo_findings):
    """What is never read cannot be quoted."""
    secret = {column.name for table in TABLES.values() for column in table.columns if column.secret} - {
        name for table in TABLES.values() for name in table.schema
    }
    said = quality.to_json(demo_findings)
    assert secret
    assert [name for name in secret if f'"{name}"' in said] == []
