"""Gains to the last decimal: lots in four orders, gas, and an identity whose residual is printed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ys_analytics.errors import ContractError
from ys_analytics.metrics import pnl
from ys_analytics.metrics.pnl import ADDED_TERMS, MONEY, SUBTRACTED_TERMS, Trade

DAY = datetime(2025, 1, 1, tzinfo=UTC)
D = Decimal


def trades(*rows):
    return [Trade(DAY + timedelta(days=i), D(str(q)), D(str(p)), D(str(fee))) for i, (q, p, fee) in enumerate(rows)]


BOUGHT_AND_SOLD = trades((1, 100, 0), (1, 300, 0), (1, 200, 0), (-1, 400, 0))


@pytest.mark.parametrize(("matching", "realised"), [("fifo", 300), ("lifo", 200), ("hifo", 100), ("average", 200)])
def test_each_order_takes_its_lot(matching, realised):
    """The oldest at 100, the latest at 200, the dearest at 300, or the mean of 200."""
    found = pnl.match_lots(BOUGHT_AND_SOLD, matching=matching, price=D(400))
    assert found.realised == realised
    assert found.realised + found.unrealised == 600
    assert found.quantity == 2


def test_fees_are_part_of_cost_and_off_proceeds():
    """Ten to buy and ten to sell leave eighty of a hundred."""
    assert pnl.match_lots(trades((1, 100, 10), (-1, 200, 10))).realised == 80


def test_what_was_sold_and_never_bought_is_reported_and_no_profit():
    """Airdrops and torn histories: 100 of gain on what was bought; what the rest brought stands apart."""
    found = pnl.match_lots(trades((1, 100, 0), (-3, 200, 3)))
    assert (found.realised, found.unmatched, found.unmatched_proceeds, found.quantity) == (99, 2, 398, 0)


BLOCK = DAY + timedelta(days=400)


@pytest.mark.parametrize("matching", ["fifo", "lifo", "hifo", "average"])
def test_what_was_bought_after_a_sale_was_not_sold_even_in_the_same_second(matching):
    """Case 15: in the order of the log 1 is sold at 3,000 and 1 is bought at 3,010; the old lot had cost 1,000."""
    listed = [Trade(DAY, D(1), D(1000)), Trade(BLOCK, D(-1), D(3000), D(3)), Trade(BLOCK, D(1), D(3010), D(3))]
    found = pnl.match_lots(listed, matching=matching, price=D(3010))
    assert (found.realised, found.cost, found.unmatched) == (1997, 3013, 0)


def test_sold_before_anything_was_bought_is_unmatched_and_the_purchase_stays():
    """A short is no gain of 3,000, and the lot bought after it is still there."""
    found = pnl.match_lots([Trade(BLOCK, D(-1), D(3000)), Trade(BLOCK, D(1), D(2900))], price=D(2900))
    assert (found.realised, found.unmatched, found.unmatched_proceeds) == (0, 1, 3000)
    assert (found.quantity, found.cost, found.unrealised) == (1, 2900, 0)


def test_a_frame_of_one_moment_keeps_its_order():
    """The same by `gains`, which says what is in no gain."""
    rows = [("p", "eth", BLOCK, D(-1), D(3000), D(0)), ("p", "eth", BLOCK, D(1), D(2900), D(0))]
    columns = {"portfolio_id": pl.String, "asset_id": pl.String, "timestamp": pl.Datetime("us", "UTC")}
    frame = pl.DataFrame(rows, schema=columns | dict.fromkeys(("quantity", "price", "fee"), MONEY), orient="row")
    row = pnl.gains(frame).row(0, named=True)
    assert (row["realised"], row["unmatched"], row["unmatched_proceeds"]) == (0, 1, 3000)
    assert row["reason"] == "no price; 1 sold beyond what was bought, for no known gain"


def test_without_a_price_nothing_is_unrealised():
    """And it is not zero."""
    assert pnl.match_lots(trades((1, 100, 0))).unrealised is None


def test_a_negative_price_is_refused():
    """With the moment of the trade."""
    with pytest.raises(ValueError, match="2025-01-01 00:00 has price -1"):
        pnl.match_lots(trades((1, -1, 0)))


money = st.decimals(min_value="0.000000000000000001", max_value="1000000", places=18)
trade = st.tuples(st.sampled_from([1, 1, -1]), money, money, st.decimals(min_value=0, max_value=10, places=18))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(trade, max_size=12), now=money)
@pytest.mark.parametrize("matching", ["fifo", "lifo", "hifo", "average"])
def test_gains_are_proceeds_and_worth_less_cost_to_the_last_decimal(matching, rows, now):
    """No matter what the order of lots, no unit in the eighteenth place is lost or found."""
    listed = [Trade(DAY + timedelta(days=i), sign * q, p, fee) for i, (sign, q, p, fee) in enumerate(rows)]
    found = pnl.match_lots(listed, matching=matching, price=now)
    # By hand, in exact arithmetic: what came in, what went out, what is left.
    held, cash = Fraction(0), Fraction(0)
    for one in listed:
        cash -= Fraction(one.quantity) * Fraction(one.price) + Fraction(one.fee)
        held += Fraction(one.quantity)
    assert Fraction(found.quantity) - Fraction(found.unmatched) == held
    left = Fraction(found.quantity) * Fraction(now)
    gained = Fraction(found.realised) + Fraction(found.unrealised)
    assert gained + Fraction(found.unmatched_proceeds) == cash + left


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(trade, min_size=1, max_size=12))
def test_when_all_is_sold_every_matching_comes_to_the_same_gain(rows):
    """The order of lots decides when a gain is realised, never how much there is."""
    bought = sum(q for sign, q, _, _ in rows if sign > 0)
    listed = [Trade(DAY + timedelta(days=i), abs(q), p, fee) for i, (sign, q, p, fee) in enumerate(rows) if sign > 0]
    last = [Trade(BLOCK, -bought / 2, D(7)), Trade(BLOCK, -(bought - bought / 2), D(9))] if bought else []
    totals = {pnl.match_lots([*listed, *last], matching=how).realised for how in ("fifo", "lifo", "hifo", "average")}
    assert len(totals) == 1


def test_gains_are_one_row_for_each_portfolio_and_asset():
    """One row each, exact, with the reason where there is no price."""
    rows = [("p", "eth", DAY + timedelta(days=i), t.quantity, t.price, t.fee) for i, t in enumerate(BOUGHT_AND_SOLD)]
    rows.append(("p", "btc", DAY, D(1), D(5), None))
    columns = {"portfolio_id": pl.String, "asset_id": pl.String, "timestamp": pl.Datetime("us", "UTC")}
    frame = pl.DataFrame(rows, schema=columns | dict.fromkeys(("quantity", "price", "fee"), MONEY), orient="row")
    prices = pl.DataFrame({"asset_id": ["eth"], "price": [D(400)]}, schema={"asset_id": pl.String, "price": MONEY})
    table = pnl.gains(frame, prices)
    assert table.select("asset_id", "realised", "unrealised", "reason").rows() == [
        ("btc", D(0), None, "no price"),
        ("eth", D(300), D(300), None),
    ]
    with pytest.raises(ContractError, match="1 of 5 lack"):
        pnl.gains(frame.with_columns(price=pl.when(pl.col("asset_id") == "eth").then("price")))


def parts(**changed):
    base = dict.fromkeys((*ADDED_TERMS, *SUBTRACTED_TERMS), D(0)) | {"value_before": D(100), "value_after": D(100)}
    return pl.DataFrame({name: [value] for name, value in (base | changed).items()}, schema=dict.fromkeys(base, MONEY))


def test_the_identity_holds_when_the_parts_explain_the_change():
    """Price + yield + rewards + LP fees - impermanent loss - gas + flows."""
    explained = {name: D(7) for name in ADDED_TERMS} | {name: D(3) for name in SUBTRACTED_TERMS}
    row = pnl.identity(parts(**explained, value_after=D(129))).row(0, named=True)
    assert (row["residual"], row["holds"], row["reason"]) == (0, True, None)


def test_a_residual_is_printed_and_gated():
    """A cent passes, two do not, and a unit in the eighteenth place is seen."""
    assert pnl.identity(parts(value_after=D("100.01")))["holds"].item() is True
    row = pnl.identity(parts(value_after=D("100.02"))).row(0, named=True)
    assert (row["holds"], row["reason"]) == (False, "a residual of 0.02 USD is not explained")
    tiny = pnl.identity(parts(value_after=D("100.000000000000000001")), tolerance=D(0))
    assert (tiny["residual"].item(), tiny["holds"].item()) == (D("0.000000000000000001"), False)


def test_an_unknown_part_is_named():
    """Unknown is not nothing."""
    row = pnl.identity(parts(gas=None, rewards=None)).row(0, named=True)
    assert (row["holds"], row["reason"]) == (None, "not known: rewards, gas")


def test_gas_is_exact():
    """Units times native price per unit times USD."""
    frame = pl.DataFrame({"u": [D(21000)], "p": [D("0.000000025")], "n": [D(3000)]}, schema=dict.fromkeys("upn", MONEY))
    assert frame.select(pnl.gas_cost(pl.col("u"), pl.col("p"), pl.col("n"))).item() == D("1.575")
