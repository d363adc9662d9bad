"""A table that is there and empty: what another store says must be in it stops who rests on it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from bs4 import BeautifulSoup

from ys_analytics import quality
from ys_analytics.quality.detectors.unrecorded_changes import unrecorded_changes
from ys_analytics.schemas import TABLES

from .conftest import frozen

HOLDS = "every table without an expiry has rows"
SUM = "portfolio_snapshots.total_value is the sum of portfolio_positions"


@pytest.fixture
def findings_with(freeze, demo_frames):
    """The demo with some frames changed, checked across the stores: what is broken, by rule."""

    def validate(changed, tables=("cross_store",)):
        found = quality.validate(freeze(demo_frames | changed), tables=list(tables))
        return {each.rule: each for each in found if each.outcome != "passed"}

    return validate


def valued(frames):
    """Portfolios whose last snapshot is worth something."""
    last = frames["portfolio_snapshots"].sort("timestamp").group_by("portfolio_id").last()
    return sorted(last.filter(pl.col("total_value") > 1)["portfolio_id"].to_list())


def test_emptied_positions_stop_every_portfolio_of_value(findings_with, demo_frames):
    """Snapshots say what they were worth: each is stopped, and those worth nothing are not."""
    emptied = {name: demo_frames[name].clear() for name in ("portfolio_positions", "current_exposure")}
    broken = findings_with(emptied)
    assert broken[SUM].stops
    assert broken[SUM].portfolios == valued(demo_frames)
    assert {"portfolio_positions", "current_exposure"} == {row["emptied"] for row in broken[HOLDS].sample}


@dataclass(frozen=True)
class Lacking:
    """The demo without one portfolio's positions, without the last days' transactions, and with some caches empty.

    Attributes:
        portfolio: Whose positions are gone.
        late: Whose transactions are gone.
        caches: The tables that are empty, but for those whose rows expire.
        broken: What is broken, by rule.
    """

    portfolio: str
    late: set[str]
    caches: set[str]
    broken: dict[str, Any]


@pytest.fixture(scope="module")
def lacking(demo_frames, tmp_path_factory):
    """Checked once: what is lacking in one table is nothing to the rules about another."""
    lost, done = valued(demo_frames)[0], demo_frames["transactions"]
    since = demo_frames["portfolio_snapshots"]["timestamp"].max() - timedelta(days=3)
    caches = {"market_sentiment", "redis_risk_liquidation"}
    changed = {
        "portfolio_positions": demo_frames["portfolio_positions"].filter(pl.col("portfolio_id") != lost),
        "transactions": done.filter(pl.col("timestamp") <= since),
        **{name: demo_frames[name].clear() for name in (*caches, "redis_price_current")},
    }
    run = frozen(tmp_path_factory.mktemp("lacking") / "2026-W47", demo_frames | changed)
    found = {each.rule: each for each in quality.validate(run, tables=["cross_store"]) if each.outcome != "passed"}
    return Lacking(lost, set(done.filter(pl.col("timestamp") > since)["portfolio_id"]), caches, found)


def test_positions_of_one_portfolio_stop_its_report(lacking):
    """The others' positions say how old its own would be."""
    assert lacking.broken[SUM].portfolios == [lacking.portfolio]
    assert lacking.portfolio in lacking.broken[SUM].observed


def test_transactions_of_the_last_days_are_missed(lacking, demo_frames):
    """Holdings changed, and no transaction says so: those portfolios are stopped."""
    rule = "amounts held change only by transactions"
    assert lacking.broken[rule].stops
    assert set() < set(lacking.broken[rule].portfolios) <= lacking.late
    names = ("portfolio_snapshots", "market_data", "transactions")
    assert unrecorded_changes(*(demo_frames[name] for name in names)).is_empty()


def test_every_table_that_does_not_expire_is_missed_when_it_is_empty(lacking):
    """The rule is derived from the schema, collections included; caches that live for seconds may be empty."""
    lasting = {name for name, table in TABLES.items() if table.schema and not getattr(table, "ttl", None)}
    assert lacking.caches < lasting
    assert {row["emptied"] for row in lacking.broken[HOLDS].sample} == lacking.caches


def test_a_column_of_nothing_is_not_a_sum_of_nothing(findings_with, demo_frames):
    """Values that are all null add up to none, and none is compared with what the snapshots say."""
    held = demo_frames["portfolio_positions"]
    broken = findings_with(
        {"portfolio_positions": held.with_columns(current_value=pl.lit(None, held.schema["current_value"]))}
    )
    assert broken[SUM].portfolios == valued(demo_frames)


# One of each database in `make test`; the others too in `make test-servers`.
EMPTIED = ["market_data", "assets", *(pytest.param(name, marks=pytest.mark.servers)
                                      for name in ("transactions", "portfolio_snapshots", "users"))]  # fmt: skip


@pytest.mark.parametrize("table", EMPTIED)
def test_an_emptied_table_stops_who_rests_on_it(table, findings_with, demo_frames):
    """What refers to its rows, or follows from them, is still there."""
    views = ("daily_external_flows",) if table == "transactions" else ()
    broken = findings_with({name: demo_frames[name].clear() for name in (table, *views)}, (table, "cross_store"))
    stopping = [each for each in broken.values() if each.stops]
    concerned = set().union(*(each.portfolios or demo_frames["portfolios"]["id"].to_list() for each in stopping))
    assert set(valued(demo_frames)) <= concerned
    assert table in {row["emptied"] for row in broken[HOLDS].sample}


def test_a_suite_of_no_rows_says_that_there_was_nothing_to_check(freeze, demo_frames, tmp_path):
    """Not-null, unique and between hold for no rows, and none of them is counted as kept; Data Docs say so as well."""
    run = freeze({"risk_alerts": demo_frames["risk_alerts"].clear()})
    found = quality.validate(run, tables=["risk_alerts"])
    assert all(each.is_vacuous and each.observed == "nothing to check: 0 rows" for each in found)
    assert quality.summary(found).endswith(f"0 passed, {len(found)} had nothing to check")
    quality.gate(found)
    quality.data_docs(run, into=tmp_path / "docs", tables=["risk_alerts"])
    (page,) = (tmp_path / "docs" / "validations").rglob("*.html")
    text = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").get_text(" ", strip=True)
    assert "something to check" in text
    assert "100%" not in text


def test_a_portfolio_of_nothing_needs_no_positions(demo_findings):
    """Never funded, or emptied by its owner: no rule is broken."""
    assert [each for each in demo_findings if each.stops] == []
