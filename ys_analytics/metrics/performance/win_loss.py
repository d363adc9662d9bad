"""Wins and losses: how often, how large, and the ratio of the two.

Takes return expressions and gives back one expression. Does not read a store, clock or setting. Undefined
is null, never NaN.
"""

from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.sample import dispersion, finite_or_null, nan_to_null, null_if_negligible


@metric(
    title="Winning days",
    unit="share",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="The share of all days, with those that did not move counted as no win, is what a batting average is of.",
    of=lambda f, s: f(s.daily),
)
def win_rate(ret: pl.Expr, *, zeros: Literal["count", "skip"] = "count") -> pl.Expr:
    r"""Share of periods with a gain.

    $$ \frac{\#\{t : r_t > 0\}}{n} $$

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
    ret = finite_or_null(ret)
    return (ret > 0).mean() if zeros == "count" else (pl.when(ret != 0).then(ret) > 0).mean()


@metric(
    title="Best day",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="The best single day is quoted as it was, and a return over several days is not one.",
    of=lambda f, s: f(s.daily),
    at=lambda s: best_day_date(s.daily, day=s.day),
)
def best_day(ret: pl.Expr) -> pl.Expr:
    r"""Highest return of one period.

    $$ \max_t r_t $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per group. Null without returns.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.01, -0.02, 0.03]}).select(best_day(pl.col("ret"))).item()
    0.03
    """
    return finite_or_null(ret).max()


@metric(
    title="Worst day",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="The worst single day is quoted as it was, and a return over several days is not one.",
    of=lambda f, s: f(s.daily),
    at=lambda s: worst_day_date(s.daily, day=s.day),
)
def worst_day(ret: pl.Expr) -> pl.Expr:
    r"""Lowest return of one period.

    $$ \min_t r_t $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction per group. Null without returns.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.01, -0.02, 0.03]}).select(worst_day(pl.col("ret"))).item()
    -0.02
    """
    return finite_or_null(ret).min()


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
    return _first_day(finite_or_null(ret), finite_or_null(ret).max(), day)


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
    return _first_day(finite_or_null(ret), finite_or_null(ret).min(), day)


def _first_day(ret: pl.Expr, extreme: pl.Expr, day: pl.Expr) -> pl.Expr:
    # Not `arg_max`: of equals it gives the first of whichever chunk was done first.
    return pl.when(extreme.is_not_null()).then(day.get(ret.index_of(extreme), null_on_oob=True))


@metric(
    title="Average gain of a winning day",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no gain",
    why="The mean over winning days alone is what the payoff ratio divides.",
    of=lambda f, s: f(s.daily),
)
def average_win(ret: pl.Expr) -> pl.Expr:
    r"""Mean of the returns above zero.

    $$ \bar r_{+} = \operatorname{mean}(r_t : r_t > 0) $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction. Null without a gain.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.25, 0.75, -0.5]}).select(average_win(pl.col("ret"))).item()
    0.5
    """
    ret = finite_or_null(ret)
    return nan_to_null(pl.when(ret > 0).then(ret).mean())


@metric(
    title="Average loss of a losing day",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no loss",
    why="The mean over losing days alone, with its sign, is what the payoff ratio divides.",
    of=lambda f, s: f(s.daily),
)
def average_loss(ret: pl.Expr) -> pl.Expr:
    r"""Mean of the returns below zero, itself negative.

    $$ \bar r_{-} = \operatorname{mean}(r_t : r_t < 0) $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One Float64 fraction. Null without a loss.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.25, -0.75, -0.25]}).select(average_loss(pl.col("ret"))).item()
    -0.5
    """
    ret = finite_or_null(ret)
    return nan_to_null(pl.when(ret < 0).then(ret).mean())


@metric(
    title="Profit factor",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no loss",
    why="Gross gains over gross losses is the traders' standard figure.",
    of=lambda f, s: f(s.daily),
)
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
    ret = finite_or_null(ret)
    return nan_to_null(ret.clip(lower_bound=0).sum() / null_if_negligible(-ret.clip(upper_bound=0).sum()))


@metric(
    title="Payoff ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no gain or no loss",
    why="Average gain over average loss is what break-even win rates are worked out from.",
    of=lambda f, s: f(s.daily),
)
def payoff_ratio(ret: pl.Expr) -> pl.Expr:
    r"""Average win per unit of average loss.

    $$ \bar r_{+} / |\bar r_{-}| $$

    Args:
        ret: Simple returns per period, as fractions.

    Returns:
        One dimensionless Float64. Null without a gain or without a loss.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [0.5, 0.5, -0.25]}).select(payoff_ratio(pl.col("ret"))).item()
    2.0
    """
    return nan_to_null(average_win(ret) / null_if_negligible(-average_loss(ret)))


@metric(
    title="Gain to pain",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no loss",
    why="Schwager divides the sum of all returns by the sum of losses; he uses months, here it is of days.",
    of=lambda f, s: f(s.daily),
)
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
    ret = finite_or_null(ret)
    return nan_to_null(ret.sum() / null_if_negligible(-ret.clip(upper_bound=0).sum()))


@metric(
    title="Expectancy of a day",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="Per day, in return, so that it adds up; Tharp's per unit of risk is available by argument.",
    of=lambda f, s: f(s.daily),
)
def expectancy(ret: pl.Expr, *, per: Literal["period", "loss"] = "period") -> pl.Expr:
    r"""What a period is worth on average, by wins and losses.

    $$ W \bar r_{+} + L \bar r_{-} \quad\text{or}\quad W \frac{\bar r_{+}}{|\bar r_{-}|} - L $$

    with $W$ and $L$ the shares of winning and losing periods: the mean return, split in two.

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
        wins = win_rate(ret, zeros="skip")
        return nan_to_null(wins * payoff_ratio(ret) - (1 - wins))
    clean = finite_or_null(ret)
    wins = (clean > 0).mean() * average_win(ret).fill_null(0)
    losses = (clean < 0).mean() * average_loss(ret).fill_null(0)
    return nan_to_null(wins + losses)


