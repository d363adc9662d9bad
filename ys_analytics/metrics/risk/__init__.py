"""Risk: dispersion, tails, contributions to them, concentration and stress.

Gathers the subjects: `dispersion`, `tails`, `extremes`, `contribution`, `concentration`, `stress`.
Depends on `growth` and `lookthrough`. Does not use `performance`, `drawdown` or `catalog`.
"""

from ys_analytics.metrics.risk.concentration import (
    STABLECOIN_ISSUERS,
    concentration,
    effective_number,
    herfindahl_index,
    keeps_peg,
    stablecoin_issuer,
)
from ys_analytics.metrics.risk.contribution import (
    correlation_change,
    correlations,
    equal_risk_weights,
    inverse_volatility_weights,
    risk_contributions,
)
from ys_analytics.metrics.risk.dispersion import (
    autocorrelation,
    central_moment,
    downside_deviation,
    gini_mean_difference,
    hurst_index,
    kurtosis,
    lower_partial_moment,
    mean_absolute_deviation,
    semi_deviation,
    skewness,
    upper_partial_moment,
    upside_risk,
)
from ys_analytics.metrics.risk.extremes import (
    entropic_risk,
    entropic_value_at_risk,
    extreme_expected_shortfall,
    extreme_value_at_risk,
)
from ys_analytics.metrics.risk.stress import EPISODES, Episode, shock, stress_replay
from ys_analytics.metrics.risk.tails import (
    expected_shortfall,
    normal_expected_shortfall,
    normal_value_at_risk,
    tail_ratio,
    value_at_risk,
)

__all__ = [
    "EPISODES",
    "STABLECOIN_ISSUERS",
    "Episode",
    "autocorrelation",
    "central_moment",
    "concentration",
    "correlation_change",
    "correlations",
    "downside_deviation",
    "effective_number",
    "entropic_risk",
    "entropic_value_at_risk",
    "equal_risk_weights",
    "expected_shortfall",
    "extreme_expected_shortfall",
    "extreme_value_at_risk",
    "gini_mean_difference",
    "herfindahl_index",
    "hurst_index",
    "inverse_volatility_weights",
    "keeps_peg",
    "kurtosis",
    "lower_partial_moment",
    "mean_absolute_deviation",
    "normal_expected_shortfall",
    "normal_value_at_risk",
    "risk_contributions",
    "semi_deviation",
    "shock",
    "skewness",
    "stablecoin_issuer",
    "stress_replay",
    "tail_ratio",
    "upper_partial_moment",
    "upside_risk",
    "value_at_risk",
]
