"""What the engine condenses is what a plain computation on the whole table gives."""

from datetime import UTC, datetime

import polars as pl
import pytest

from ys_analytics import frames
from ys_analytics.errors import UsageError
from ys_analytics.frames.closes import DAILY_CLOSES, DAILY_VALUES
from ys_analytics.schemas import Span

SPAN = Span(datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 11, 9, tzinfo=UTC))
DAY = pl.col("timestamp").dt.date().alias("day")


def test_a_day_s_value_is_its_last_snapshot(economy):
    """Of each portfolio and day; a day without one has no row."""
    last = (
        frames.load(economy, "portfolio_snapshots", span=SPAN)
        .sort("timestamp")
        .group_by("portfolio_id", DAY)
        .agg(value=pl.col("total_value").last(), closed_at=pl.col("timestamp").last())
        .sort("portfolio_id", "day")
    )
    found = frames.daily_values(economy, span=SPAN)
    assert dict(found.schema) == DAILY_VALUES
    assert found.equals(last)
    whose = found["portfolio_id"][0]
    assert frames.daily_values(economy, span=SPAN, portfolios=[whose]).equals(found.filter(portfolio_id=whose))
    assert frames.daily_values(economy, span=Span(SPAN.start, SPAN.start)).schema == found.schema


def test_a_day_s_close_is_its_last_quote(economy):
    """Of each asset and chain; whichever source it came from."""
    last = (
        frames.load(economy, "market_data", span=SPAN)
        .sort("timestamp")
        .group_by("asset_id", "chain_id", DAY)
        .agg(price=pl.col("price").last(), closed_at=pl.col("timestamp").last())
        .sort("asset_id", "chain_id", "day")
    )
    found = frames.daily_closes(economy, span=SPAN)
    assert dict(found.schema) == DAILY_CLOSES
    assert found.equals(last)
    asset = found["asset_id"][0]
    assert frames.daily_closes(economy, span=SPAN, assets=[asset, "' OR 1=1"]).equals(found.filter(asset_id=asset))


def test_the_desk_s_rule_for_a_portfolio_holds_here_too(economy):
    """What is no id reaches no statement."""
    with pytest.raises(UsageError, match="is not an id"):
        frames.daily_values(economy, portfolios=["' OR 1=1"])


@pytest.mark.parametrize("name", ["market_data", "transactions", "redis_agent_perf"])
def test_a_table_can_be_read_lazily(economy, tmp_path, name):
    """Only what is used is kept, in the same order, and it streams into a file."""
    whole, lazy = frames.load(economy, name), frames.scan(economy, name)
    lifetimes = pl.exclude("ttl_ms")
    assert lazy.select(lifetimes).collect().equals(whole.select(lifetimes))
    column = whole.columns[0]
    value = whole[column][whole.height // 2]
    assert (
        lazy.filter(pl.col(column) == value).select(column).collect().height
        == whole.filter(pl.col(column) == value).height
    )
    assert lazy.select(lifetimes).head(7).collect().equals(whole.select(lifetimes).head(7))
    lazy.select(lifetimes).sink_parquet(tmp_path / "rows.parquet")
    assert pl.read_parquet(tmp_path / "rows.parquet").equals(whole.select(lifetimes))
