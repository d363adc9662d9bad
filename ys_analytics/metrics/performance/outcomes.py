"""Wins and losses: how often, how large, and what one is worth against the other.

Takes return expressions and gives back one expression. Nothing here reads a
store, a clock or a setting. Undefined is null, never NaN.
"""

from typing import Literal

import polars as pl

from ys_analytics.metrics.sample import dispersion, known, observed, risky


def win_rate(ret: pl.Expr, *, zeros: Literal["count", "skip"] = "count") -> pl.Expr:
    r"""Share of periods with a gain.

    $$ W = \frac{\#\{t : r_t > 0\}}{n} $$

    Args:
        ret: Simple returns per period, as fractions.
        zeros: Whether a period that did not move counts (it is no win) or is left out.

    Returns:
        One Float64 from 0 to 1. Null without returns.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.01, -0.02, 0.03, 0.0]}).select(win_rate(pl.col("ret"))).item()
    0.5
    """
    ret = observed(ret)
    return (ret > 0).mean() if zeros == "count" else (pl.when(ret != 0).then(ret) > 0).mean()


def best_day(ret: pl.Expr) -> pl.Expr:
    """Highest return of one period.

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per group. Null without returns.

    >>> pl.DataFrame({"ret": [0.01, -0.02, 0.03]}).select(best_day(pl.col("ret"))).item()
    0.03
    """
    return observed(ret).max()


def worst_day(ret: pl.Expr) -> pl.Expr:
    """Lowest return of one period.

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per group. Null without returns.

    >>> pl.DataFrame({"ret": [0.01, -0.02, 0.03]}).select(worst_day(pl.col("ret"))).item()
    -0.02
    """
    return observed(ret).min()


def best_day_date(ret: pl.Expr, *, day: pl.Expr) -> pl.Expr:
    """Day of the highest return, the first of them if several are equal.

    Args:
        ret: Simple returns per period, as fractions.
        day: The Date each return ends on.

    Returns:
        One Date per group. Null without returns.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.01, 0.03], "day": [date(2025, 1, 1), date(2025, 1, 2)]})
    >>> frame.select(best_day_date(pl.col("ret"), day=pl.col("day"))).item()
    datetime.date(2025, 1, 2)
    """
    return _first_day(observed(ret), observed(ret).max(), day)


def worst_day_date(ret: pl.Expr, *, day: pl.Expr) -> pl.Expr:
    """Day of the lowest return, the first of them if several are equal.

    Args:
        ret: Simple returns per period, as fractions.
        day: The Date each return ends on.

    Returns:
        One Date per group. Null without returns.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"ret": [0.01, 0.03], "day": [date(2025, 1, 1), date(2025, 1, 2)]})
    >>> frame.select(worst_day_date(pl.col("ret"), day=pl.col("day"))).item()
    datetime.date(2025, 1, 1)
    """
    return _first_day(observed(ret), observed(ret).min(), day)


def _first_day(ret: pl.Expr, extreme: pl.Expr, day: pl.Expr) -> pl.Expr:
    # Not `arg_max`: of equals it gives the first of whichever chunk was done first.
    return pl.when(extreme.is_not_null()).then(day.get(ret.index_of(extreme), null_on_oob=True))


def average_win(ret: pl.Expr) -> pl.Expr:
    """Mean of the returns above zero.

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction. Null without a gain.

    >>> pl.DataFrame({"ret": [0.25, 0.75, -0.5]}).select(average_win(pl.col("ret"))).item()
    0.5
    """
    ret = observed(ret)
    return known(pl.when(ret > 0).then(ret).mean())


def average_loss(ret: pl.Expr) -> pl.Expr:
    """Mean of the returns below zero, itself negative.

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction. Null without a loss.

    >>> pl.DataFrame({"ret": [0.25, -0.75, -0.25]}).select(average_loss(pl.col("ret"))).item()
    -0.5
    """
    ret = observed(ret)
    return known(pl.when(ret < 0).then(ret).mean())


def profit_factor(ret: pl.Expr) -> pl.Expr:
    r"""Sum of gains per unit of losses.

    $$ \sum_{r_t > 0} r_t \Big/ \Big|\sum_{r_t < 0} r_t\Big| $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null without a loss.

    Source:
        Bernardo and Ledoit (2000), "Gain, Loss, and Asset Pricing", J. Political Economy 108(1).

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(profit_factor(pl.col("ret"))).item()
    2.0
    """
    ret = observed(ret)
    return known(ret.clip(lower_bound=0).sum() / risky(-ret.clip(upper_bound=0).sum()))


