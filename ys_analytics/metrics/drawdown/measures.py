"""Drawdowns in one number: how deep and how long, on average and at worst.

Takes return expressions in time order and gives back one expression. Does not read a store, clock or
setting. Depths are negative; indices of pain are positive, as their authors have them.
"""

from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.drawdown.path import is_traceable, raw_depth
from ys_analytics.metrics.risk.extremes import entropic_value_at_risk
from ys_analytics.metrics.risk.tails import expected_shortfall, value_at_risk
from ys_analytics.metrics.sample import NO_RISK, as_loss, nan_to_null


@metric(
    title="Average drawdown",
    unit="fraction",
    direction="higher",
    minimum=1,
    null_reason="a return is below -100 %",
    why="The mean over episodes, an unfinished one counted, is PerformanceAnalytics' AverageDrawdown.",
    basis="linked",
    of=lambda f, s: f(s.ret, depth=s.depth),
)
def average_drawdown(
    ret: pl.Expr, *, per: Literal["episode", "period"] = "episode", depth: pl.Expr | None = None
) -> pl.Expr:
    r"""Mean depth of the falls from a peak.

    $$ \frac{1}{k}\sum_{i=1}^{k} D_i $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        per: Mean over the $k$ episodes, an unfinished one counted, or over every period (at peaks too).
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction from -1 to 0; 0 when the value never fell. Null without returns,
        or when one is below -1.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [-0.5, 1.0, -0.25, 1.0]}).select(average_drawdown(pl.col("ret"))).item()
    -0.375
    """
    depth = raw_depth(ret) if depth is None else depth
    if per == "period":
        return pl.when(is_traceable(ret, depth)).then(depth.mean())
    path = Episodes(depth)
    mean = (path.lowest.filter(path.last)).mean()
    return pl.when(is_traceable(ret, depth)).then(mean.fill_null(0.0))


