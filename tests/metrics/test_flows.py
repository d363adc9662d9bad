"""External flows: which transactions they are, what they are worth, and returns with them taken out."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ys_analytics.metrics import flows
from ys_analytics.metrics.flows import MONEY

START = date(2025, 1, 1)
NO_CLOSE, NO_CAPITAL = "the first close has nothing before it", "no capital was at work"


def closes(*values, portfolio="p"):
    """Closing values on consecutive days; None is a day without one."""
    rows = [(portfolio, START + timedelta(days=i), Decimal(str(v))) for i, v in enumerate(values) if v is not None]
    return pl.DataFrame(rows, schema={"portfolio_id": pl.String, "day": pl.Date, "value": MONEY}, orient="row")


def moved(*rows, portfolio="p"):
    """Flows as (day number, hour, amount)."""
    listed = [
        (
            portfolio,
            datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=day, hours=hour),
            None if x is None else Decimal(str(x)),
        )
        for day, hour, x in rows
    ]
    schema = {"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": MONEY}
    return pl.DataFrame(listed, schema=schema, orient="row")


def rets(values, flow=None):
    return flows.daily_returns(values, flow)["ret"].to_list()


def test_without_flows_a_return_is_the_change_of_value():
    """And the first close has nothing to be compared with."""
    table = flows.daily_returns(closes(100, 110, 99))
    assert table["ret"].to_list() == [None, 0.1, -0.1]
    assert table["reason"].to_list() == [NO_CLOSE, None, None]


@pytest.mark.parametrize(
    ("hour", "stated"),
    [
        pytest.param(0, 10 / 150, id="at midnight it was in all day"),
        pytest.param(12, 10 / 125, id="at noon half of it"),
        pytest.param(18, 10 / 112.5, id="in the evening a quarter"),
    ],
)
def test_a_flow_weighs_by_the_part_of_the_day_it_was_in(hour, stated):
    """R = (V1 - V0 - F) / (V0 + w F)."""
    assert rets(closes(100, 160), moved((1, hour, 50)))[1] == pytest.approx(stated, rel=1e-15)


def test_a_deposit_is_no_gain_and_a_withdrawal_no_loss():
    """No matter what goes in or out, a value that only flows moved has returned nothing."""
    assert rets(closes(100, 150, 20), moved((1, 9, 50), (2, 20, -130))) == [None, 0.0, 0.0]


def test_an_emptied_portfolio_returns_nothing_rather_than_minus_all():
    """Withdrawn to zero and refilled: days without capital have no return, and the linked return keeps its gains."""
    table = flows.daily_returns(closes(100, 110, 0, 0, 50, 55), moved((2, 12, -110), (4, 6, 50)))
    assert table["ret"].to_list() == [None, pytest.approx(0.1), 0.0, None, 0.0, pytest.approx(0.1)]
    assert table["reason"].to_list() == [NO_CLOSE, None, None, NO_CAPITAL, None, None]
    assert table.select(flows.time_weighted_return(pl.col("ret"))).item() == pytest.approx(0.21)


def test_withdrawn_at_the_first_moment_leaves_no_capital():
    """The denominator is nothing: no return, and not -100 %."""
    table = flows.daily_returns(closes(100, 0), moved((1, 0, -100)))
    assert table.select("ret", "reason").row(1) == (None, NO_CAPITAL)


def test_a_value_that_vanishes_without_a_flow_is_lost():
    """Then it is -100 %, and stays so."""
    table = flows.daily_returns(closes(100, 0, 0))
    assert table["ret"].to_list() == [None, -1.0, None]
    assert table.select(flows.time_weighted_return(pl.col("ret"))).item() == -1.0


def test_a_gap_is_one_return_that_spans_it():
    """Nine days without a close: nothing is invented, nothing lost, and a flow weighs by its part of the ten."""
    table = flows.daily_returns(closes(100, *[None] * 9, 130), moved((5, 0, 20)))
    assert table.select("days", "ret").row(1) == (10, pytest.approx(10 / (100 + 20 * 6 / 10)))


def test_a_flow_without_a_value_makes_the_day_unknown():
    """An amount of null is not an amount of nothing."""
    table = flows.daily_returns(closes(100, 150, 150), moved((1, 9, None)))
    assert table.select("ret", "gain", "flow", "reason").row(1) == (None, None, None, "a flow of this day has no price")
    assert table["ret"][2] == 0.0


def test_flows_before_the_first_and_after_the_last_close_belong_to_no_period():
    """They are in the first value, or not yet in any."""
    assert rets(closes(None, 100, 110), moved((0, 9, 100), (9, 9, 5))) == [None, pytest.approx(0.1)]


def test_a_close_that_states_its_moment_ends_its_period_there():
    """A flow after the snapshot of its day belongs to the next one."""
    noon = closes(100, 100, 160).with_columns(
        closed_at=(pl.col("day").cast(pl.Datetime("us")) + timedelta(hours=12)).dt.replace_time_zone("UTC")
    )
    assert rets(noon, moved((1, 13, 50)))[1:] == [0.0, pytest.approx(10 / (100 + 50 * 23 / 24))]


def test_gains_are_exact_to_the_eighteenth_decimal():
    """Money never passes through a float."""
    table = flows.daily_returns(closes("1.000000000000000001", "123456789.000000000000000003"), moved((1, 1, "0.5")))
    assert table["gain"][1] == Decimal("123456787.500000000000000002")


def test_portfolios_do_not_touch_each_other():
    """Two in one frame are as each alone."""
    both = pl.concat([closes(100, 150, portfolio="a"), closes(10, 5, portfolio="b")])
    assert rets(both, moved((1, 0, 50), portfolio="a")) == [None, 0.0, None, -0.5]


def test_no_closes_no_rows():
    """The same columns, empty or full."""
    empty = flows.daily_returns(closes(), moved())
    assert empty.schema == flows.daily_returns(closes(1, 2)).schema
    assert empty.is_empty()


def at_work(before, events, length=24):
    """Average of what is in while at least a tenth of the most is in, from events as (hour, amount) in order."""
    stretches, book, since = [], before, 0
    for hour, amount in events:
        stretches.append((book, hour - since))
        book, since = book + amount, hour
    stretches.append((book, length - since))
    most = max(book for book, _ in stretches)
    worked = [(book, hours) for book, hours in stretches if book > max(most, 0) / 10 and hours]
    if not worked:
        return max(book for book, _ in stretches[1:])
    return sum(book * hours for book, hours in worked) / sum(hours for _, hours in worked)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 500), st.lists(st.tuples(st.integers(0, 23), st.integers(-400, 500)), min_size=1, max_size=4)
        ),
        min_size=2,
        max_size=12,
    )
)
def test_daily_returns_are_the_formula(days):
    """Against the formula in plain Python, for any values and flows."""
    values = closes(*[value for value, _ in days])
    got = rets(values, moved(*[(i, hour, x) for i, (_, events) in enumerate(days) for hour, x in events]))
    for i in range(1, len(days)):
        before, (after, events) = days[i - 1][0], days[i]
        events = sorted(events, key=lambda event: (event[0], -event[1]))
        capital = at_work(before, events)
        stated = (after - before - sum(x for _, x in events)) / capital if capital > 1e-6 else None
        assert got[i] == (None if stated is None else pytest.approx(stated, rel=1e-9, abs=1e-12))


@settings(max_examples=40, deadline=None)
@given(st.integers(300, 500), st.integers(0, 23), st.integers(-200, 500), st.integers(1, 900))
def test_while_money_is_at_work_all_day_it_is_modified_dietz(before, hour, flow, after):
    """The published formula, to the last digits, wherever its average is of a whole day."""
    got = rets(closes(before, after), moved((1, hour, flow)))[1]
    assert got == pytest.approx(flows.modified_dietz(before, after, [(flow, (24 - hour) / 24)]), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("first", "second"),
    [((1, 12), (1, 13)), ((1, 10), (1, 15)), ((1, 0), (1, 23)), ((1, 23), (1, 23)), ((1, 5), (1, 5))],
)
def test_in_and_out_within_a_day_returns_what_it_made(first, second):
    """1,000 in and 1,050 out of an empty portfolio: 5 %, at any hours, even at one moment."""
    events = moved((*first, 1000), (*second, -1050))
    frame = flows.daily_returns(closes(0, 0, 0), events)
    assert frame["gain"].to_list()[1] == Decimal(50)
    assert frame["ret"].to_list()[1] == pytest.approx(0.05)
    assert frame["reason"].to_list()[1:] == [None, "no capital was at work"]


@pytest.mark.parametrize("hour", [0, 6, 12, 23, 23.99])
def test_a_first_deposit_works_from_its_hour(hour):
    """1,000 into an empty portfolio, worth 1,005 at the close: half a per cent, at six in the morning or at 23:59."""
    assert rets(closes(0, 1005), moved((1, hour, 1000)))[1] == pytest.approx(0.005)
    assert rets(closes("0.01", "1005.01"), moved((1, hour, 1000)))[1] == pytest.approx(0.005, rel=1e-4)


@pytest.mark.parametrize("hour", [0.01, 1, 12, 23])
def test_taking_everything_out_is_measured_against_what_was_there(hour):
    """1,003 out of 1,000 returns 0.3 % at any hour, and not a sixth early in the day."""
    assert rets(closes(1000, 0), moved((1, hour, -1003)))[1] == pytest.approx(0.003)
    refilled = rets(closes(1000, 1005), moved((1, hour, -1000), (1, hour, 1000)))[1]
    assert refilled == pytest.approx(0.005)


def test_all_out_and_back_within_a_day_leaves_the_hours_between_out():
    """1,000 for ten hours and for nine, nothing for five: 10 gained are one per cent."""
    assert rets(closes(1000, 1010), moved((1, 10, -1000), (1, 15, 1000)))[1] == pytest.approx(0.01)


def test_debt_for_some_hours_is_no_capital():
    """Taken out beyond what was there and brought back: the average of the hours with money in, never below zero."""
    got = rets(closes(1000, 515), moved((1, 6, -3000), (1, 18, 2500)))[1]
    assert got == pytest.approx(15 / 750)
    assert rets(closes(-100, -90), moved()) == [None, None]


def transactions(**columns):
    base = {
        "portfolio_id": "p",
        "transaction_type": "deposit",
        "status": "confirmed",
        "protocol_name": None,
        "metadata": "{}",
        "timestamp": datetime(2025, 1, 2, 12, tzinfo=UTC),
        "from_asset_id": None,
        "to_asset_id": "usd",
        "from_amount": None,
        "to_amount": Decimal(10),
    }
    kinds = {"protocol_name": pl.String, "from_asset_id": pl.String, "to_asset_id": pl.String, "metadata": pl.String}
    kinds |= {"from_amount": MONEY, "to_amount": MONEY, "timestamp": pl.Datetime("us", "UTC")}
    return pl.DataFrame([base | columns], schema_overrides=kinds)


@pytest.mark.parametrize(
    ("columns", "flow", "rule"),
    [
        ({}, "external", "deposit or withdraw without a protocol"),
        ({"transaction_type": "withdraw"}, "external", "deposit or withdraw without a protocol"),
        ({"protocol_name": "aave"}, "internal", "deposit or withdraw with a protocol"),
        ({"protocol_name": " "}, "external", "deposit or withdraw without a protocol"),
        ({"transaction_type": "swap"}, "internal", "other type of transaction"),
        ({"status": "failed"}, "none", "not confirmed"),
        ({"status": "pending", "metadata": '{"flow": "external"}'}, "none", "not confirmed"),
        ({"metadata": '{"flow": "internal"}'}, "internal", "metadata says internal"),
        ({"transaction_type": "bridge", "metadata": '{"flow": "external"}'}, "external", "metadata says external"),
        ({"metadata": '{"flow": "sideways"}'}, "external", "deposit or withdraw without a protocol"),
        ({"metadata": "not json {"}, "external", "deposit or withdraw without a protocol"),
        ({"metadata": None}, "external", "deposit or withdraw without a protocol"),
    ],
)
def test_each_rule_decides_its_transactions(columns, flow, rule):
    """Confirmed first, then what metadata says, then type and protocol."""
    assert flows.classify_flows(transactions(**columns)).select("flow", "rule").row(0) == (flow, rule)


def test_the_audit_counts_every_transaction_once():
    """Shares add to one in every portfolio."""
    rows = pl.concat([transactions(), transactions(), transactions(status="failed"), transactions(portfolio_id="q")])
    audit = flows.flow_audit(flows.classify_flows(rows))
    assert audit.select("portfolio_id", "flow", "transactions").rows() == [
        ("p", "external", 2),
        ("p", "none", 1),
        ("q", "external", 1),
    ]
    assert audit.group_by("portfolio_id").agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1.0, 1.0])


PRICES = pl.DataFrame(
    {
        "asset_id": ["usd", "eth", "eth"],
        "timestamp": [
            datetime(2025, 1, 2, tzinfo=UTC),
            datetime(2025, 1, 2, tzinfo=UTC),
            datetime(2025, 1, 2, 13, tzinfo=UTC),
        ],
        "price": [Decimal(1), Decimal(2000), Decimal(3000)],
    },
    schema={"asset_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "price": MONEY},
)


@pytest.mark.parametrize(
    ("columns", "amount"),
    [
        pytest.param({}, 10, id="a deposit is what came"),
        pytest.param({"to_asset_id": "eth"}, 20000, id="at the last price known when it came"),
        pytest.param(
            {"transaction_type": "withdraw", "from_asset_id": "eth", "from_amount": Decimal(1), "to_asset_id": None},
            -2000,
            id="a withdrawal is what went, negative",
        ),
        pytest.param({"transaction_type": "withdraw"}, -10, id="on whichever side it stands"),
        pytest.param(
            {"transaction_type": "claim", "metadata": '{"flow": "external"}', "to_asset_id": "eth"},
            20000,
            id="a claim comes in",
        ),
    ],
)
def test_a_flow_is_worth_its_price(columns, amount):
    """In USD, into the portfolio positive."""
    priced = flows.external_flows(flows.classify_flows(transactions(**columns)), PRICES)
    assert priced.select("amount", "reason").row(0) == (Decimal(amount), None)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"to_asset_id": "btc"}, "no price within 24 hours before it"),
        ({"timestamp": datetime(2025, 1, 3, 1, tzinfo=UTC)}, "no price within 24 hours before it"),
        ({"timestamp": datetime(2025, 1, 1, 23, tzinfo=UTC)}, "no price within 24 hours before it"),
        ({"to_amount": None}, "the transaction states no amount"),
        ({"to_amount": Decimal(10) ** 17, "to_asset_id": "eth"}, "no price within 24 hours before it"),
    ],
)
def test_a_flow_without_a_price_says_so(columns, reason):
    """Unknown, stale, not yet there, or too large for money: null with the reason."""
    priced = flows.external_flows(flows.classify_flows(transactions(**columns)), PRICES)
    assert priced.select("amount", "reason").row(0) == (None, reason)


def test_two_rates_are_named_and_none_chosen():
    """Flows of -100, +230, -132 are worth nothing at 10 % and at 20 %."""
    found = flows.irr([-100.0, 230.0, -132.0])
    assert found.rate is None
    assert found.roots == pytest.approx((0.1, 0.2))
    assert found.reason == "2 rates solve it: 10.00 %, 20.00 %"


def test_a_root_that_only_touches_is_one_root_or_two_close_ones():
    """(1 + r) = 1.1 twice over: the flows 1, -2.2, 1.21."""
    found = flows.irr([1.0, -2.2, 1.21 - 1e-7])
    assert len(found.roots) == 2
    assert found.roots == pytest.approx((0.1, 0.1), abs=1e-3)


@pytest.mark.parametrize(
    ("amounts", "reason"),
    [
        ([], "there are no flows"),
        ([0.0, 0.0], "there are no flows"),
        ([-1.0, -2.0], "all flows have one sign"),
        ([-1.0, 2.0, -2.0], "no rate solves it"),
        ([-1.0, float("nan")], "a flow is not a finite number"),
        ([-1.0, float("inf")], "a flow is not a finite number"),
    ],
)
def test_no_rate_is_a_result_with_a_reason(amounts, reason):
    """Never an exception, never a number that solves nothing."""
    assert flows.irr(amounts) == flows.MoneyWeighted(None, reason=reason)


@settings(max_examples=60, deadline=None)
@given(rate=st.floats(-0.95, 20.0), inner=st.lists(st.floats(-100, 100), min_size=0, max_size=6))
def test_a_rate_found_is_a_rate_that_solves(rate, inner):
    """Build flows that are worth nothing at a known rate: it is among the roots."""
    amounts = [-1000.0, *inner]
    last = -flows.npv(rate, amounts) * (1 + rate) ** len(amounts)
    found = flows.irr([*amounts, last])
    if abs(last) > 1e-9:
        assert any(root == pytest.approx(rate, rel=1e-6, abs=1e-7) for root in found.roots)


def test_the_money_weighted_return_says_what_timing_added():
    """Money put in before a gain: more than the time-weighted; before a loss: less."""
    values = pl.concat([closes(100, 110, *[None] * 363, 242, portfolio=name) for name in ("good",)])
    table = flows.money_weighted(values, moved((1, 12, 10), portfolio="good"))
    row = table.row(0, named=True)
    assert row["roots"] == 1
    assert row["timing_effect"] == pytest.approx(row["xirr"] - row["time_weighted"])
    alone = flows.money_weighted(closes(100), moved())
    assert alone.select("xirr", "reason").row(0) == (None, "needs 2 closes, has 1")


@pytest.mark.parametrize(("days", "given"), [(1, False), (7, False), (29, False), (30, True), (400, True)])
def test_a_rate_per_year_needs_the_minimum_history(days, given):
    """3 % in a week is 3 % in a week: below thirty days the period's return, and the reason why no rate a year."""
    values = closes(1000, *[None] * (days - 1), 1030)
    row = flows.money_weighted(values, moved()).row(0, named=True)
    assert row["days"] == days
    assert row["money_weighted_period"] == pytest.approx(0.03)
    assert row["time_weighted_period"] == pytest.approx(0.03)
    assert (row["xirr"] is not None, row["time_weighted"] is not None) == (given, given)
    assert row["reason"] == (None if given else f"too short to state per year: needs 30 days, has {days}")


