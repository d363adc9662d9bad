"""Contribution of each asset to volatility, value at risk and expected shortfall.

Takes a long frame of asset returns and the weights of today, gives one row an asset. The
parts add up to the whole (Euler), so a share is a share. Does not read a store, clock or setting.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.metrics.sample import check_confidence, normal_density, normal_quantile
from ys_analytics.metrics.spans import spanning

Measure = Literal[
    "volatility",
    "value_at_risk",
    "expected_shortfall",
    "value_at_risk_cornish_fisher",
    "expected_shortfall_cornish_fisher",
]

_MIN_COMMON_DAYS = 4


def risk_contributions(
    returns: pl.DataFrame, weights: pl.DataFrame, *, measure: Measure = "value_at_risk", confidence: float = 0.95
) -> pl.DataFrame:
    r"""Part of each asset in the risk of the mix held today.

    $$ C_i = w_i\,\frac{\partial R}{\partial w_i}, \qquad \sum_i C_i = R $$

    Args:
        returns: asset String, day Date, ret Float64, and perhaps days Int64, which each return spans; only returns
            of all assets over the same days are used.
        weights: asset String, weight Float64, of today; negative for a debt.
        measure: $R$ per period: volatility, or a tail by the normal or by Cornish and Fisher, with the
            sample's covariance and the population's skew and tails.
        confidence: Of the tails.

    Returns:
        asset String, weight Float64, marginal Float64 (what one more unit of weight adds), component
        Float64 ($C_i$, a loss positive), share Float64 (of $R$; null when there is none), in the order of `weights`.

    Raises:
        ContractError: an asset has no return, or there are fewer than four days with all of them.

    Source:
        Boudt, Peterson and Croux (2008), "Estimation and Decomposition of Downside Risk", J. of Risk 11(2).

    >>> from datetime import date
    >>> days = pl.date_range(date(2025, 1, 1), date(2025, 1, 4), eager=True)
    >>> returns = pl.DataFrame({"asset": "a", "day": days, "ret": [0.1, -0.1, 0.1, -0.1]})
    >>> weights = pl.DataFrame({"asset": ["a"], "weight": [1.0]})
    >>> risk_contributions(returns, weights, measure="volatility")["component"].item()
    0.115...
    """
    check_confidence(confidence)
    marginal = _MARGINAL[measure](normal_quantile(1 - confidence), 1 - confidence)
    of = _centred(returns, weights).select("asset", "weight", marginal=marginal)
    component = pl.col("weight") * pl.col("marginal")
    total = pl.when(component.sum().abs() > 0).then(component.sum())
    return of.with_columns(component=component, share=component / total)


def _deviation_gradient() -> pl.Expr:
    """What one more unit of weight adds to the deviation of the mix."""
    return pl.when(pl.col("sigma") > 0).then(pl.col("m11") / pl.col("sigma")).otherwise(0.0)


@dataclass(frozen=True, slots=True)
class _CornishFisher:
    """Cornish and Fisher's quantile of the mix, its shape, and what one more unit of weight does to each."""

    skew: pl.Expr
    excess_kurtosis: pl.Expr
    quantile: pl.Expr
    skew_gradient: pl.Expr
    kurtosis_gradient: pl.Expr
    quantile_gradient: pl.Expr


def _cornish_fisher(z: float) -> _CornishFisher:
    sigma, deviation_gradient = pl.col("sigma"), _deviation_gradient()
    skew, excess_kurtosis = pl.col("m3") / sigma.pow(3), pl.col("m4") / sigma.pow(4) - 3
    skew_gradient = pl.col("m12") * 3 / sigma.pow(3) - skew * deviation_gradient * 3 / sigma
    kurtosis_gradient = pl.col("m13") * 4 / sigma.pow(4) - (excess_kurtosis + 3) * deviation_gradient * 4 / sigma
    a, b, c = (z * z - 1) / 6, (z**3 - 3 * z) / 24, (2 * z**3 - 5 * z) / 36
    quantile = skew * a + excess_kurtosis * b - skew.pow(2) * c + z
    return _CornishFisher(
        skew,
        excess_kurtosis,
        quantile,
        skew_gradient,
        kurtosis_gradient,
        skew_gradient * a + kurtosis_gradient * b - skew * skew_gradient * (2 * c),
    )