def payoff_ratio(ret: pl.Expr) -> pl.Expr:
    r"""Average win per unit of average loss.

    $$ \bar r_{+} / |\bar r_{-}| $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null without a gain or without a loss.

    >>> pl.DataFrame({"ret": [0.5, 0.5, -0.25]}).select(payoff_ratio(pl.col("ret"))).item()
    2.0
    """
    return known(average_win(ret) / risky(-average_loss(ret)))


def gain_to_pain(ret: pl.Expr) -> pl.Expr:
    r"""Sum of all returns per unit of losses.

    $$ \sum_t r_t \Big/ \Big|\sum_{r_t < 0} r_t\Big| $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null without a loss.

    Source:
        Schwager (2012), "Hedge Fund Market Wizards", app. A.

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(gain_to_pain(pl.col("ret"))).item()
    1.0
    """
    ret = observed(ret)
    return known(ret.sum() / risky(-ret.clip(upper_bound=0).sum()))


def expectancy(ret: pl.Expr, *, per: Literal["period", "loss"] = "period") -> pl.Expr:
    r"""What a period is worth on average, by wins and losses.

    $$ W \bar r_{+} + L \bar r_{-} \quad\text{or}\quad W \frac{\bar r_{+}}{|\bar r_{-}|} - L $$

    with $W$ and $L$ the shares of winning and losing periods: the mean return, told another way.

    Args:
        ret: Simple returns per period, as fractions.
        per: In returns per "period", or in units of an average "loss", as Lean's report has it, where what did
            not move is neither won nor lost.

    Returns:
        One Float64: a fraction per period, null without returns; or a ratio, null without a gain or a loss.

    Source:
        Tharp (2006), "Trade Your Way to Financial Freedom", ch. 7.

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(expectancy(pl.col("ret"))).item()
    0.125
    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(expectancy(pl.col("ret"), per="loss")).item()
    0.5
    """
    if per == "loss":
        won = win_rate(ret, zeros="skip")
        return known(won * payoff_ratio(ret) - (1 - won))
    clean = observed(ret)
    won = (clean > 0).mean() * average_win(ret).fill_null(0)
    lost = (clean < 0).mean() * average_loss(ret).fill_null(0)
    return known(won + lost)


def kelly_fraction(ret: pl.Expr, *, method: Literal["wins", "moments"] = "wins", risk_free: float = 0.0) -> pl.Expr:
    r"""Share of wealth that grows fastest when wins and losses repeat.

    $$ f = W - \frac{1 - W}{P} \quad\text{or}\quad \frac{\operatorname{mean}(r - f)}{\operatorname{var}(r)} $$

    with $W$ the win rate among periods that moved and $P$ the payoff ratio.

    Args:
        ret: Simple returns per period, as fractions.
        method: From "wins" and losses, or from the "moments" of a return that varies continuously; half of
            that is PerformanceAnalytics' KellyRatio.
        risk_free: Simple return per period, of the second method.

    Returns:
        One dimensionless Float64; negative says do not bet. Null without a gain or without a loss.

    Source:
        Kelly (1956), "A New Interpretation of Information Rate", Bell System Technical J. 35.

    >>> pl.DataFrame({"ret": [0.5, -0.25]}).select(kelly_fraction(pl.col("ret"))).item()
    0.25
    """
    if method == "moments":
        clean = observed(ret)
        return known((clean.mean() - risk_free) / dispersion(clean).pow(2))
    won = win_rate(ret, zeros="skip")
    return known(won - (1 - won) / payoff_ratio(ret))


def longest_run(ret: pl.Expr, *, of: Literal["wins", "losses"]) -> pl.Expr:
    """Longest unbroken run of gains, or of losses.

    Args:
        ret: Simple returns per period, as fractions, in time order; a missing one ends a run: it may have been
            anything.
        of: "wins" are above zero, "losses" below.

    Returns:
        One Float64 number of periods. Null without returns.

    >>> pl.DataFrame({"ret": [0.1, 0.1, -0.1, 0.1]}).select(longest_run(pl.col("ret"), of="wins")).item()
    2.0
    """
    ret = observed(ret)
    hit = (ret > 0 if of == "wins" else ret < 0).fill_null(value=False)
    # Hits so far, less hits up to the last miss: the run each period stands in.
    so_far = hit.cum_sum().cast(pl.Int64)
    at_miss = (so_far * (~hit).cast(pl.Int64)).cum_max()
    return pl.when(ret.count() > 0).then((so_far - at_miss).max().cast(pl.Float64))
