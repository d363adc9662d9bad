"""How a portfolio was run over time: composition week by week, months, correlations, and time to act at a loan."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import metrics
from ys_analytics.desk import activity, attribution, exposure, loans, returns
from ys_analytics.schemas import MONEY, TIME
from ys_analytics.views import figures, tables

END = datetime(2026, 11, 23, tzinfo=UTC)
ASSETS = pl.DataFrame({"id": ["btc"], "symbol": ["BTC"], "chain_id": [None], "metadata": ["{}"]},
                      schema_overrides={"chain_id": pl.Int64})  # fmt: skip


def moved(*rows):
    """Movements: when, position, protocol, change."""
    common = {"place": None, "chain_id": 1, "strategy_id": None, "asset_id": "btc", "cause": "flow", "paid": None}
    made = [
        common | {"place": at, "timestamp": when, "position": position, "protocol": protocol, "change": Decimal(change)}
        for at, (when, position, protocol, change) in enumerate(rows)
    ]
    return pl.DataFrame(made, schema_overrides={"timestamp": TIME, "change": MONEY, "paid": MONEY,
                                                "protocol": pl.String, "strategy_id": pl.String})  # fmt: skip


def quotes(*weeks_back):
    """A price of 100 an hour before the end of each of these weeks."""
    at = [END - timedelta(weeks=back, hours=1) for back in weeks_back]
    return pl.DataFrame({"asset_id": ["btc"] * len(at), "timestamp": at, "price": [Decimal(100)] * len(at)},
                        schema_overrides={"timestamp": TIME, "price": MONEY})  # fmt: skip


def test_parts_are_shares_of_the_size_of_all_positions_with_debts_by_their_size():
    """Three bitcoin in the wallet and one owed: three quarters and one quarter, a week before half that was there."""
    made = moved(
        (END - timedelta(weeks=1, days=1), "spot", None, "1"),
        (END - timedelta(days=3), "spot", None, "2"),
        (END - timedelta(days=3), "borrowing", "aave-v3", "-1"),
    )
    found = exposure.composition(made, quotes(0, 1), ASSETS, end=END)
    kinds = found.filter(pl.col("by") == "kind").select("week_end", "name", "share").rows()
    assert kinds == [
        (date(2026, 11, 15), "spot", 1.0), (date(2026, 11, 22), "spot", 0.75), (date(2026, 11, 22), "borrowing", 0.25),
    ]  # fmt: skip
    protocols = found.filter((pl.col("by") == "protocol") & (pl.col("week_end") == date(2026, 11, 22)))
    assert dict(protocols.select("name", "share").iter_rows()) == {"wallet": 0.75, "aave-v3": 0.25}


NATIVE = ASSETS.with_columns(metadata=pl.lit('{"native_of_chains": [1, 10]}'))


@pytest.mark.parametrize(
    ("position", "cause", "chain"),
    [("spot", "gas", "Ethereum"), ("lending", "trade", "Ethereum"), ("spot", "trade", "several chains")],
    ids=["its gas", "the same coin lent", "bridged"],
)
def test_a_coin_of_several_chains_is_where_it_was_moved_unless_it_was_bridged(position, cause, chain):
    """A trade's gas in the coin it trades does not say that the coin left its chain; nor does lending it."""
    at = END - timedelta(days=1)
    made = moved((at, "spot", None, "3"), (at, position, "aave-v3" if position == "lending" else None, "-1"))
    made = made.with_columns(place=pl.lit(0), cause=pl.Series(["trade", cause]))
    found = exposure.composition(made, quotes(0), NATIVE, end=END)
    assert found.filter(pl.col("by") == "chain")["name"].to_list() == [chain]
    pieces = attribution.pieces(made, quotes(0), NATIVE, start=at - timedelta(days=1), end=END)
    assert set(pieces["chain_held"]) == {chain}


def test_a_week_without_a_price_has_its_reason_and_no_part():
    """What cannot be valued is not drawn as nothing."""
    found = exposure.composition(moved((END - timedelta(weeks=2), "spot", None, "1")), quotes(0), ASSETS, end=END)
    gone = found.filter((pl.col("by") == "kind") & pl.col("share").is_null())
    assert gone.select("week_end", "reason").rows() == [(date(2026, 11, 15), "no price within 24 hours")]
    assert found.filter(pl.col("by") == "kind")["week_end"].to_list() == [date(2026, 11, 15), date(2026, 11, 22)]


def test_months_at_the_edges_are_parts_and_count_in_no_statistic():
    """Returns from 15 January to 10 April: February and March are whole."""
    days = [date(2026, 1, 15) + timedelta(days=step) for step in range(86)]
    frame = pl.DataFrame({"portfolio_id": "p", "day": days, "ret": 0.0, "days": 1})
    months = returns.months(frame)
    assert months["whole"].to_list() == [False, True, True, False]
    numbers = {row["title"]: row for row in returns.month_statistics(months).iter_rows(named=True)}
    assert numbers["Mean"]["value"] == 0.0
    assert numbers["Mean"]["n"] == 2
    assert numbers["Skewness"]["reason"] == "needs 3 whole months, has 2"


