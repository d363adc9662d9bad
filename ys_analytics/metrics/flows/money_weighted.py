"""Returns that weigh money by when it was there: xirr and its kin, and what timing added.

Root finding is the one thing here that no expression can do; it is plain arithmetic over
a list of flows. No root, several roots and a search that did not settle are results with
a reason, not exceptions. Does not read a store, clock or setting.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS, per_year
from ys_analytics.metrics.flows.dietz import daily_returns, time_weighted_return
from ys_analytics.metrics.sample import YEAR
from ys_analytics.metrics.spans import unknown
from ys_analytics.metrics.zones import in_utc

DayCount = Literal["ACT/365", "ACT/360", "30/360 ISDA", "ACT/ACT ISDA"]

# Flows this small next to the largest are dust of subtraction, not money.
_DUST = 1e-14

# The search runs over ln(1 + rate): from losing all but 10^-9 a year to growing 10^9-fold.
_LOWEST, _HIGHEST, _STEPS = math.log(1e-9), math.log(1e9), 1200


@dataclass(frozen=True, slots=True)
class MoneyWeighted:
    """What the search found.

    Attributes:
        rate: Per year, as a fraction; None unless exactly one rate solves it.
        roots: Every rate that solves it, ascending.
        reason: Why rate is None; None where there is a rate.
    """

    rate: float | None
    roots: tuple[float, ...] = ()
    reason: str | None = None


def xirr(flows: Sequence[tuple[date, float | Decimal]], *, day_count: DayCount = "ACT/365") -> MoneyWeighted:
    r"""Yearly rate at which dated flows are worth nothing together.

    $$ \sum_i \frac{C_i}{(1 + r)^{t_i}} = 0 $$

    Args:
        flows: Day and amount, in any order; money put in is negative, taken out and the final value positive.
        day_count: How days become years.

    Returns:
        The rate, or why there is none: fewer than two days, all flows of one sign, no root, several
        roots, or a root below -1 + 10^-9 (money was lost too fast for a yearly rate) or above 10^9 (it grew too fast).

    Source:
        Microsoft Excel, XIRR; Norstrom (1972), "A Sufficient Condition for a Unique Nonnegative IRR".

    >>> round(xirr([(date(2024, 1, 1), -100), (date(2024, 12, 31), 110)]).rate, 4)
    0.1
    >>> xirr([(date(2024, 1, 1), -100), (date(2024, 6, 1), -10)]).reason
    'all flows have one sign'
    """
    if not flows:
        return MoneyWeighted(None, reason="there are no flows")
    first = min(day for day, _ in flows)
    return _solve(
        [(year_fraction(first, day, day_count=day_count), float(amount)) for day, amount in flows], per="yearly"
    )


def irr(cash_flows: Sequence[float]) -> MoneyWeighted:
    """Rate per period at which equally spaced flows are worth nothing together.

    Args:
        cash_flows: The first is now, each next one a period later.

    Returns:
        As `xirr`, per period.

    Source:
        Microsoft Excel, IRR.

    >>> round(irr([-100.0, 60.0, 60.0]).rate, 4)
    0.1307
    """
    return _solve([(float(t), float(amount)) for t, amount in enumerate(cash_flows)], per="periodic")


def npv(rate: float, cash_flows: Sequence[float], *, first: Literal[0, 1] = 0) -> float:
    """Worth today of equally spaced flows.

    Args:
        rate: Per period, above -1.
        cash_flows: In order.
        first: Whether the first is now (0) or a period away (1).

    Raises:
        ValueError: the rate is not above -1, or a flow is not a finite number.

    >>> npv(0.25, [-100.0, 125.0])
    0.0
    """
    _check_worth(rate, cash_flows)
    return math.fsum(amount / (1 + rate) ** (t + first) for t, amount in enumerate(cash_flows))


def xnpv(rate: float, flows: Sequence[tuple[date, float]], *, day_count: DayCount = "ACT/365") -> float:
    """Worth of dated flows on the day of the earliest.

    Args:
        rate: Per year, above -1.
        flows: Day and amount, in any order.
        day_count: How days become years.

    >>> xnpv(0.25, [(date(2024, 1, 1), -100.0), (date(2024, 12, 31), 125.0)])
    0.0
    """
    _check_worth(rate, [amount for _, amount in flows])
    first = min((day for day, _ in flows), default=date.min)
    return math.fsum(amount / (1 + rate) ** year_fraction(first, day, day_count=day_count) for day, amount in flows)


def xnfv(rate: float, flows: Sequence[tuple[date, float]], *, day_count: DayCount = "ACT/365") -> float:
    """Worth of dated flows on the day of the latest.

    >>> round(xnfv(0.1, [(date(2024, 1, 1), 100.0), (date(2024, 12, 31), 0.0)]), 9)
    110.0
    """
    _check_worth(rate, [amount for _, amount in flows])
    last = max((day for day, _ in flows), default=date.min)
    return math.fsum(amount * (1 + rate) ** year_fraction(day, last, day_count=day_count) for day, amount in flows)


def _check_worth(rate: float, amounts: Sequence[float]) -> None:
    if not rate > -1:
        raise ValueError(f"rate must be above -1, not {rate}")
    if not all(math.isfinite(amount) for amount in amounts):
        raise ValueError("a flow is not a finite number")


def mirr(cash_flows: Sequence[float], *, finance_rate: float, reinvest_rate: float) -> float | None:
    r"""Rate per period when gains are reinvested, and losses financed, at rates of their own.

    $$ \Big(\frac{\text{future worth of inflows}}{\text{present worth of outflows}}\Big)^{1/(n-1)} - 1 $$

    Args:
        cash_flows: Equally spaced, the first now.
        finance_rate: Paid on what is negative.
        reinvest_rate: Earned on what is positive.

    Returns:
        The rate; None unless flows of both signs are there.

    Source:
        Microsoft Excel, MIRR.

    >>> round(mirr([-100.0, 60.0, 60.0], finance_rate=0.1, reinvest_rate=0.1), 4)
    0.1225
    """
    periods = len(cash_flows) - 1
    losses = -npv(finance_rate, [min(amount, 0.0) for amount in cash_flows])
    gains = npv(reinvest_rate, [max(amount, 0.0) for amount in cash_flows]) * (1 + reinvest_rate) ** periods
    if periods < 1 or losses <= 0 or gains <= 0:
        return None
    return float((gains / losses) ** (1 / periods) - 1)


def year_fraction(start: date, end: date, *, day_count: DayCount = "ACT/365") -> float:
    """Years from one day to another.

    Args:
        start: The earlier day.
        end: The later day.
        day_count: The convention.

    Source:
        ISDA (2006), Definitions, section 4.16.

    >>> year_fraction(date(2024, 1, 1), date(2024, 7, 1), day_count="30/360 ISDA")
    0.5
    """
    if day_count == "ACT/365":
        return (end - start).days / 365
    if day_count == "ACT/360":
        return (end - start).days / 360
    if day_count == "30/360 ISDA":
        d1 = min(start.day, 30)
        d2 = 30 if end.day == 31 and d1 == 30 else end.day  # noqa: PLR2004 - the convention's own numbers
        return ((end.year - start.year) * 360 + (end.month - start.month) * 30 + d2 - d1) / 360
    return _actual_year(end) - _actual_year(start)


def _actual_year(day: date) -> float:
    begins, ends = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return day.year + (day - begins).days / (ends - begins).days


def _solve(flows: list[tuple[float, float]], *, per: Literal["yearly", "periodic"]) -> MoneyWeighted:
    if not all(math.isfinite(amount) for _, amount in flows):
        return MoneyWeighted(None, reason="a flow is not a finite number")
    at: dict[float, float] = {}
    for t, amount in flows:
        at[t] = at.get(t, 0.0) + amount
    largest = max(map(abs, at.values()), default=0.0)
    flows = [(t, amount / largest) for t, amount in sorted(at.items()) if abs(amount) > _DUST * largest]
    if not flows:
        return MoneyWeighted(None, reason="there are no flows")
    if len({amount > 0 for _, amount in flows}) == 1:
        return MoneyWeighted(None, reason="all flows have one sign")
    present_value = _present_value(flows)
    sign_changes = sum((a > 0) != (b > 0) for (_, a), (_, b) in pairwise(flows))
    # One change of sign in time has one root (Descartes), so there is nothing to search.
    roots = tuple(math.expm1(x) for x in (_only_root(present_value) if sign_changes == 1 else _roots(present_value)))
    beyond = _beyond_reason(flows, present_value, per=per)
    if len(roots) == 1 and not beyond:
        return MoneyWeighted(roots[0], roots)
    if not roots:
        return MoneyWeighted(None, reason="; ".join(beyond) or "no rate solves it")
    root_texts = [f"{100 * root:.2f} %" for root in roots]
    return MoneyWeighted(None, roots, f"{len(roots) + len(beyond)} rates solve it: {', '.join([*root_texts, *beyond])}")


def _beyond_reason(flows: list[tuple[float, float]], present_value: Callable[[float], float], *, per: str) -> list[str]:
    """What is said of a root outside the range that is searched.

    Towards a rate of -1 the last flow decides the sign of the worth, and towards an infinite rate the first: where
    the sign at the end of the range is another, a root lies beyond it.
    """
    reason = []
    if present_value(_LOWEST) * flows[-1][1] < 0:
        reason.append(
            f"money was lost too fast for a {per} rate: it is below {math.expm1(_LOWEST):.7%}".replace("%", " %")
        )
    if present_value(_HIGHEST) * flows[0][1] < 0:
        reason.append(f"money grew too fast for a {per} rate: it is above {math.exp(_HIGHEST):,.0f}-fold")
    return reason


def _present_value(flows: list[tuple[float, float]]) -> Callable[[float], float]:
    """Present worth at ln(1 + rate), scaled by its largest term so that it neither over- nor underflows."""
    middle = sum(t for t, _ in flows) / len(flows)

    def present_value(x: float) -> float:
        top = max(-x * (t - middle) for t, _ in flows)
        return math.fsum(amount * math.exp(-x * (t - middle) - top) for t, amount in flows)

    return present_value


def _only_root(present_value: Callable[[float], float]) -> list[float]:
    value_at_low = present_value(_LOWEST)
    return (
        [_narrow(present_value, _LOWEST, _HIGHEST, value_at_low)] if value_at_low * present_value(_HIGHEST) < 0 else []
    )


def _roots(present_value: Callable[[float], float]) -> list[float]:
    """Every sign change on the grid, narrowed; and valleys between grid points that just touch zero."""
    width = (_HIGHEST - _LOWEST) / _STEPS
    xs = [_LOWEST + width * step for step in range(_STEPS + 1)]
    values = [present_value(x) for x in xs]
    result = [x for x, value in zip(xs, values, strict=True) if value == 0]
    for (x0, y0), (x1, y1) in pairwise(zip(xs, values, strict=True)):
        if y0 * y1 < 0:
            result.append(_narrow(present_value, x0, x1, y0))
    for (x0, y0), (_, y1), (x2, y2) in zip(
        zip(xs, values, strict=True),
        zip(xs[1:], values[1:], strict=True),
        zip(xs[2:], values[2:], strict=True),
        strict=False,
    ):
        # A dip towards zero that does not cross on the grid may cross within it, twice.
        if y0 * y1 > 0 and y1 * y2 > 0 and abs(y1) < min(abs(y0), abs(y2)):
            bottom = _valley(present_value, x0, x2, 1.0 if y1 > 0 else -1.0)
            if present_value(bottom) * y1 < 0:
                result += [
                    _narrow(present_value, x0, bottom, y0),
                    _narrow(present_value, bottom, x2, present_value(bottom)),
                ]
    return sorted(set(result))


def _narrow(present_value: Callable[[float], float], low: float, high: float, value_at_low: float) -> float:
    """Bisection: slower than Newton by microseconds, and it cannot miss."""
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        value = present_value(middle)
        if value == 0:
            return middle
        if (value > 0) == (value_at_low > 0):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _valley(present_value: Callable[[float], float], low: float, high: float, sign: float) -> float:
    for _ in range(80):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if sign * present_value(left) < sign * present_value(right):
            high = right
        else:
            low = left
    return (low + high) / 2


def money_weighted(values: pl.DataFrame, flows: pl.DataFrame, *, returns: pl.DataFrame | None = None) -> pl.DataFrame:
    """Money-weighted and time-weighted return of every portfolio, and what timing added.

    The period is from the end of the first close's day to the end of the last one's. Rates per year are given from the
    catalogue's minimum history on; the returns of the period itself always.

    Args:
        values: portfolio_id, day, value, as for `daily_returns`.
        flows: portfolio_id, timestamp, amount, as for `daily_returns`; a null amount is an error of valuing.
        returns: What `daily_returns` gave, where it is at hand.

    Returns:
        One row per portfolio, sorted: portfolio_id String, xirr Float64 a year, time_weighted Float64
        a year (the same days), timing_effect Float64 (the first less the second), money_weighted_period,
        time_weighted_period and timing_period Float64: the same over the period, not annualised; days Int64,
        roots Int64, reason String (why xirr is null; the period's return may be there all the same).

    >>> values = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 1), date(2026, 1, 1)], "value": [100, 110]})
    >>> flows = pl.DataFrame(
    ...     schema={"portfolio_id": pl.String, "timestamp": pl.Datetime("us", "UTC"), "amount": pl.Int64}
    ... )
    >>> money_weighted(values, flows).select(pl.col("xirr", "time_weighted").round(6), "roots").row(0)
    (0.1, 0.1, 1)
    """
    flows = in_utc(flows, "timestamp", of="flows").collect()
    values = in_utc(values, "closed_at", of="values").collect()
    daily_by_portfolio = daily_returns(values, flows) if returns is None else returns
    linked = daily_by_portfolio.group_by("portfolio_id", maintain_order=True).agg(
        time_weighted_period=pl.when(~unknown(daily_by_portfolio.columns).any()).then(
            time_weighted_return(pl.col("ret"))
        )
    )
    flow_rows = flows.partition_by("portfolio_id", as_dict=True)
    rows = []
    for (portfolio,), closes in values.sort("day").partition_by("portfolio_id", as_dict=True).items():
        days, result, period = _of_portfolio(closes, flow_rows.get((portfolio,)))
        rows.append((portfolio, days, result.rate, period, len(result.roots), result.reason))
    schema = {
        "portfolio_id": pl.String, "days": pl.Int64, "xirr": pl.Float64, "money_weighted_period": pl.Float64,
        "roots": pl.Int64, "reason": pl.String,
    }  # fmt: skip
    a_year = per_year(pl.col("time_weighted_period"), days=pl.col("days"))
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .join(linked, on="portfolio_id", how="left")
        .with_columns(time_weighted=a_year)
        .with_columns(
            timing_effect=pl.col("xirr") - pl.col("time_weighted"),
            timing_period=pl.col("money_weighted_period") - pl.col("time_weighted_period"),
        )
        .select(
            *("portfolio_id", "xirr", "time_weighted", "timing_effect"),
            *("money_weighted_period", "time_weighted_period", "timing_period", "days", "roots", "reason"),
        )
        .sort("portfolio_id")
    )


def _of_portfolio(closes: pl.DataFrame, flow_rows: pl.DataFrame | None) -> tuple[int, MoneyWeighted, float | None]:
    """The days between the first and the last close, the rate a year, and the return over these days.

    The first close goes in, flows after it in or out, the last close comes out.
    """
    closes = closes.filter(pl.col("value").is_not_null())
    if closes.height < 2:  # noqa: PLR2004 - a period has two ends
        return 0, MoneyWeighted(None, reason=f"needs 2 closes, has {closes.height}"), None
    # A close is the end of its day.
    begins, ends = closes["day"][0] + timedelta(days=1), closes["day"][-1] + timedelta(days=1)
    days = (ends - begins).days
    dated_flows = [(begins, -float(closes["value"][0])), (ends, float(closes["value"][-1]))]
    if flow_rows is not None:
        day = pl.col("timestamp").dt.date()
        flows_inside = flow_rows.filter(day >= begins, day < ends).select(day, "amount")
        if flows_inside["amount"].null_count():
            return days, MoneyWeighted(None, reason="a flow has no price"), None
        dated_flows += [(moment, -float(amount)) for moment, amount in flows_inside.iter_rows()]
    if closes["value"][-1] < 0 and not any(amount > 0 for _, amount in dated_flows):
        return days, MoneyWeighted(None, reason="more than everything was lost"), None
    rate = xirr(dated_flows)
    if not any(amount > 0 for _, amount in dated_flows) and any(amount < 0 for _, amount in dated_flows):
        # Nothing came back: no rate discounts that, and the return over any period is the loss of everything.
        period: float | None = -1.0
    elif rate.rate is not None:
        period = math.expm1(math.log1p(rate.rate) * days / YEAR)
    else:
        # The same equation with the period as its unit of time: a rate per year may be out of range where this is not.
        parts = [((moment - begins).days / days, amount) for moment, amount in dated_flows]
        period = _solve(parts, per="periodic").rate if len(rate.roots) < 2 else None  # noqa: PLR2004 - one rate or none
    if days < MINIMUM_DAYS:
        short = f"too short to state per year: needs {MINIMUM_DAYS} days, has {days}"
        reason = rate.reason if period is None else short
        return days, MoneyWeighted(None, rate.roots if period is None else (), reason), period
    return days, rate, period
