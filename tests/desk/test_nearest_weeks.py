"""Past weeks whose news resembles this week's: who is nearest, what followed, and what was known when."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics.desk import lookthrough, past_weeks
from ys_analytics.schemas import TABLES

MONDAY = date(2026, 11, 16)


def point(day, vector, symbol="BTC", score=0.5):
    """A point of `market_sentiment` in two dimensions."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return {"id": f"{day}{vector}{symbol}", "timestamp": at, "sentiment_score": score, "vector": vector,
            "asset_mentioned": [symbol]}  # fmt: skip


def weekly(*back, vector=(1.0, 0.0), symbol="BTC"):
    """Three points in each of the weeks so many back."""
    return [
        point(MONDAY - timedelta(weeks=one) + timedelta(days=day), list(vector), symbol)
        for one in back
        for day in range(3)
    ]


def points(rows):
    """Rows as a frame."""
    return pl.DataFrame(rows, schema_overrides={"vector": pl.Array(pl.Float32, 2)})


def days(weeks):
    """Daily returns: the last day of week `back` returns what is asked, all others nothing."""
    first = MONDAY - timedelta(weeks=max(weeks))
    rows = [
        {"portfolio_id": "p", "day": first + timedelta(days=step), "ret": 0.0, "days": 1}
        for step in range((MONDAY - first).days + 7)
    ]
    for back, ret in weeks.items():
        rows[((MONDAY - timedelta(weeks=back) + timedelta(days=6)) - first).days]["ret"] = ret
    return pl.DataFrame(rows, schema={"portfolio_id": pl.String, "day": pl.Date, "ret": pl.Float64, "days": pl.Int64})


def test_the_nearest_week_comes_first_with_what_followed_it():
    """Week 5 back says the same, week 3 back the opposite; the return after each is that of the week after."""
    news = past_weeks.weeks_of_news(
        points([*weekly(0, 5), *weekly(3, vector=(-1.0, 0.0)), *weekly(4, symbol="DOGE")]),
        ["BTC"],
        end=MONDAY + timedelta(7),
    )
    found = past_weeks.nearest_weeks(news, days({5: 0.01, 4: 0.02, 3: 0.03, 2: -0.04, 0: 0.0}), monday=MONDAY)
    assert found["week"].to_list() == ["2026-W42", "2026-W44"]
    assert found["similarity"].to_list() == pytest.approx([1.0, -1.0])
    assert found["ret"].to_list() == pytest.approx([0.01, 0.03])
    assert found["next_ret"].to_list() == pytest.approx([0.02, -0.04])


def test_two_mentions_are_no_week_and_none_says_so():
    """A mean of two points is chance: this week is then not compared at all."""
    news = past_weeks.weeks_of_news(points([*weekly(1), *weekly(0)[:2]]), ["BTC"], end=MONDAY + timedelta(7))
    assert news["monday"].to_list() == [MONDAY - timedelta(weeks=1)]
    assert past_weeks.nearest_weeks(news, days({2: 0.0}), monday=MONDAY).is_empty()


def test_a_forecast_is_the_mean_after_the_nearest_weeks_and_needs_eight_earlier_ones():
    """Thirty weeks alike: of equals the earliest five are taken, and every week but the first nine is a pair."""
    news = past_weeks.weeks_of_news(points(weekly(*range(30))), ["BTC"], end=MONDAY + timedelta(7))
    found = past_weeks.record(news, days({30: 0.0} | {back: 0.001 * back for back in range(29)}), monday=MONDAY)
    assert found["n"][0] == 29 - past_weeks.MIN_EARLIER_WEEKS
    assert found["forecast"][0] == pytest.approx(0.001 * (28 + 27 + 26 + 25 + 24) / 5)


def test_patterns_are_counted_over_assets_held_alone():
    """A pattern in an asset that is not held is left out; the rate is the mean of what the store says."""
    table = TABLES["trading_patterns"]
    rows = [
        {"id": "1", "pattern_type": "range", "success_rate": 0.4, "timeframe": "1d", "assets_involved": ["BTC", "UNI"]},
        {"id": "2", "pattern_type": "range", "success_rate": 0.8, "timeframe": "1h", "assets_involved": ["ETH"]},
        {"id": "3", "pattern_type": "breakout", "success_rate": 0.9, "timeframe": "1h", "assets_involved": ["UNI"]},
    ]
    frame = pl.DataFrame([{name: row.get(name) for name in table.schema} for row in rows], schema=table.schema)
    found = past_weeks.patterns(frame, ["BTC", "ETH"])
    assert found.rows() == [("range", "1d, 1h", "BTC, ETH", 2, pytest.approx(0.6), 0.4, 0.8)]


def test_news_is_asked_for_by_symbol_also_where_two_coins_behind_what_is_held_share_one():
    """On a page the two are told apart by their chain; who wrote of USDC did not."""
    assets = pl.DataFrame(
        {"id": ["a1", "a10", "u1", "u10"], "symbol": ["aOne", "aTen", "USDC", "USDC"], "chain_id": [1, 10, 1, 10],
         "metadata": ['{"underlying": "u1"}', '{"underlying": "u10"}', "{}", "{}"]}
    )  # fmt: skip
    held = pl.DataFrame({"asset_id": ["a1", "a10"], "symbol": ["aOne", "aTen"], "value": [Decimal(1), Decimal(2)]})
    registry = lookthrough.Registry(assets, {})
    names = lookthrough.look_through(held, registry)["name"].to_list()
    assert names == ["USDC (Ethereum)", "USDC (Optimism)"]
    assert lookthrough.symbols(held, registry) == ["USDC", "aOne", "aTen"]
