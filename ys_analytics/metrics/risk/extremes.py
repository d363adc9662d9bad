"""Tail risk beyond the observed returns: entropic bounds and a fitted Pareto tail.

Takes return expressions and gives back one expression. Both need a small search or fit per
portfolio that no expression can do, in plain arithmetic over one series. Losses are positive.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.sample import NO_RISK, check_confidence, finite_or_null, nan_to_null


def entropic_risk(ret: pl.Expr, *, theta: float = 1.0, confidence: float = 0.95) -> pl.Expr:
    r"""Entropic risk at one temperature: the bound Chernoff puts on the loss.

    $$ \theta\,\big(\ln \operatorname{mean}(e^{-r/\theta}) - \ln(1-c)\big) $$

    Args:
        ret: Simple returns per period, as fractions.
        theta: $\theta$, greater for less weight on the worst returns.
        confidence: $c$.

    Returns:
        One Float64 fraction, a loss positive. Null without returns.

    Source:
        Ahmadi-Javid (2012), "Entropic Value-at-Risk", J. Optimization Theory and Applications 155.

    >>> pl.DataFrame({"ret": [0.0, 0.0]}).select(entropic_risk(pl.col("ret"))).item()
    2.99...
    """
    check_confidence(confidence)
    return nan_to_null(((-finite_or_null(ret) / theta).exp().mean().log() - math.log(1 - confidence)) * theta)


@metric(
    title="Entropic value at risk 95 %, one day",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="The tightest bound of its kind at the confidence of its neighbours.",
    of=lambda f, s: f(s.daily, confidence=s.confidence),
)
def entropic_value_at_risk(ret: pl.Expr, *, confidence: float = 0.95, min_theta: float = 0.0) -> pl.Expr:
    r"""Tightest entropic bound on value at risk and expected shortfall.

    $$ \mathrm{EVaR}_c = \min_{\theta > 0} \theta\,\big(\ln \operatorname{mean}(e^{-r/\theta}) - \ln(1-c)\big) $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$.
        min_theta: Least $\theta$ tried, as a share of the worst loss; some tools stop at 0.01.

    Returns:
        One Float64 fraction, a loss positive, never above the worst loss when `min_theta` is 0.
        Null without returns.

    Source:
        Ahmadi-Javid (2012), J. Optimization Theory and Applications 155.

    >>> pl.DataFrame({"ret": [0.1, -0.5, -0.3, 0.8]}).select(entropic_value_at_risk(pl.col("ret"))).item()
    0.5
    """
    check_confidence(confidence)

    def tightest(series: pl.Series) -> float | None:
        returns = series.drop_nulls()
        return _minimal_entropy(returns, confidence, min_theta) if len(returns) else None

    return finite_or_null(ret).map_batches(tightest, return_dtype=pl.Float64, returns_scalar=True)


def _minimal_entropy(returns: pl.Series, confidence: float, min_theta: float) -> float:
    r"""The minimum over theta, where $t K'(t) - K(t) = -\ln(1-c)$ with $t = 1/\theta$.

    $K$ is the logarithm of mean $e^{-tr}$; the left side rises with $t$, so Newton's steps, kept
    between the last points on either side, cannot go astray.
    """
    n, worst = len(returns), float(returns.min())  # type: ignore[arg-type]
    above, target = returns - worst, -math.log(1 - confidence)
    spread = float(above.std() or 0.0)  # type: ignore[arg-type]
    best_value = 1 / (min_theta * -worst) if min_theta * -worst > 0 else math.inf
    # Where the worst returns alone are as likely as the tail, the bound is the worst loss itself.
    if spread < NO_RISK or (best_value == math.inf and math.log(n / int((above == 0).sum())) <= target):
        return 0.0 - worst
    low, high, t = 0.0, math.inf, min(math.sqrt(2 * target) / spread, best_value)
    for _ in range(100):
        weight = (above * -t).exp()
        tilted = above * weight
        total, first, second = float(weight.sum()), float(tilted.sum()), float((above * tilted).sum())
        mean = first / total
        gap = -t * mean - math.log(total / n) - target
        low, high = (t, high) if gap < 0 else (low, t)
        if gap < 0 and t >= best_value:
            break
        step = t - gap / (t * (second / total - mean * mean) or math.inf)
        step = min(step if low < step < high else (2 * t if high == math.inf else (low + high) / 2), best_value)
        if abs(step - t) <= 1e-12 * t:
            break
        t = step
    return -worst + (math.log(float((above * -t).exp().sum()) / n) + target) / t


@metric(
    title="Value at risk 99 %, one day, extreme values",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=100,
    null_reason="fewer than ten days stand in the tail",
    why="A peaks-over-threshold fit is made for 99 %, beyond what the history itself can show.",
    of=lambda f, s: f(s.daily),
)
def extreme_value_at_risk(ret: pl.Expr, *, confidence: float = 0.99, beyond: float = 0.9) -> pl.Expr:
    r"""Value at risk from a generalised Pareto tail fitted to the worst losses.

    $$ \mathrm{VaR}_c = u + \frac{\sigma}{\xi}\Big(\Big(\frac{n}{n_u}(1-c)\Big)^{-\xi} - 1\Big) $$

    with $u$ the loss at `beyond` and the tail's $\xi, \sigma$ from probability-weighted moments
    of the excesses: $\xi = 2 - a_0/(a_0 - 2a_1)$, $\sigma = 2 a_0 a_1/(a_0 - 2 a_1)$.

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$, at least `beyond`.
        beyond: Where the tail begins: 0.9 fits the worst tenth.

    Returns:
        One Float64 fraction, a loss positive. Null with fewer than ten returns in the tail, or
        when they do not vary.

    Raises:
        ValueError: `confidence` is below `beyond`.

    Source:
        McNeil and Frey (2000), J. Empirical Finance 7; Hosking and Wallis (1987), Technometrics 29(3).

    >>> frame = pl.DataFrame({"ret": [-x / 1000 for x in range(200)]})
    >>> frame.select(extreme_value_at_risk(pl.col("ret"), confidence=0.99)).item()
    0.197...
    """
    return _from_tail(ret, confidence, beyond, lambda tail: tail.value_at_risk)


@metric(
    title="Expected shortfall 99 %, one day, extreme values",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=100,
    null_reason="fewer than ten days stand in the tail, or it has no mean",
    why="The mean beyond the same fit, at the same 99 %.",
    of=lambda f, s: f(s.daily),
)
def extreme_expected_shortfall(ret: pl.Expr, *, confidence: float = 0.99, beyond: float = 0.9) -> pl.Expr:
    r"""Mean loss beyond `extreme_value_at_risk`, by the same fitted tail.

    $$ \mathrm{ES}_c = \frac{\mathrm{VaR}_c + \sigma - \xi u}{1 - \xi} $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: At least `beyond`.
        beyond: Where the tail begins: 0.9 fits the worst tenth.

    Returns:
        One Float64 fraction, a loss positive. Null where the value at risk is, and where
        $\xi \ge 1$: such a tail has no mean.

    Raises:
        ValueError: `confidence` is below `beyond`.

    Source:
        McNeil and Frey (2000), J. Empirical Finance 7.

    >>> frame = pl.DataFrame({"ret": [-x / 1000 for x in range(200)]})
    >>> frame.select(extreme_expected_shortfall(pl.col("ret"), confidence=0.99)).item()
    0.198...
    """
    return _from_tail(ret, confidence, beyond, lambda tail: tail.expected_shortfall)


@dataclass(frozen=True, slots=True)
class _ParetoTail:
    """A tail beyond u, fitted by probability-weighted moments: closed, so nothing can fail to settle."""

    u: float
    xi: float
    sigma: float
    share: float

    @property
    def value_at_risk(self) -> float:
        if abs(self.xi) < 1e-9:  # noqa: PLR2004 - the limit, where the formula would divide by zero
            return self.u - self.sigma * math.log(self.share)
        return self.u + self.sigma * math.expm1(-self.xi * math.log(self.share)) / self.xi

    @property
    def expected_shortfall(self) -> float | None:
        if self.xi >= 1:
            return None
        return (self.value_at_risk + self.sigma - self.xi * self.u) / (1 - self.xi)


def _from_tail(
    ret: pl.Expr, confidence: float, beyond: float, answer: Callable[[_ParetoTail], float | None]
) -> pl.Expr:
    if not 0 < beyond <= confidence < 1:
        raise ValueError(f"confidence must be from beyond ({beyond}) up to 1, not {confidence}")

    def of(series: pl.Series) -> float | None:
        tail = _fit_tail(-series.drop_nulls(), confidence, beyond)
        return None if tail is None else answer(tail)

    return nan_to_null(finite_or_null(ret).map_batches(of, return_dtype=pl.Float64, returns_scalar=True))


def _fit_tail(loss: pl.Series, confidence: float, beyond: float) -> _ParetoTail | None:
    u = loss.quantile(beyond, interpolation="linear")
    if u is None:
        return None
    excess = (loss.filter(loss > u) - u).sort()
    n = len(excess)
    if n < 10:  # noqa: PLR2004 - fewer points fit any tail
        return None
    a0 = float(excess.mean())  # type: ignore[arg-type]
    # Hosking and Wallis' plotting positions: (rank - 0.35) / n.
    a1 = float((excess * (1 - (pl.int_range(n, eager=True) + 0.65) / n)).mean())  # type: ignore[arg-type]
    if a0 < NO_RISK or a0 - 2 * a1 <= 0:
        return None
    return _ParetoTail(
        u=u, xi=2 - a0 / (a0 - 2 * a1), sigma=2 * a0 * a1 / (a0 - 2 * a1), share=len(loss) / n * (1 - confidence)
    )
