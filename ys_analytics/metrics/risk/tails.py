"""How bad a bad day is: value at risk and expected shortfall by four methods.

Takes return expressions and gives back one expression. Knows no store, clock or
setting. Losses are positive here, as the word risk has it; undefined is null.
"""

import math
from typing import Literal

import polars as pl

from ys_analytics.metrics.risk.spread import kurtosis, skewness
from ys_analytics.metrics.sample import (
    NO_RISK,
    check_confidence,
    known,
    normal_density,
    normal_quantile,
    observed,
    risky,
)

Method = Literal["historical", "normal", "cornish_fisher"]


def value_at_risk(
    ret: pl.Expr,
    *,
    confidence: float = 0.95,
    method: Method = "historical",
    quantile: Literal["linear", "lower", "higher", "nearest", "midpoint", "order"] = "linear",
    ddof: int = 1,
) -> pl.Expr:
    r"""Loss that returns exceed on one period in twenty.

    $$ \mathrm{VaR}_c = -Q_{1-c}(r) \quad\text{or}\quad -\mu - \sigma z \quad\text{or}\quad -\mu - \sigma h $$

    with $z$ the normal quantile at $1-c$ and Cornish and Fisher's
    $h = z + (z^2-1)S/6 + (z^3-3z)K/24 - (2z^3-5z)S^2/36$.

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$, 0.95 for one period in twenty.
        method: "historical" reads the quantile $Q$ from the returns themselves; "normal" from
            their mean and deviation; "cornish_fisher" bends that by skewness $S$ and excess kurtosis $K$.
        quantile: How $Q$ falls between two returns; "order" takes the return of rank $\lceil (1-c) n \rceil$.
        ddof: Of the deviation in the two parametric methods; skewness and kurtosis are the population's.

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
        return -_quantile(observed(ret), confidence, quantile) + 0.0
    check_confidence(confidence)
    clean = observed(ret)
    z = normal_quantile(1 - confidence)
    bend = pl.lit(z) if method == "normal" else _cornish_fisher(ret, z)
    return known(-clean.mean() - clean.std(ddof=ddof) * bend + 0.0)


def expected_shortfall(
    ret: pl.Expr,
    *,
    confidence: float = 0.95,
    method: Method = "historical",
    tail: Literal["at_or_below", "below", "count", "fraction"] = "at_or_below",
    ddof: int = 1,
) -> pl.Expr:
    r"""Mean loss of the periods at or beyond the value at risk.

    $$ \mathrm{ES}_c = -\operatorname{mean}(r_t : r_t \le Q_{1-c}(r)) \quad\text{or}\quad
       -\mu + \sigma\,\frac{\varphi(z)}{1-c} $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$, 0.95 for one period in twenty.
        method: As for `value_at_risk`; "cornish_fisher" integrates the Edgeworth expansion and is
            never below its own value at risk.
        tail: What the historical mean is over: returns "at_or_below" the linear quantile, strictly
            "below" it, the lowest $\lfloor (n-1)(1-c) \rfloor + 1$ by "count", or the exact
            "fraction" $(1-c) n$ of them, the last in part.
        ddof: Of the deviation in the two parametric methods.

    Returns:
        One Float64 fraction; a loss is positive. Null without returns.

    Raises:
        ValueError: `confidence` is outside (0, 1).

    Source:
        Acerbi and Tasche (2002), J. Banking and Finance 26; Rockafellar and Uryasev (2002), same volume;
        Boudt, Peterson and Croux (2008), J. of Risk 11(2).

    >>> frame = pl.DataFrame({"ret": [-0.04, -0.02, 0.0, 0.02]})
    >>> frame.select(expected_shortfall(pl.col("ret"), confidence=0.5)).item()
    0.03
    """
    check_confidence(confidence)
    if method == "historical":
        return -_tail_mean(observed(ret), confidence, tail) + 0.0
    clean, z = observed(ret), normal_quantile(1 - confidence)
    if method == "normal":
        beyond = pl.lit(normal_density(z) / (1 - confidence))
    else:
        h, s, k = _cornish_fisher(ret, z), skewness(ret, kind="population"), kurtosis(ret, kind="population")
        density = (-h.pow(2) / 2).exp() / math.sqrt(2 * math.pi)
        by_skew = h.pow(3) * s / 6 + (h.pow(6) - 9 * h.pow(4) + 9 * h.pow(2) + 3) * s.pow(2) / 72
        by_tail = (h.pow(4) - 2 * h.pow(2) - 1) * k / 24
        beyond = pl.max_horizontal(density * (by_skew + by_tail + 1) / (1 - confidence), -h)
    return known(-clean.mean() + clean.std(ddof=ddof) * beyond + 0.0)


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


def tail_ratio(ret: pl.Expr, *, confidence: float = 0.95) -> pl.Expr:
    r"""Size of the good tail per unit of the bad one.

    $$ |Q_{0.95}(r)| / |Q_{0.05}(r)| $$

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
    clean = observed(ret)
    good, bad = _quantile(clean, 1 - confidence, "linear"), _quantile(clean, confidence, "linear")
    return known(good.abs() / risky(bad.abs()))


