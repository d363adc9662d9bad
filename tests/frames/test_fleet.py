"""The fleet table computed by ClickHouse is the one computed by Polars, on every portfolio of the demo."""

import runpy
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import frames, metrics
from ys_analytics.schemas import Span
from ys_analytics.stores import ClickHouseAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse

WEEK = Span.week("2026-W47")
SPAN = Span.until(WEEK.end)


@pytest.fixture(scope="module")
def flows(economy):
    """Every external flow of the demo, valued; deposits, withdrawals and, on purpose, one at each end."""
    classified = metrics.classify_flows(frames.load(economy, "transactions", span=SPAN))
    found = metrics.external_flows(classified, frames.load(economy, "market_data", span=SPAN))
    assert found["portfolio_id"].n_unique() > 3
    return found


@pytest.fixture(scope="module")
def returns(economy, flows):
    """The daily returns of every portfolio, by Polars."""
    return metrics.daily_returns(frames.daily_values(economy, span=SPAN), flows)


def same(x, y):
    return x == y if x is None or y is None or not isinstance(x, float) else y == pytest.approx(x, rel=1e-9, abs=1e-15)


def agree(ours, theirs):
    """Every number within 1e-9, every refusal in both, every window the same."""
    ours, theirs = ours.sort("portfolio_id"), theirs.sort("portfolio_id")
    assert ours.height
    assert theirs.schema == ours.schema
    assert theirs["portfolio_id"].to_list() == ours["portfolio_id"].to_list()
    for name in ours.columns:
        rows = zip(ours["portfolio_id"], ours[name], theirs[name], strict=True)
        assert [row for row in rows if not same(*row[1:])] == [], name


@pytest.mark.parametrize("risk_free", [0.0, 0.04])
def test_the_query_is_the_frame_on_every_demo_portfolio(analyst, returns, flows, risk_free):
    """The rule of `--pushdown`, kept as the analyst, who may only read."""
    found = frames.fleet(analyst, flows, until=SPAN.end, risk_free=risk_free)
    agree(metrics.fleet(returns, risk_free=risk_free), found)
    assert found["total_return"].count() > 5
    assert found["sharpe_ratio"].count() > 3


def test_a_week_alone_is_the_week_alone(analyst, returns, flows):
    """Returns before the week are left out, and the first one in it still begins at the close before."""
    found = frames.fleet(analyst, flows, until=WEEK.end, since=WEEK.start.date())
    agree(metrics.fleet(returns.filter(pl.col("day") >= WEEK.start.date())), found)
    assert found["n"].max() == 7


def test_many_questions_give_one_answer(analyst, flows):
    """A list of flows too long for one question is asked in stretches: no one twice, no one left out."""
    whole = frames.fleet(analyst, flows, until=SPAN.end)
    assert frames.fleet(analyst, flows, until=SPAN.end, flows_per_query=1).equals(whole)


@pytest.fixture(scope="module")
def over_http(stores):
    """The same engine behind HTTP, as a server is: parameters travel in the address, long ones in a form."""
    path = Path(__file__).resolve().parents[1] / "stores" / "http_front.py"
    front = runpy.run_path(str(path))["front"]
    with front(stores.clickhouse.address.folder) as running:
        address = ClickHouseAddress(url=running.url, read_only=True)
        with ClickHouse.open(address) as store:
            yield Stores(opened_postgres=None, opened_clickhouse=store, opened_redis=None, opened_qdrant=None)


def test_a_server_gives_the_same_fleet_as_the_engine_in_process(analyst, over_http, flows):
    """However the flows travel: none at all, a handful in the address, all of them in a form."""
    few = flows.head(3)
    many = pl.concat([flows] * 100)
    assert many.height > 1_000
    for sent in (flows.clear(), few, flows, many):
        found = frames.fleet(over_http, sent, until=SPAN.end, risk_free=0.04)
        assert found.equals(frames.fleet(analyst, sent, until=SPAN.end, risk_free=0.04))
    assert frames.last_values(over_http, until=SPAN.end).equals(frames.last_values(analyst, until=SPAN.end))


def test_flows_matter_and_are_counted_once(analyst, flows):
    """Without its flows a funded portfolio would seem to have earned its deposits."""
    without = frames.fleet(analyst, flows.clear(), until=SPAN.end)
    assert not without["total_return"].equals(frames.fleet(analyst, flows, until=SPAN.end)["total_return"])


def test_last_values_are_the_last_closes(analyst, economy):
    """To the last decimal, and none later than asked."""
    closes = frames.daily_values(economy, span=SPAN).group_by("portfolio_id", maintain_order=True).last()
    assert frames.last_values(analyst, until=SPAN.end).equals(closes.select("portfolio_id", "value", "closed_at"))
    early = SPAN.end - timedelta(days=30)
    assert (frames.last_values(analyst, until=early)["closed_at"] < early).all()