def _modified_value_at_risk(z: float, _: float) -> pl.Expr:
    tail = _cornish_fisher(z)
    return -pl.col("mean") - _deviation_gradient() * tail.quantile - pl.col("sigma") * tail.quantile_gradient


def _modified_shortfall(z: float, share: float) -> pl.Expr:
    """By the Edgeworth expansion where that is beyond the quantile, else by the quantile."""
    tail = _cornish_fisher(z)
    h, s, k = tail.quantile, tail.skew, tail.excess_kurtosis
    density = (-h.pow(2) / 2).exp() / (math.sqrt(2 * math.pi) * share)
    by_square, by_tail = h.pow(6) - 9 * h.pow(4) + 9 * h.pow(2) + 3, h.pow(4) - 2 * h.pow(2) - 1
    level = h.pow(3) * s / 6 + by_square * s.pow(2) / 72 + by_tail * k / 24 + 1
    slope = h.pow(2) * s / 2 + (h.pow(5) - 6 * h.pow(3) + 3 * h) * s.pow(2) / 12 + (h.pow(3) - h) * k / 6
    by_shape = (h.pow(3) / 6 + by_square * s / 36) * tail.skew_gradient + by_tail / 24 * tail.kurtosis_gradient
    edgeworth = density * level
    edgeworth_gradient = density * ((slope - h * level) * tail.quantile_gradient + by_shape)
    beyond = edgeworth >= -h
    multiple = pl.when(beyond).then(edgeworth).otherwise(-h)
    multiple_gradient = pl.when(beyond).then(edgeworth_gradient).otherwise(-tail.quantile_gradient)
    return -pl.col("mean") + _deviation_gradient() * multiple + pl.col("sigma") * multiple_gradient


# By measure, what one more unit of weight adds, from the normal quantile and the share of the tail.
_MARGINAL: dict[Measure, Callable[[float, float], pl.Expr]] = {
    "volatility": lambda _, __: _deviation_gradient(),
    "value_at_risk": lambda z, _: -pl.col("mean") - _deviation_gradient() * z,
    "expected_shortfall": lambda z, share: -pl.col("mean") + _deviation_gradient() * (normal_density(z) / share),
    "value_at_risk_cornish_fisher": _modified_value_at_risk,
    "expected_shortfall_cornish_fisher": _modified_shortfall,
}


def _centred(returns: pl.DataFrame, weights: pl.DataFrame) -> pl.DataFrame:
    """Each asset's mean and co-moments with the mix, and the moments of the mix itself."""
    spanned = spanning(returns.join(weights.select("asset", "weight"), on="asset"), by="asset")
    absent = weights.filter(~pl.col("asset").is_in(spanned["asset"].unique().to_list()))
    if absent.height:
        raise ContractError(f"returns: asset {absent['asset'][0]} has none; leave it out of the weights")
    mix_rows = spanned.filter(pl.len().over("day", "begun") == weights.height)
    if mix_rows["day"].n_unique() < _MIN_COMMON_DAYS:
        raise ContractError(f"returns: needs {_MIN_COMMON_DAYS} days with all assets, has {mix_rows['day'].n_unique()}")
    centred_ret = pl.col("ret") - pl.col("ret").mean().over("asset")
    centred = mix_rows.with_columns(own=centred_ret).with_columns(
        mix=(pl.col("own") * pl.col("weight")).sum().over("day")
    )
    own, mix, n = pl.col("own"), pl.col("mix"), pl.len()
    moments = centred.group_by("asset", maintain_order=True).agg(
        mean=pl.col("ret").mean(),
        m11=(own * mix).sum() / (n - 1),
        m12=(own * mix.pow(2)).mean(),
        m13=(own * mix.pow(3)).mean(),
        sigma=(mix.pow(2).sum() / (n - 1)).sqrt(),
        m3=mix.pow(3).mean(),
        m4=mix.pow(4).mean(),
    )
    return weights.select("asset", "weight").join(moments, on="asset", how="left", maintain_order="left")