@metric(
    title="Kelly fraction",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="there is no gain or no loss",
    why="From wins and payoffs is the form that traders know; the continuous form is available by argument.",
    of=lambda f, s: f(s.daily),
)
def kelly_fraction(ret: pl.Expr, *, method: Literal["wins", "moments"] = "wins", risk_free: float = 0.0) -> pl.Expr:
    r"""Share of wealth that grows fastest when wins and losses repeat.

    $$ W - \frac{1 - W}{P} \quad\text{or}\quad \frac{\operatorname{mean}(r - f)}{\operatorname{var}(r)} $$

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
        clean = finite_or_null(ret)
        return nan_to_null((clean.mean() - risk_free) / dispersion(clean).pow(2))
    wins = win_rate(ret, zeros="skip")
    return nan_to_null(wins - (1 - wins) / payoff_ratio(ret))


@metric(
    name="longest_loss_run",
    title="Longest run of losing days",
    unit="days",
    direction="lower",
    minimum=1,
    null_reason="there is no return",
    why="Days in a row with a loss; a day without data ends a run, because its return is unknown.",
    cites="as quantstats' consecutive_losses",
    alternative=1,
    of=lambda f, s: f(s.daily, of="losses"),
)
@metric(
    name="longest_win_run",
    title="Longest run of winning days",
    unit="days",
    direction="higher",
    minimum=1,
    null_reason="there is no return",
    why="Days in a row with a gain; a day without data ends a run, because its return is unknown.",
    cites="As quantstats' consecutive_wins",
    of=lambda f, s: f(s.daily, of="wins"),
)
def longest_run(ret: pl.Expr, *, of: Literal["wins", "losses"]) -> pl.Expr:
    r"""Longest unbroken run of gains, or of losses.

    $$ \max\text{ run of } r_t > 0 \quad\text{or}\quad \max\text{ run of } r_t < 0 $$

    Args:
        ret: Simple returns per period, as fractions, in time order; a missing one ends a run: it may have been
            anything.
        of: "wins" are above zero, "losses" below.

    Returns:
        One Float64 number of periods. Null without returns.

    Source:
        As quantstats' consecutive_wins; as quantstats' consecutive_losses.

    >>> pl.DataFrame({"ret": [0.1, 0.1, -0.1, 0.1]}).select(longest_run(pl.col("ret"), of="wins")).item()
    2.0
    """
    ret = finite_or_null(ret)
    hit = (ret > 0 if of == "wins" else ret < 0).fill_null(value=False)
    # Hits so far, less hits up to the last miss: the run each period stands in.
    so_far = hit.cum_sum().cast(pl.Int64)
    at_other_side = (so_far * (~hit).cast(pl.Int64)).cum_max()
    return pl.when(ret.count() > 0).then((so_far - at_other_side).max().cast(pl.Float64))
