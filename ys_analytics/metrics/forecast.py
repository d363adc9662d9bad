"""Whether a forecast ever predicted anything: the rank correlation of forecasts with what followed.

Depends on nothing but Polars. Does not make a forecast.
"""

import math
from statistics import NormalDist

import polars as pl

# Fewer pairs give a number that chance alone would give as easily.
MINIMUM_PAIRS = 10


def rank_correlation(
    forecast: pl.Series, actual: pl.Series, *, level: float = 0.95, minimum: int = MINIMUM_PAIRS
) -> dict[str, float | int | str | None]:
    r"""Spearman's rank correlation of forecasts and outcomes, with its interval.

    $$ \rho = \operatorname{corr}(\operatorname{rank} f, \operatorname{rank} a), \qquad
    \tanh\left(\operatorname{artanh}\rho \pm z\sqrt{\frac{1 + \rho^2/2}{n - 3}}\right) $$

    Args:
        forecast: Forecasts.
        actual: What followed each; a pair with a null is left out.
        level: Of the interval.
        minimum: Fewer pairs give no number.

    Returns:
        value, low, high (Float64, null where it is not stated), n (pairs), reason (why it is null).

    Source:
        Spearman (1904), "The proof and measurement of association between two things", American Journal of
        Psychology 15; Bonett and Wright (2000), "Sample size requirements for estimating Pearson, Kendall and
        Spearman correlations", Psychometrika 65.

    >>> found = rank_correlation(pl.Series(range(12)), pl.Series([1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 11, 10]))
    >>> round(found["value"], 4), round(found["low"], 4), round(found["high"], 4), found["n"]
    (0.986, 0.9331, 0.9971, 12)
    """
    pairs = pl.DataFrame({"forecast": forecast.cast(pl.Float64), "actual": actual.cast(pl.Float64)}).drop_nulls()
    n = pairs.height
    no_value: dict[str, float | int | str | None] = {"value": None, "low": None, "high": None, "n": n}
    if n < max(minimum, 4):
        return no_value | {"reason": f"needs {max(minimum, 4)} pairs, has {n}"}
    if pairs["forecast"].n_unique() == 1 or pairs["actual"].n_unique() == 1:
        return no_value | {"reason": "forecasts or outcomes are all alike"}
    value = min(1.0, max(-1.0, float(pairs.select(pl.corr("forecast", "actual", method="spearman")).item())))
    if abs(value) == 1.0:
        return no_value | {"value": value, "low": value, "high": value, "reason": None}
    width = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt((1 + value**2 / 2) / (n - 3))
    low, high = math.tanh(math.atanh(value) - width), math.tanh(math.atanh(value) + width)
    return no_value | {"value": value, "low": low, "high": high, "reason": None}