def entropic_risk(ret: pl.Expr, *, theta: float = 1.0, confidence: float = 0.95) -> pl.Expr:
    r"""Entropic risk at one temperature: the bound Chernoff puts on the loss.

    $$ \theta\,\big(\ln \operatorname{mean}(e^{-r/\theta}) - \ln(1-c)\big) $$

    Args:
        ret: Simple returns per period, as fractions.
        theta: $\theta$, greater for a calmer judge.
        confidence: $c$.

    Returns:
        One Float64 fraction, a loss positive. Null without returns.

    Source:
        Ahmadi-Javid (2012), "Entropic Value-at-Risk", J. Optimization Theory and Applications 155.

    >>> pl.DataFrame({"ret": [0.0, 0.0]}).select(entropic_risk(pl.col("ret"))).item()
    2.99...
    """
    check_confidence(confidence)
    return known(((-observed(ret) / theta).exp().mean().log() - math.log(1 - confidence)) * theta)


def entropic_value_at_risk(ret: pl.Expr, *, confidence: float = 0.95, least_theta: float = 0.0) -> pl.Expr:
    r"""Tightest entropic bound on value at risk and expected shortfall.

    $$ \mathrm{EVaR}_c = \min_{\theta > 0} \theta\,\big(\ln \operatorname{mean}(e^{-r/\theta}) - \ln(1-c)\big) $$

    Args:
        ret: Simple returns per period, as fractions.
        confidence: $c$.
        least_theta: Least $\theta$ tried, as a share of the worst loss; some tools stop at 0.01.

    Returns:
        One Float64 fraction, a loss positive, never above the worst loss when `least_theta` is 0.
        Null without returns.

    Source:
        Ahmadi-Javid (2012), J. Optimization Theory and Applications 155.

    >>> pl.DataFrame({"ret": [0.1, -0.5, -0.3, 0.8]}).select(entropic_value_at_risk(pl.col("ret"))).item()
    0.5
    """
    check_confidence(confidence)

    def tightest(series: pl.Series) -> float | None:
        returns = series.drop_nulls()
        return _minimal_entropy(returns, confidence, least_theta) if len(returns) else None

    return observed(ret).map_batches(tightest, return_dtype=pl.Float64, returns_scalar=True)


