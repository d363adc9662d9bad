"""Value at risk and expected shortfall, by three methods.

Takes return expressions and gives back one expression. Does not read a store, clock or setting. Losses are
positive; undefined is null.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.declaration import metric
from ys_analytics.metrics.risk.dispersion import kurtosis, skewness
from ys_analytics.metrics.sample import (
    as_loss,
    ascending,
    check_confidence,
    combine,
    finite_or_null,
    nan_to_null,
    normal_density,
    normal_quantile,
    null_if_negligible,
)

Method = Literal["historical", "normal", "cornish_fisher"]
Quantile = Literal[
    "linear",
    "lower",
    "higher",
    "nearest",
    "midpoint",
    "order",
    "weibull",
    "hazen",
    "median_unbiased",
    "normal_unbiased",
]
# Hyndman and Fan's plotting positions, by which the quantile at q of n values has the rank (n + 1 - 2 a) q + a.
_PLOTTING = {"weibull": 0.0, "hazen": 0.5, "median_unbiased": 1 / 3, "normal_unbiased": 3 / 8}


@metric(
    name="value_at_risk_cornish_fisher",
    title="Value at risk 95 %, one day, Cornish-Fisher",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="Skewness and tails of the population, as Zangari and PerformanceAnalytics' modified VaR have them.",
    cites="Zangari",
    alternative=2,
    of=lambda f, s: f(s.daily, confidence=s.confidence, method="cornish_fisher"),
)
@metric(
    name="value_at_risk_normal",
    title="Value at risk 95 %, one day, normal",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="Mean and sample deviation of the same days, as RiskMetrics users expect next to the historical figure.",
    cites="Jorion",
    alternative=1,
    of=lambda f, s: f(s.daily, confidence=s.confidence, method="normal"),
)
@metric(
    title="Value at risk 95 %, one day, historical",
    short="VaR",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="Historical simulation at 95 % over one day assumes no distribution, and is the platform's own convention.",
    cites="Jorion",
    of=lambda f, s: f(s.daily, confidence=s.confidence),
)
def value_at_risk(
    ret: pl.Expr,
    *,
    confidence: float = 0.95,
    method: Method = "historical",
    quantile: Quantile = "linear",
    ddof: int = 1,
    mean: Literal["observed", "zero"] = "observed",
    horizon: float = 1,
) -> pl.Expr:
    r"""Loss that returns exceed on one period in twenty.

    $$ \mathrm{VaR}_c = -Q_{1-c}(r) \quad\text{or}\quad
       -\mu - \sigma z \quad\text{or}\quad
       -\mu - \sigma h(z, S, K) $$

    with $z$ the normal quantile at $1-c$ and Cornish and Fisher's
    $h = z + (z^2-1)S/6 + (z^3-3z)K/24 - (2z^3-5z)S^2/36$.

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$, 0.95 for one period in twenty.
        method: "historical" reads the quantile $Q$ from the returns themselves; "normal" from
            their mean and deviation; "cornish_fisher" bends that by skewness $S$ and excess kurtosis $K$.
        quantile: How $Q$ falls between two returns; "order" takes the return of rank $\lceil (1-c) n \rceil$,
            "linear" is Excel's PERCENTILE.INC and "weibull" its PERCENTILE.EXC.
        ddof: Of the deviation in the two parametric methods; skewness and kurtosis are the population's.
        mean: $\mu$ as observed, or taken for zero, as RiskMetrics does for a day, in the two parametric methods.
        horizon: Periods ahead: $\mu$ grows with it and $\sigma$, like the historical loss, with its root.

    Returns:
        One Float64 fraction; a loss is positive, and a negative figure says that even
        the bad period gained. Null without returns.

    Raises:
        ValueError: `confidence` is outside (0, 1); historical admits both ends.

    Source:
        Jorion (2006), "Value at Risk", ch. 5; Zangari (1996), "A VaR methodology for portfolios that include options".

    >>> frame = pl.DataFrame({"ret": [-0.04, -0.02, 0.0, 0.02, 0.04]})
    >>> frame.select(value_at_risk(pl.col("ret"), confidence=0.75)).item()
    0.02
    """
    if method == "historical":
        return as_loss(nan_to_null(_quantile(finite_or_null(ret), confidence, quantile) * math.sqrt(horizon)))
    check_confidence(confidence)
    clean, z = finite_or_null(ret), normal_quantile(1 - confidence)
    drift, root = horizon if mean == "observed" else 0.0, math.sqrt(horizon)
    if method == "normal":
        return as_loss(nan_to_null(clean.mean() * drift + clean.std(ddof=ddof) * (z * root)))
    return as_loss(
        combine(
            lambda mean, deviation, skew, tails: nan_to_null(
                mean * drift + deviation * root * _cornish_fisher(skew, tails, z)
            ),
            **_moments(ret, ddof),
        )
    )


@metric(
    name="expected_shortfall_cornish_fisher",
    title="Expected shortfall 95 %, one day, Cornish-Fisher",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="the returns do not vary",
    why="The modified expected shortfall of PerformanceAnalytics, which Boudt and his co-authors derive.",
    cites="Boudt",
    alternative=2,
    of=lambda f, s: f(s.daily, confidence=s.confidence, method="cornish_fisher"),
)
@metric(
    name="expected_shortfall_normal",
    title="Expected shortfall 95 %, one day, normal",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="The normal tail beyond the normal quantile, from the same mean and deviation.",
    cites="Acerbi",
    alternative=1,
    of=lambda f, s: f(s.daily, confidence=s.confidence, method="normal"),
)
@metric(
    title="Expected shortfall 95 %, one day, historical",
    short="Expected shortfall",
    unit="fraction",
    signed=False,
    direction="lower",
    minimum=MINIMUM_DAYS,
    null_reason="there is no return",
    why="The mean loss at or beyond the historical quantile is what regulators mean by expected shortfall.",
    cites="Acerbi",
    of=lambda f, s: f(s.daily, confidence=s.confidence),
)
def expected_shortfall(
    ret: pl.Expr,
    *,
    confidence: float = 0.95,
    method: Method = "historical",
    tail: Literal["at_or_below", "below", "count", "fraction"] = "at_or_below",
    ddof: int = 1,
    mean: Literal["observed", "zero"] = "observed",
    horizon: float = 1,
) -> pl.Expr:
    r"""Mean loss of the periods at or beyond the value at risk.

    $$ \mathrm{ES}_c = -\operatorname{mean}(r_t : r_t \le Q_{1-c}(r)) \quad\text{or}\quad
       -\mu + \sigma\,\frac{\varphi(z)}{1-c} \quad\text{or}\quad -\mu + \sigma E(h, S, K) $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$, 0.95 for one period in twenty.
        method: As for `value_at_risk`; "cornish_fisher" integrates the Edgeworth expansion and is
            never below its own value at risk.
        tail: What the historical mean is over: returns "at_or_below" the linear quantile, strictly
            "below" it, the lowest $\lfloor (n-1)(1-c) \rfloor + 1$ by "count", or the exact
            "fraction" $(1-c) n$ of them, the last in part.
        ddof: Of the deviation in the two parametric methods.
        mean: As for `value_at_risk`.
        horizon: As for `value_at_risk`.

    Returns:
        One Float64 fraction; a loss is positive. Null without returns.

    Raises:
        ValueError: `confidence` is outside (0, 1); historical admits both ends.

    Source:
        Acerbi and Tasche (2002), J. Banking and Finance 26; Rockafellar and Uryasev (2002), same volume;
        Boudt, Peterson and Croux (2008), J. of Risk 11(2).

    >>> frame = pl.DataFrame({"ret": [-0.04, -0.02, 0.0, 0.02]})
    >>> frame.select(expected_shortfall(pl.col("ret"), confidence=0.5)).item()
    0.03
    """
    if method == "historical":
        return as_loss(nan_to_null(_tail_mean(finite_or_null(ret), confidence, tail) * math.sqrt(horizon)))
    check_confidence(confidence)
    clean, z = finite_or_null(ret), normal_quantile(1 - confidence)
    drift, root = horizon if mean == "observed" else 0.0, math.sqrt(horizon)
    if method == "normal":
        beyond = normal_density(z) / (1 - confidence)
        return as_loss(nan_to_null(clean.mean() * drift - clean.std(ddof=ddof) * (beyond * root)))

    def edgeworth(mean: pl.Expr, deviation: pl.Expr, skew: pl.Expr, tails: pl.Expr) -> pl.Expr:
        h = _cornish_fisher(skew, tails, z)
        density = (-h.pow(2) / 2).exp() / math.sqrt(2 * math.pi)
        skew_term = h.pow(3) * skew / 6 + (h.pow(6) - 9 * h.pow(4) + 9 * h.pow(2) + 3) * skew.pow(2) / 72
        kurtosis_term = (h.pow(4) - 2 * h.pow(2) - 1) * tails / 24
        return nan_to_null(
            mean * drift
            - deviation * root * pl.max_horizontal(density * (skew_term + kurtosis_term + 1) / (1 - confidence), -h)
        )

    return as_loss(combine(edgeworth, **_moments(ret, ddof)))


def normal_value_at_risk(mean: float, deviation: float, *, confidence: float = 0.95) -> float:
    """Value at risk of a normal return whose mean and deviation are known, never below zero.

    Args:
        mean: Expected return.
        deviation: Its standard deviation.
        confidence: 0.95 for one period in twenty.

    Returns:
        The loss, in the unit of the arguments; 0 when even the bad period gains.

    >>> round(normal_value_at_risk(0.0, 1.0), 4)
    1.6449
    """
    check_confidence(confidence)
    return max(0.0, -mean - deviation * normal_quantile(1 - confidence))


def normal_expected_shortfall(mean: float, deviation: float, *, confidence: float = 0.95) -> float:
    """Expected shortfall of a normal return whose mean and deviation are known, never below zero.

    Args:
        mean: Expected return.
        deviation: Its standard deviation.
        confidence: 0.95 for one period in twenty.

    Returns:
        The mean loss beyond the value at risk, in the unit of the arguments; 0 when it is a gain.

    >>> round(normal_expected_shortfall(0.0, 1.0), 4)
    2.0627
    """
    check_confidence(confidence)
    return max(0.0, -mean + deviation * normal_density(normal_quantile(1 - confidence)) / (1 - confidence))


@metric(
    title="Tail ratio",
    unit="ratio",
    direction="higher",
    minimum=MINIMUM_DAYS,
    null_reason="the bad tail is zero",
    why="The 95th over the 5th percentile is empyrical's and pyfolio's convention.",
    of=lambda f, s: f(s.daily, confidence=s.confidence),
)
def tail_ratio(ret: pl.Expr, *, confidence: float = 0.95) -> pl.Expr:
    r"""Size of the good tail per unit of the bad one.

    $$ |Q_c(r)| / |Q_{1-c}(r)| $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: Where the tails are cut.

    Returns:
        One dimensionless Float64. Null without returns, or when the bad tail is zero.

    Source:
        As empyrical's tail_ratio; linear-interpolated quantiles.

    >>> pl.DataFrame({"ret": [-0.5, 0.0, 1.0]}).select(tail_ratio(pl.col("ret"), confidence=1.0)).item()
    2.0
    """
    clean = finite_or_null(ret)
    upper_tail, lower_tail = _quantile(clean, 1 - confidence, "linear"), _quantile(clean, confidence, "linear")
    return nan_to_null(upper_tail.abs() / null_if_negligible(lower_tail.abs()))


def _check_share(confidence: float) -> None:
    """History has a best and a worst return, so it admits both ends."""
    if not 0 <= confidence <= 1:
        raise ValueError(f"confidence must be between 0 and 1, as 0.95, not {confidence}")


def _quantile(ret: pl.Expr, confidence: float, quantile: str) -> pl.Expr:
    _check_share(confidence)
    if quantile == "order":
        n = ret.count().cast(pl.Float64)
        # A hair below: 0.05 * 20 is one, not 1.0000000000000002 rounded up to two.
        rank = (n * (1 - confidence) - 1e-9).ceil().clip(lower_bound=1).cast(pl.Int64)
        return ascending(ret).get(rank - 1, null_on_oob=True)
    if quantile in _PLOTTING:
        n, a, ordered = ret.count().cast(pl.Float64), _PLOTTING[quantile], ascending(ret)
        rank = ((n + 1 - 2 * a) * (1 - confidence) + a).clip(1.0, n)
        at = rank.floor().cast(pl.Int64)
        low, high = (ordered.get(place, null_on_oob=True) for place in (at - 1, at.clip(upper_bound=ret.count() - 1)))
        return low + (high - low) * (rank - rank.floor())
    return ret.quantile(1 - confidence, interpolation=quantile)  # type: ignore[arg-type]


def _tail_mean(ret: pl.Expr, confidence: float, tail: str) -> pl.Expr:
    _check_share(confidence)
    share = 1 - confidence
    if tail in {"at_or_below", "below"}:
        edge = ret.quantile(share, interpolation="linear")
        return ret.filter(ret <= edge if tail == "at_or_below" else ret < edge).mean()
    n, ordered = ret.count().cast(pl.Float64), ascending(ret)
    rank = ordered.cum_count().cast(pl.Float64)
    if tail == "count":
        return ordered.filter(rank <= ((n - 1) * share).floor() + 1).mean()
    k = n * share
    whole = (k - 1e-9).ceil() - 1
    # All of the worst, and of the last one the part that is left.
    weight = pl.when(rank <= whole).then(1.0).when(rank == whole + 1).then(k - whole).otherwise(0.0)
    return (ordered * weight).sum() / pl.when(n > 0).then(k)


def _moments(ret: pl.Expr, ddof: int) -> dict[str, pl.Expr]:
    clean = finite_or_null(ret)
    return {
        "mean": clean.mean(),
        "deviation": clean.std(ddof=ddof),
        "skew": skewness(ret, kind="population"),
        "tails": kurtosis(ret, kind="population"),
    }


def _cornish_fisher(s: pl.Expr, k: pl.Expr, z: float) -> pl.Expr:
    """The normal's quantile bent by skewness and excess kurtosis."""
    return s * ((z * z - 1) / 6) + k * ((z**3 - 3 * z) / 24) - s.pow(2) * ((2 * z**3 - 5 * z) / 36) + z
