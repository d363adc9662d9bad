"""Growth of a portfolio: over the whole history, and per year.

Takes return expressions and gives back one expression. Does not read a store, clock or setting. Undefined
is null, never NaN.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS, per_year
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.sample import YEAR, check_periods, finite_or_null, nan_to_null, present
from ys_analytics.metrics.spans import first_day


@metric(
    title="Total return",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="a return is below -100 %",
    why="Factsheets link daily returns with flows taken out, so that money paid in is no gain.",
    basis="linked",
    of=lambda f, s: f(s.ret),
)
def total_return(ret: pl.Expr) -> pl.Expr:
    r"""Growth over all periods, less one.

    $$ R = \prod_t (1 + r_t) - 1 $$

    Args:
        ret: Simple returns per period, as fractions, in any order.

    Returns:
        One Float64 fraction per group. -1 after a total loss, no matter what follows. Null
        without a return, or when one is below -1: more than everything cannot be linked.

    Source:
        Bacon (2008), "Practical Portfolio Performance Measurement and Attribution", ch. 3.

    >>> pl.DataFrame({"ret": [0.25, -0.5]}).select(total_return(pl.col("ret"))).item()
    -0.375
    """
    ret = finite_or_null(ret)
    growth = (ret + 1).product()
    return nan_to_null(pl.when(ret.min() >= -1).then(growth - 1))


@metric(
    title="Compound annual growth",
    short="CAGR",
    unit="fraction per year",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="a return is below -100 %, or the growth overflows",
    why="Investors compare returns per year of the calendar; a count of returns would annualise too much "
    "where days are missing.",
    basis="linked",
    of=lambda f, s: f(s.ret, day=s.day, days=s.days),
)
def cagr(
    ret: pl.Expr,
    *,
    day: pl.Expr,
    days: pl.Expr | None = None,
    days_per_year: float = YEAR,
    minimum_days: float = MINIMUM_DAYS,
) -> pl.Expr:
    r"""Compound growth per year of elapsed calendar time.

    $$ G = \Big(\prod_t (1 + r_t)\Big)^{365 / d} - 1 $$

    with $d$ the days from the first day a return covers to the last, both included: a missing day
    lengthens the time and not the growth, so a gap does not change what is true.

    Args:
        ret: Simple returns, as fractions.
        day: The Date each return ends on.
        days: The days each return spans; one each when None.
        days_per_year: The length of a year, in days.
        minimum_days: Shorter histories have no growth per year; 0 annualises any.

    Returns:
        One Float64 fraction per year. -1 after a total loss. Null without a return, over fewer days than the
        minimum, or when a return is below -1.

    Raises:
        ValueError: `days_per_year` is not positive.

    Source:
        CFA Institute (2020), GIPS Standards: annualised returns by elapsed time.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.1, 0.1], "day": [date(2025, 1, 1), date(2025, 12, 31)]})
    >>> frame.select(cagr(pl.col("ret"), day=pl.col("day"))).item()
    0.21...
    """
    first_seen = present(ret)
    begin_day = day if days is None else first_day(day=day, days=days)
    elapsed = (pl.when(first_seen).then(day).max() - pl.when(first_seen).then(begin_day).min()).dt.total_days() + 1
    return per_year(total_return(ret), days=elapsed, minimum_days=minimum_days, days_per_year=days_per_year)


@metric(
    title="Annualised return, by count",
    unit="fraction per year",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="a return is below -100 %",
    why="Tools without dates annualise by the number of periods; it stands here to be compared with them.",
    basis="linked",
    of=lambda f, s: f(s.ret, periods_per_year=s.periods_per_year, days=s.days),
)
def annualised_return(
    ret: pl.Expr,
    *,
    periods_per_year: float,
    method: Literal["geometric", "arithmetic"] = "geometric",
    count_missing: bool = False,
    days: pl.Expr | None = None,
) -> pl.Expr:
    r"""Return per year by the number of periods, for series without dates, of any length.

    $$ G = \Big(\prod_t (1 + r_t)\Big)^{N / n} - 1 \quad\text{or}\quad N \operatorname{mean}(r) $$

    Args:
        ret: Simple returns per period, as fractions.
        periods_per_year: $N$: 365 for daily on-chain series, 12 for monthly.
        method: "geometric" compounds, "arithmetic" multiplies the mean.
        count_missing: Whether a missing return is a period all the same; `cagr` is the sounder
            answer to gaps, for it goes by the calendar.
        days: The periods each return spans, whose sum is $n$; one each when None.

    Returns:
        One Float64 fraction per year. Null without a return; geometric also when one is below -1.

    Raises:
        ValueError: `periods_per_year` is not positive.

    Source:
        Bacon (2008), ch. 3.

    >>> pl.DataFrame({"ret": [0.5, -0.5]}).select(annualised_return(pl.col("ret"), periods_per_year=2)).item()
    -0.25
    """
    check_periods(periods_per_year)
    if method == "arithmetic":
        return mean_return(ret) * periods_per_year
    if days is not None:
        periods = pl.when(present(ret)).then(days.fill_null(1)).sum()
    else:
        periods = ret.len() if count_missing else finite_or_null(ret).count()
    return per_year(total_return(ret), days=periods, minimum_days=0, days_per_year=periods_per_year)


def per_period(rate: float, *, periods_per_year: float, compounding: bool = True) -> float:
    r"""Rate per period of a rate per year: what `risk_free`, `target` and `threshold` ask for.

    $$ (1 + f)^{1/N} - 1 \quad\text{or}\quad f / N $$

    Args:
        rate: $f$ per year, as a fraction, above -1.
        periods_per_year: $N$: 365 for daily on-chain series, 12 for monthly.
        compounding: Whether the periods compound to the year, or add up to it.

    Raises:
        ValueError: `periods_per_year` is not positive, or the rate not above -1.

    >>> round(per_period(0.21, periods_per_year=2), 9)
    0.1
    >>> per_period(0.5, periods_per_year=2, compounding=False)
    0.25
    """
    check_periods(periods_per_year)
    if not rate > -1:
        raise ValueError(f"rate must be above -1, not {rate}")
    return math.expm1(math.log1p(rate) / periods_per_year) if compounding else rate / periods_per_year


@metric(
    title="Mean daily return",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="The plain average of daily returns is what ratios are made of.",
    of=lambda f, s: f(s.daily),
)
def mean_return(ret: pl.Expr) -> pl.Expr:
    r"""Arithmetic mean of the returns.

    $$ \bar r = \operatorname{mean}(r) $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per period. Null without a return.

    Source:
        Bacon (2008), ch. 3.

    >>> pl.DataFrame({"ret": [0.5, -0.25, None]}).select(mean_return(pl.col("ret"))).item()
    0.125
    """
    return nan_to_null(finite_or_null(ret).mean())


@metric(
    title="Geometric mean daily return",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="a return is below -100 %",
    why="The daily rate that compounds to the total is the one that can be projected.",
    basis="linked",
    of=lambda f, s: f(s.ret, days=s.days),
)
def geometric_mean_return(ret: pl.Expr, *, days: pl.Expr | None = None) -> pl.Expr:
    r"""Return per period that compounds to the total.

    $$ g = \Big(\prod_t (1 + r_t)\Big)^{1/n} - 1 $$

    Args:
        ret: Simple returns per period, as fractions.
        days: The periods each return spans, whose sum is $n$; one each when None.

    Returns:
        One Float64 fraction per period. Null without a return, or when one is below -1.

    Source:
        Bacon (2008), ch. 3.

    >>> pl.DataFrame({"ret": [0.0, 0.5625]}).select(geometric_mean_return(pl.col("ret"))).item()
    0.25
    """
    return annualised_return(ret, periods_per_year=1, days=days)


def price_returns(
    price: pl.Expr, *, kind: Literal["simple", "log"] = "simple", gaps: Literal["span", "omit"] = "span"
) -> pl.Expr:
    r"""Return from each price to the next.

    $$ r_t = P_t / P_s - 1 \quad\text{or}\quad \ln(P_t / P_s) $$

    with $P_s$ the last price before $P_t$ that is there.

    Args:
        price: Prices, in time order. Nothing is guessed: returns are never taken for prices.
        kind: "simple" links by products, "log" by sums.
        gaps: Where prices are missing, the return after them "span"s the gap, so that growth and drawdown keep what
            happened in it; "omit" leaves it out, so that every return is of one period, as a deviation needs.

    Returns:
        One Float64 a row; null in the first, and where a price is missing or not positive.

    >>> frame = pl.DataFrame({"price": [100.0, 110.0, None, 55.0]})
    >>> frame.select(price_returns(pl.col("price"))).to_series().round(9).to_list()
    [None, 0.1, None, -0.5]
    >>> frame.select(price_returns(pl.col("price"), gaps="omit")).to_series().round(9).to_list()
    [None, 0.1, None, None]
    """
    price = price.cast(pl.Float64)
    positive = pl.when((price > 0) & price.is_finite()).then(price)
    before = positive.forward_fill() if gaps == "span" else positive
    ratio = positive / before.shift(1)
    return finite_or_null(ratio.log() if kind == "log" else ratio - 1)


@metric(
    title="Stability of growth",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the path is flat, or everything was lost",
    why="empyrical and pyfolio print R squared of cumulative log returns under this name.",
    basis="linked",
    of=lambda f, s: f(s.ret, day=s.day),
)
def stability(ret: pl.Expr, *, day: pl.Expr | None = None) -> pl.Expr:
    r"""How straight the path of log wealth is: $R^2$ of its regression on time.

    $$ R^2\big(\ln W_t, t\big) $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        day: The Date each return ends on, where time is of days; when None it is the number of the return.

    Returns:
        One Float64 from 0 to 1. Null with fewer than two returns, a total loss or a flat path.

    Source:
        As empyrical's stability_of_timeseries; kin to Kestner's K-ratio.

    >>> pl.DataFrame({"ret": [0.1, 0.2, 0.1]}).select(stability(pl.col("ret"))).item()
    0.96...
    """
    first_seen = present(ret)
    ret = finite_or_null(ret)
    path = pl.when(ret > -1).then(ret).log1p().drop_nulls().cum_sum()
    time = path.cum_count() if day is None else day.filter(first_seen & (ret > -1)).cast(pl.Int32)
    line = pl.corr(path, time.cast(pl.Float64))
    return nan_to_null(pl.when((ret.min() > -1) & (path.std() > 0)).then(line.pow(2).clip(upper_bound=1.0)))