def correlations(returns: pl.DataFrame, *, minimum: int = 30) -> pl.DataFrame:
    """Correlation of every pair of assets over the returns of both that span the same days.

    Args:
        returns: asset String, day Date, ret Float64, and perhaps days Int64, which each return spans.
        minimum: Fewer common days give no number.

    Returns:
        one, other String (one before other), correlation Float64, n Int64, reason String.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"asset": ["a", "b"], "day": [date(2025, 1, 1)] * 2, "ret": [0.1, 0.2]})
    >>> correlations(frame)["reason"].item()
    'needs 30 days, has 1'
    """
    present_rows = spanning(returns, by="asset").select("asset", "day", "begun", "ret")
    pairs = present_rows.join(present_rows, on=["day", "begun"], suffix="_other").filter(
        pl.col("asset") < pl.col("asset_other")
    )
    x, y, min_pairs = pl.col("ret"), pl.col("ret_other"), pl.col("n") >= minimum
    return (
        pairs.group_by(one="asset", other="asset_other", maintain_order=True)
        .agg(n=pl.len().cast(pl.Int64), correlation=pl.corr(x, y), varies=(x.std() > 0) & (y.std() > 0))
        .with_columns(correlation=pl.when(min_pairs & pl.col("varies")).then(pl.col("correlation").clip(-1.0, 1.0)))
        .select(
            "one",
            "other",
            "correlation",
            "n",
            reason=pl.when(~min_pairs)
            .then(pl.format(f"needs {minimum} days, has {{}}", "n"))
            .when(~pl.col("varies"))
            .then(pl.lit("one of them does not vary")),
        )
        .sort("one", "other")
    )


def correlation_change(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """How each correlation moved, and whether by more than chance would.

    Args:
        before: What `correlations` gave for the earlier window.
        after: The same for the later one, without days in common.

    Returns:
        one, other String, before, after, change Float64, z Float64: the change of Fisher's transform
        in its standard errors; beyond 2 is seldom chance.

    Source:
        Fisher (1921), "On the probable error of a coefficient of correlation", Metron 1.

    >>> row = {"one": ["a"], "other": ["b"], "n": [103], "reason": [None]}
    >>> earlier, current = pl.DataFrame(row | {"correlation": [0.0]}), pl.DataFrame(row | {"correlation": [0.5]})
    >>> correlation_change(earlier, current)["z"].item()
    3.88...
    """
    joined = before.join(after, on=["one", "other"], how="full", coalesce=True, suffix="_after")
    error = (1 / (pl.col("n") - 3) + 1 / (pl.col("n_after") - 3)).sqrt()
    current, earlier = pl.col("correlation_after"), pl.col("correlation")
    z = (current.arctanh() - earlier.arctanh()) / error
    return joined.select(
        "one", "other", before=earlier, after=current, change=current - earlier, z=pl.when(z.is_finite()).then(z)
    ).sort("one", "other")


def inverse_volatility_weights(deviations: list[float]) -> list[float]:
    """Weights in inverse proportion to deviations, adding to one.

    Raises:
        ValueError: one of them is not positive: it would take all the weight.

    >>> inverse_volatility_weights([0.1, 0.3])
    [0.75, 0.25]
    """
    _check_risks(deviations)
    parts = [1 / deviation for deviation in deviations]
    return [part / math.fsum(parts) for part in parts]


def _check_risks(risks: list[float]) -> None:
    if not all(0 < risk < math.inf for risk in risks):
        raise ValueError(f"every risk must be positive and finite, not {min(risks)}")


def equal_risk_weights(covariance: list[list[float]], *, rounds: int = 500) -> list[float]:
    """Weights at which every asset contributes the same risk, adding to one.

    Args:
        covariance: A positive definite matrix, row by row.
        rounds: Passes of cyclical descent; it settles in far fewer.

    Source:
        Griveau-Billion, Richard and Roncalli (2013), "A fast algorithm for computing high-dimensional risk parity".

    >>> [round(weight, 6) for weight in equal_risk_weights([[0.01, 0.0], [0.0, 0.09]])]
    [0.75, 0.25]
    """
    n = len(covariance)
    _check_risks([covariance[i][i] for i in range(n)])
    weights = [1 / math.sqrt(covariance[i][i]) for i in range(n)]
    for _ in range(rounds):
        for i in range(n):
            rest = math.fsum(covariance[i][j] * weights[j] for j in range(n) if j != i)
            weights[i] = (-rest + math.sqrt(rest * rest + 4 * covariance[i][i] / n)) / (2 * covariance[i][i])
    total = math.fsum(weights)
    return [weight / total for weight in weights]