def test_a_root_out_of_range_is_said_to_be_one():
    """Half lost in twelve days, two thirds won in one: a rate solves it, too small or too large to state."""
    lost = flows.xirr([(date(2024, 11, 21), -100), (date(2024, 11, 28), -100), (date(2024, 12, 3), 100)])
    won = flows.xirr([(date(2020, 5, 27), -345), (date(2020, 5, 28), 565)])
    assert lost.rate is None
    assert lost.reason == "money was lost too fast for a yearly rate: it is below -99.9999999 %"
    assert won.rate is None
    assert won.reason == "money grew too fast for a yearly rate: it is above 1,000,000,000-fold"


def test_a_portfolio_that_lost_half_in_days_has_a_return_over_them():
    """The rate a year is out of range; the loss itself is not."""
    values = closes(100, *[None] * 34, 1e-10)
    row = flows.money_weighted(values, moved()).row(0, named=True)
    assert row["xirr"] is None
    assert "too fast" in row["reason"]
    values = closes(100, *[None] * 11, 50)
    row = flows.money_weighted(values, moved()).row(0, named=True)
    assert row["money_weighted_period"] == pytest.approx(-0.5)
    row = flows.money_weighted(closes(100, *[None] * 34, 0), moved()).row(0, named=True)
    assert (row["xirr"], row["money_weighted_period"], row["time_weighted_period"]) == (None, -1.0, -1.0)


@pytest.mark.parametrize("days", [3, 40])
def test_a_portfolio_that_ends_owing_lost_more_than_everything(days):
    """100 became a debt of 10: the loss is 110 %, which no rate and no -100 % states."""
    row = flows.money_weighted(closes(100, *[100] * days, -10), moved()).row(0, named=True)
    assert (row["xirr"], row["money_weighted_period"], row["time_weighted_period"]) == (None, None, None)
    assert row["reason"] == "more than everything was lost"