def _minimal_entropy(returns: pl.Series, confidence: float, least_theta: float) -> float:
    """The minimum over theta, by golden sections of its logarithm: the bound has one valley."""
    worst = float(returns.min())  # type: ignore[arg-type]
    scale = float(returns.max()) - worst  # type: ignore[arg-type]
    if scale < NO_RISK:
        return -worst
    above = returns - worst
    floor = math.log(1 - confidence)

    def bound(log_theta: float) -> float:
        theta = math.exp(log_theta)
        mean = float((above / -theta).exp().mean())  # type: ignore[arg-type]
        return -worst + theta * (math.log(mean) - floor)

    least = max(0.0, least_theta * -worst)
    low, high, golden = math.log(least or scale * 1e-5), math.log(scale) + 6, (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = bound(left), bound(right)
    for _ in range(60):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = bound(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = bound(right)
    return min(at_left, at_right, bound(math.log(least)) if least > 0 else -worst)


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
    u, xi, sigma, share = _pareto_tail(ret, confidence, beyond)
    curve = pl.when(xi.abs() > 1e-9).then(((share.log() * -xi).exp() - 1) / xi).otherwise(-share.log())  # noqa: PLR2004
    return known(u + sigma * curve)


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
    u, xi, sigma, _ = _pareto_tail(ret, confidence, beyond)
    var = extreme_value_at_risk(ret, confidence=confidence, beyond=beyond)
    return known(pl.when(xi < 1).then((var + sigma - xi * u) / (1 - xi)))


def _pareto_tail(ret: pl.Expr, confidence: float, beyond: float) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    if not 0 < beyond <= confidence < 1:
        raise ValueError(f"confidence must be from beyond ({beyond}) up to 1, not {confidence}")
    loss = -observed(ret)
    u = loss.quantile(beyond, interpolation="linear")
    excess = (loss - u).filter(loss > u).sort()
    n = excess.count().cast(pl.Float64)
    rank = excess.cum_count().cast(pl.Float64)
    a0 = excess.mean()
    a1 = (excess * (1 - (rank - 0.35) / n)).mean()
    gap = pl.when((n >= 10) & (a0 > NO_RISK)).then(a0 - 2 * a1)  # noqa: PLR2004 - fewer points fit any tail
    share = loss.count() / n * (1 - confidence)
    return u, 2 - a0 / gap, 2 * a0 * a1 / gap, share


def _quantile(ret: pl.Expr, confidence: float, quantile: str) -> pl.Expr:
    if not 0 <= confidence <= 1:
        raise ValueError(f"confidence must be between 0 and 1, as 0.95, not {confidence}")
    if quantile == "order":
        n = ret.count().cast(pl.Float64)
        # A hair below: 0.05 * 20 is one, not 1.0000000000000002 rounded up to two.
        rank = (n * (1 - confidence) - 1e-9).ceil().clip(lower_bound=1).cast(pl.Int64)
        return ret.drop_nulls().sort().get(rank - 1, null_on_oob=True)
    return ret.quantile(1 - confidence, interpolation=quantile)  # type: ignore[arg-type]


def _tail_mean(ret: pl.Expr, confidence: float, tail: str) -> pl.Expr:
    share = 1 - confidence
    if tail in {"at_or_below", "below"}:
        edge = ret.quantile(share, interpolation="linear")
        return ret.filter(ret <= edge if tail == "at_or_below" else ret < edge).mean()
    n, ordered = ret.count().cast(pl.Float64), ret.drop_nulls().sort()
    rank = ordered.cum_count().cast(pl.Float64)
    if tail == "count":
        return ordered.filter(rank <= ((n - 1) * share).floor() + 1).mean()
    k = n * share
    whole = (k - 1e-9).ceil() - 1
    # All of the worst, and of the last one the part that is left.
    weight = pl.when(rank <= whole).then(1.0).when(rank == whole + 1).then(k - whole).otherwise(0.0)
    return (ordered * weight).sum() / pl.when(n > 0).then(k)


def _cornish_fisher(ret: pl.Expr, z: float) -> pl.Expr:
    s, k = skewness(ret, kind="population"), kurtosis(ret, kind="population")
    return s * ((z * z - 1) / 6) + k * ((z**3 - 3 * z) / 24) - s.pow(2) * ((2 * z**3 - 5 * z) / 36) + z