@metric(
    title="Average drawdown length",
    unit="days",
    direction="lower",
    minimum=1,
    null_reason="the value never fell, or a return is below -100 %",
    why="From peak to recovery, an unfinished fall taken to end next day, is PerformanceAnalytics' convention.",
    basis="linked",
    of=lambda f, s: f(s.ret, days=s.days, depth=s.depth),
)
def average_drawdown_length(ret: pl.Expr, *, days: pl.Expr | None = None, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Mean number of periods from a peak to its recovery.

    $$ \operatorname{mean}_i \text{ peak to recovery} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        days: The periods each return spans; one each when None.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 number of periods, the recovering one included; an unfinished fall is taken to
        recover in the period after the last. Null when the value never fell.

    Source:
        As PerformanceAnalytics' AverageLength.

    >>> pl.DataFrame({"ret": [-0.5, 1.0, -0.25, 1.0]}).select(average_drawdown_length(pl.col("ret"))).item()
    2.0
    """
    depth = raw_depth(ret) if depth is None else depth
    path = Episodes(depth, days)
    episodes = path.last.sum()
    return pl.when(is_traceable(ret, depth) & (episodes > 0)).then(
        (path.length(path.under) + path.recovering) / episodes
    )


@metric(
    title="Longest time under water",
    unit="days",
    direction="lower",
    minimum=1,
    null_reason="a return is below -100 %",
    why="Days below the last peak are what an investor waits through.",
    basis="linked",
    of=lambda f, s: f(s.ret, days=s.days, depth=s.depth),
)
def longest_drawdown_length(ret: pl.Expr, *, days: pl.Expr | None = None, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Most periods in a row below a peak.

    $$ \max\text{ run of } D_t < 0 $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        days: The periods each return spans; one each when None.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 number of periods under water, the recovering one not counted; 0 when the value never
        fell. Null without returns, or when one is below -1.

    Source:
        Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [-0.5, 0.5, 1.0, -0.1]}).select(longest_drawdown_length(pl.col("ret"))).item()
    2.0
    """
    depth = raw_depth(ret) if depth is None else depth
    path = Episodes(depth, days)
    so_far = (path.under.cast(pl.Float64) * path.days).cum_sum()
    at_peak = (so_far * (~path.under).cast(pl.Float64)).cum_max()
    return pl.when(is_traceable(ret, depth)).then((so_far - at_peak).max())


@metric(
    title="Average recovery length",
    unit="days",
    direction="lower",
    minimum=1,
    null_reason="the value never fell, or a return is below -100 %",
    why="From trough to recovery, an unfinished fall taken to end next day, is PerformanceAnalytics' convention.",
    basis="linked",
    of=lambda f, s: f(s.ret, days=s.days, depth=s.depth),
)
def average_recovery_length(ret: pl.Expr, *, days: pl.Expr | None = None, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Mean number of periods from a trough to its recovery.

    $$ \operatorname{mean}_i \text{ trough to recovery} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        days: The periods each return spans; one each when None.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 number of periods; an unfinished fall is taken to recover in the period after
        the last. Null when the value never fell.

    Source:
        As PerformanceAnalytics' AverageRecovery.

    >>> pl.DataFrame({"ret": [-0.5, 0.5, 1.0]}).select(average_recovery_length(pl.col("ret"))).item()
    2.0
    """
    depth = raw_depth(ret) if depth is None else depth
    path = Episodes(depth, days)
    # What follows the trough, still under water, and then the return that recovers.
    after = path.under & (path.lowest <= path.lowest_ahead + NO_RISK)
    climbing = after & after.shift(1, fill_value=False)
    episodes = path.last.sum()
    return pl.when(is_traceable(ret, depth) & (episodes > 0)).then((path.length(climbing) + path.recovering) / episodes)


class Episodes:
    """What a row of the path knows of the episode it stands in.

    Episodes are numbered by the peaks before them, and depths shifted down by that number,
    so that one cumulative minimum over the whole path starts afresh at every peak.
    """

    def __init__(self, depth: pl.Expr, days: pl.Expr | None = None) -> None:
        """Tell the episodes of a path apart; `days` is how many periods each row spans, one when None."""
        present_rows = depth.is_not_null()
        depth = depth.drop_nulls()
        self.under = depth < -NO_RISK
        self.days = pl.lit(1.0) if days is None else days.fill_null(1).cast(pl.Float64).filter(present_rows)
        number = (~self.under).cum_sum().cast(pl.Float64)
        self.last = self.under & ~self.under.shift(-1, fill_value=False)
        self.lowest = (depth - number).cum_min() + number
        self.lowest_ahead = (depth + number).cum_min(reverse=True) - number

    def length(self, rows: pl.Expr) -> pl.Expr:
        """Periods that these rows span together."""
        return (rows.cast(pl.Float64) * self.days).sum()

    @property
    def recovering(self) -> pl.Expr:
        """Periods that the returns which recover span together; one for an episode that has not."""
        recovers = ~self.under & self.under.shift(1, fill_value=False)
        return self.length(recovers) + self.under.last().fill_null(value=False).cast(pl.Float64)


@metric(
    title="Ulcer index",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=1,
    null_reason="a return is below -100 %",
    why="The root mean square of falls at every close is Martin's own index, as a fraction and not in points.",
    basis="linked",
    of=lambda f, s: f(s.ret, depth=s.depth),
)
def ulcer_index(ret: pl.Expr, *, depth: pl.Expr | None = None, ddof: int = 0) -> pl.Expr:
    r"""Root mean square of the drawdown, in every period.

    $$ U = \sqrt{\frac{1}{n}\sum_t D_t^2} $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.
        ddof: Taken off the number of periods divided by; -1 counts the start as one more.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Martin and McCann (1989), "The Investor's Guide to Fidelity Funds".

    >>> pl.DataFrame({"ret": [-0.5, 1.0, 0.1, 0.1]}).select(ulcer_index(pl.col("ret"))).item()
    0.25
    """
    depth = raw_depth(ret) if depth is None else depth
    n = depth.count().cast(pl.Int64) - ddof
    return nan_to_null(pl.when(is_traceable(ret, depth)).then((depth.pow(2).sum() / n).sqrt()))


@metric(
    title="Pain index",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=1,
    null_reason="a return is below -100 %",
    why="The mean fall at every close is Zephyr's and Bacon's definition.",
    basis="linked",
    of=lambda f, s: f(s.ret, depth=s.depth),
)
def pain_index(ret: pl.Expr, *, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Mean drawdown of every period, as a positive number.

    $$ P = \frac{1}{n}\sum_t |D_t| $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Becker, Zephyr Associates; Bacon (2008), ch. 4.

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(pain_index(pl.col("ret"))).item()
    0.25
    """
    return as_loss(average_drawdown(ret, per="period", depth=depth))


@metric(
    title="Drawdown at risk 95 %",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="a return is below -100 %",
    why="The 95 % quantile of falls at every close, as Chekhlov and his co-authors define it.",
    basis="linked",
    of=lambda f, s: f(s.ret, confidence=s.confidence, depth=s.depth),
)
def drawdown_at_risk(ret: pl.Expr, *, confidence: float = 0.95, depth: pl.Expr | None = None) -> pl.Expr:
    """Drawdown that is exceeded in one period of twenty, as a positive number.

    $$ -Q_{1-c}(D_t) $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        confidence: 0.95 for one period in twenty.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Chekhlov, Uryasev and Zabarankin (2005), "Drawdown Measure in Portfolio Optimization".

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(drawdown_at_risk(pl.col("ret"))).item()
    0.5
    """
    depth = raw_depth(ret) if depth is None else depth
    return pl.when(is_traceable(ret, depth)).then(value_at_risk(depth, confidence=confidence, quantile="order"))


@metric(
    title="Conditional drawdown at risk 95 %",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="a return is below -100 %",
    why="The mean of the worst 5 % of falls at every close, as Chekhlov and his co-authors define it.",
    basis="linked",
    of=lambda f, s: f(s.ret, confidence=s.confidence, depth=s.depth),
)
def conditional_drawdown_at_risk(ret: pl.Expr, *, confidence: float = 0.95, depth: pl.Expr | None = None) -> pl.Expr:
    r"""Mean of the deepest twentieth of all periods' drawdowns, as a positive number.

    $$ -\operatorname{mean}(D_t : D_t \le Q_{1-c}(D)) $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        confidence: 0.95 for the deepest twentieth; the last period counts in part.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Chekhlov, Uryasev and Zabarankin (2005), "Drawdown Measure in Portfolio Optimization".

    >>> pl.DataFrame({"ret": [-0.5, 1.0]}).select(conditional_drawdown_at_risk(pl.col("ret"))).item()
    0.5
    """
    depth = raw_depth(ret) if depth is None else depth
    return pl.when(is_traceable(ret, depth)).then(expected_shortfall(depth, confidence=confidence, tail="fraction"))


@metric(
    title="Entropic drawdown at risk 95 %",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="a return is below -100 %",
    why="The tightest bound of its kind on the same falls, at the confidence of its neighbours.",
    basis="linked",
    of=lambda f, s: f(s.ret, confidence=s.confidence, depth=s.depth),
)
def entropic_drawdown_at_risk(
    ret: pl.Expr, *, confidence: float = 0.95, min_theta: float = 0.0, depth: pl.Expr | None = None
) -> pl.Expr:
    r"""Tightest entropic bound on the drawdown at risk, as a positive number.

    $$ \min_{\theta > 0} \theta\,\big(\ln \operatorname{mean}(e^{-D/\theta}) - \ln(1-c)\big) $$

    Args:
        ret: Simple returns per period, as fractions, in time order.
        confidence: 0.95 for one period in twenty.
        min_theta: As for `entropic_value_at_risk`.
        depth: `underwater(ret)` where it is at hand already; computed when None.

    Returns:
        One Float64 fraction, positive. Null without returns, or when one is below -1.

    Source:
        Ahmadi-Javid (2012), applied to drawdowns.

    >>> pl.DataFrame({"ret": [-0.5, 0.0]}).select(entropic_drawdown_at_risk(pl.col("ret"))).item()
    0.5
    """
    depth = raw_depth(ret) if depth is None else depth
    return pl.when(is_traceable(ret, depth)).then(
        entropic_value_at_risk(depth, confidence=confidence, min_theta=min_theta)
    )
