"""What the engine condenses is what a plain computation on the whole table gives."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import frames
from ys_analytics.desk.returns import daily_values
from ys_analytics.errors import UsageError
from ys_analytics.frames.closes import DAILY_CLOSES, DAILY_VALUES, statement
from ys_analytics.metrics.closes import closes_sql
from ys_analytics.schemas import MONEY, TIME, Span

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


def test_of_two_snapshots_of_one_moment_the_larger_closes(economy):
    """In the engine's two statements and in the frame that the desk computes, whichever comes first."""
    noon, late = datetime(2026, 10, 5, 12, tzinfo=UTC), datetime(2026, 10, 5, 21, tzinfo=UTC)
    rows = [("a", late, 7), ("a", late, 9), ("a", late, 8), ("a", noon, 99), ("b", noon, 1), ("b", noon, 1)]
    rows += [("b", late + timedelta(days=1), 2)]
    made = pl.DataFrame(rows, schema={"portfolio_id": pl.String, "timestamp": TIME, "total_value": MONEY}, orient="row")
    said = ", ".join(f"('{name}', {at.timestamp():.0f}, {value})" for name, at, value in rows)
    given = f"""(
        SELECT portfolio_id, toDateTime64(at, 3, 'UTC') AS timestamp, CAST(value, 'Decimal(38, 18)') AS total_value
        FROM values('portfolio_id String, at UInt32, value UInt32', {said})
    )"""  # noqa: S608 - the test's own rows
    wanted = [("a", noon.date(), Decimal(9), late), ("b", noon.date(), Decimal(1), noon)]
    wanted += [("b", noon.date() + timedelta(days=1), Decimal(2), late + timedelta(days=1))]
    sql = statement("daily_values").replace("FROM portfolio_snapshots", f"FROM {given}")
    assert economy.clickhouse.read(sql, {}, schema=DAILY_VALUES).rows() == wanted
    arrays = f"""
        SELECT portfolio_id, toDate(tupleElement(close, 1), 'UTC') AS day, tupleElement(close, 2) AS value,
               tupleElement(close, 1) AS closed_at
        FROM (SELECT portfolio_id, {closes_sql("total_value")} FROM {given} GROUP BY portfolio_id)
        ARRAY JOIN closes AS close ORDER BY portfolio_id, day
    """  # noqa: S608 - the test's own rows
    assert economy.clickhouse.read(arrays, {}, schema=DAILY_VALUES).rows() == wanted
    for order in (made, made.reverse(), made.sort("total_value")):
        assert sorted(daily_values(order).rows()) == wanted


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


def test_of_two_quotes_of_one_moment_the_higher_closes(economy):
    """As a portfolio's value does: of the day in UTC, whatever the order of the rows and the session's time zone."""
    late = datetime(2026, 10, 5, 23, tzinfo=UTC)
    quotes = [("a", late, 8), ("a", late, 9), ("a", late.replace(hour=1), 99)]
    for rows in (quotes, quotes[::-1]):
        said = ", ".join(f"('{name}', {at.timestamp():.0f}, {price})" for name, at, price in rows)
        given = f"""(
            SELECT asset_id, toUInt32(0) AS chain_id, toDateTime64(at, 3, 'UTC') AS timestamp,
                   CAST(quoted, 'Decimal(38, 18)') AS price
            FROM values('asset_id String, at UInt32, quoted UInt32', {said})
        )"""  # noqa: S608 - the test's own rows
        sql = statement("daily_closes", value="price").replace("FROM market_data", f"FROM {given}")
        sql += " SETTINGS session_timezone = 'Asia/Tokyo'"
        found = economy.clickhouse.read(sql, {}, schema=DAILY_CLOSES)
        assert found.rows() == [("a", 0, late.date(), Decimal(9), late)]


def test_the_desk_s_rule_for_a_portfolio_holds_here_too(economy):
    """What is no id reaches no statement."""
    with pytest.raises(UsageError, match="is not an id"):
        frames.daily_values(economy, portfolios=["' OR 1=1"])


@pytest.mark.parametrize("name", ["market_data", "transactions", "redis_agent_perf"])
def test_a_table_can_be_read_lazily(economy, tmp_path, name):
    """Only what is used is kept, in the same order, and it streams into a file."""
    whole, lazy = frames.load(economy, name), frames.scan(economy, name)
    without_expiry = pl.exclude("ttl_ms")
    assert lazy.select(without_expiry).collect().equals(whole.select(without_expiry))
    column = whole.columns[0]
    value = whole[column][whole.height // 2]
    assert (
        lazy.filter(pl.col(column) == value).select(column).collect().height
        == whole.filter(pl.col(column) == value).height
    )
    assert lazy.select(without_expiry).head(7).collect().equals(whole.select(without_expiry).head(7))
    lazy.select(without_expiry).sink_parquet(tmp_path / "rows.parquet")
    assert pl.read_parquet(tmp_path / "rows.parquet").equals(whole.select(without_expiry))