def test_a_month_in_which_nothing_was_held_for_a_while_is_a_part():
    """Emptied on 5 February and refilled on the 20th: its return is no whole month's, in numbers or in the table."""
    days = [date(2026, 1, 1) + timedelta(days=step) for step in range(90)]
    empty = (date(2026, 2, 5), date(2026, 2, 19))
    rets = [None if empty[0] <= day <= empty[1] else 0.001 for day in days]
    frame = pl.DataFrame({"portfolio_id": "p", "day": days, "ret": rets, "days": 1})
    assert returns.months(frame)["whole"].to_list() == [True, False, True]
    found = returns.with_partial_months(metrics.performance.monthly_table(frame), frame)
    assert found["parts"].to_list() == [[2]]
    printed = tables.monthly_returns(found).printed_rows()[0]
    assert [cell.endswith("*") for cell in printed[1:4]] == [False, True, False]


def test_time_to_act_is_the_fewest_closes_of_such_a_move_and_a_gap_is_not_crossed():
    """A fall of a fifth took two closes after the gap; the crash over the gap is no day's move."""
    first = date(2026, 9, 1)
    path = [100.0, 99.0] * 20 + [100.0, 90.0, 79.0] + [80.0] * 20
    known = pl.DataFrame({"day": [first + timedelta(days=step) for step in range(len(path))], "price": path})
    before = pl.DataFrame({"day": [first - timedelta(days=9)], "price": [500.0]})
    closes = pl.concat([before, known]).select(pl.lit("eth").alias("asset_id"), "day", "price")
    row = {"place": "aave", "what": "ETH", "asset_id": "eth", "move": -0.2, "price": 80.0}
    found = loans.time_to_act(pl.DataFrame([row]), closes, end=date(2026, 11, 23))
    assert found["fastest"].to_list() == [2]
    assert found["days"].to_list() == [len(path)]
    assert found["deviations"][0] == pytest.approx(0.2 / found["volatility"][0])
    never = loans.time_to_act(pl.DataFrame([row | {"move": -0.9}]), closes, end=date(2026, 11, 23))
    assert never.select("fastest", "never").rows() == [(None, f"no such move within {len(path)} closes")]


def test_time_to_act_looks_at_the_asset_that_moves_and_at_no_other_of_its_symbol():
    """A second ETH at a tenth of the price, quoted on the same days: between the two no price ever moved."""
    days = [date(2026, 9, 1) + timedelta(days=step) for step in range(60)]
    path = [100.0 + step % 2 for step in range(60)]
    closes = pl.DataFrame({"asset_id": ["one"] * 60 + ["two"] * 60, "day": days * 2,
                           "price": [*path, *(price / 10 for price in path)]})  # fmt: skip
    row = {"place": "aave", "what": "ETH", "asset_id": "two", "move": -0.5, "price": 10.0}
    found = loans.time_to_act(pl.DataFrame([row]), closes, end=date(2026, 11, 23))
    assert found.select("fastest", "days").rows() == [(None, 60)]
    assert found["volatility"][0] == pytest.approx(0.01, rel=0.05)


def test_the_mean_by_size_is_of_those_mentioned_in_both():
    """What is not mentioned is named with no score and weighs nothing."""
    held = pl.DataFrame({"symbol": ["BTC", "ETH", "UNI"], "value": [Decimal(60), Decimal(-20), Decimal(20)]})
    said = [("BTC", 1, 0.5), ("BTC", 10, 0.1), ("ETH", 2, -0.5), ("ETH", 9, -0.1), ("UNI", 30, 0.9)]
    points = pl.DataFrame(
        [{"timestamp": END - timedelta(days=ago), "sentiment_score": score, "asset_mentioned": [symbol]}
         for symbol, ago, score in said]
    )  # fmt: skip
    found = activity.sentiment_drift(points, held, end=END)
    last = found.row(-1, named=True)
    assert (last["row"], last["size"], last["mentions"]) == ("whole", pytest.approx(0.8), 2)
    assert last["change"] == pytest.approx((0.6 * 0.4 - 0.2 * 0.4) / 0.8)
    assert found.filter(symbol="UNI").select("mentions", "score", "mentions_before").row(0) == (0, None, 1)
    assert dict(found.select("symbol", "reason").rows()) == {
        "BTC": None, "ETH": None, "UNI": "not mentioned", "Mean by size": None,
    }  # fmt: skip


def test_months_that_are_all_alike_have_no_distribution():
    """One bar of twelve equal months says nothing; nor does one of equal days."""
    days = [date(2026, at, 1) for at in range(1, 13)]
    months = pl.DataFrame({"month": days, "ret": [0.0] * 12, "whole": [True] * 12})
    shown = figures.month_distribution(months).alt.replace("\N{NO-BREAK SPACE}", " ")
    assert shown == "Not shown: all 12 monthly returns are 0.00 %."
    assert figures.month_distribution(months.head(2)).alt == "Not shown: needs 3 whole months, has 2."
