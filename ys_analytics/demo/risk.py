"""What the platform measures of each portfolio's risk at each close, from its positions and returns.

Knows value at risk, correlation, distance to liquidation and the risk of protocols; draws no conclusion
from them. The map from distance to the score in Redis stands here: `liquidation_score`.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view

from ys_analytics.demo.calendar import DAY_SECONDS, moments
from ys_analytics.demo.fixed_point import Flags, Floats, Ints, frame_of_schema, money_series, rate_series
from ys_analytics.demo.market import Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.simulation import health
from ys_analytics.demo.snapshots import Claims
from ys_analytics.demo.valuation import Valuation, values_at
from ys_analytics.demo.world import PLACES, SYMBOLS
from ys_analytics.schemas import TABLES

# Returns a measure looks back on, and how many it needs.
WINDOW = 60
MIN_RETURNS = 20

_TAIL = 0.05
_MIN_HELD_VALUE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Risks:
    """Measures by portfolio and day; not a number where there are too few returns.

    Attributes:
        var: USD that are lost or more on one day in twenty, a loss positive.
        cvar: Mean loss in USD on such days.
        var_fraction: `var` as a fraction of the value.
        correlation: Mean correlation of the returns of the assets held.
        distance: Fall of collateral that liquidates; 1 without a debt.
        protocol_risk: Risk of the protocols used, by value.
        measured: Whether the table has a row.
        returns: Returns of the closes.
        correlations: Of all symbols on each day, shape (days, symbols, symbols).
    """

    var: Floats
    cvar: Floats
    var_fraction: Floats
    correlation: Floats
    distance: Floats
    protocol_risk: Floats
    measured: Flags
    returns: Floats
    correlations: Floats


def liquidation_score(distance: Floats) -> Floats:
    """The score in `risk:liquidation`: 1 less the fall of collateral that liquidates; 0 without a debt.

    >>> liquidation_score(np.array([1.0, 0.25])).tolist()
    [0.0, 0.75]
    """
    score: Floats = np.round(1.0 - distance, 8)
    return score


def measure_risks(portfolios: Portfolios, market: Market, valuation: Valuation, claims: Claims) -> Risks:
    """All portfolios at all closes."""
    closes = valuation.instants.close
    returns = claims.returns[:, closes]
    shape = returns.shape
    correlations = _correlations(market)
    correlation, distance, protocol_risk = np.full(shape, np.nan), np.ones(shape), np.zeros(shape)
    risk_of_place = np.array([place.protocol_risk for place in PLACES])
    for chunk, values in values_at(valuation, portfolios, market, closes):
        factor = health(values)
        distance[chunk] = np.clip(1.0 - 1.0 / factor, 0.0, 1.0)
        gross = np.abs(values).sum(axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            protocol_risk[chunk] = np.nan_to_num((np.abs(values) * risk_of_place).sum(axis=2) / gross)
        correlation[chunk] = _mean_correlation(values, portfolios.symbols[chunk], correlations)
    protocol_risk = np.minimum(protocol_risk * (1.0 + 0.3 * market.fear[None, :]), 1.0)
    var, cvar = _tails(returns)
    total = valuation.total[:, closes]
    return Risks(
        var=var * total,
        cvar=cvar * total,
        var_fraction=var,
        correlation=correlation,
        distance=distance,
        protocol_risk=protocol_risk,
        measured=~np.isnan(var) & valuation.has_snapshot[:, closes],
        returns=returns,
        correlations=correlations,
    )


def risk_metrics(portfolios: Portfolios, market: Market, risks: Risks) -> pl.DataFrame:
    """The table `risk_metrics`: one row a portfolio and close, from the twentieth return on."""
    portfolio, day = np.nonzero(risks.measured)
    return frame_of_schema(
        {
            "timestamp": moments(market.days[day], np.full(day.size, DAY_SECONDS - 1)),
            "portfolio_id": pl.Series(portfolios.ids).gather(portfolio),
            "var_95": money_series(risks.var[portfolio, day]),
            "cvar_95": money_series(risks.cvar[portfolio, day]),
            "correlation_score": rate_series(risks.correlation[portfolio, day]),
            "liquidation_distance": rate_series(risks.distance[portfolio, day]),
            "protocol_risk_score": rate_series(risks.protocol_risk[portfolio, day]),
        },
        TABLES["risk_metrics"].schema,
    )


def _tails(returns: Floats) -> tuple[Floats, Floats]:
    """Historical value at risk and the mean beyond it, as fractions, of the last returns on each day."""
    var, cvar = np.full(returns.shape, np.nan), np.full(returns.shape, np.nan)
    for portfolio in range(returns.shape[0]):
        known = np.flatnonzero(~np.isnan(returns[portfolio]))
        for end in range(MIN_RETURNS, min(WINDOW, known.size + 1)):
            day = known[end - 1]
            var[portfolio, day], cvar[portfolio, day] = (
                float(measure[0]) for measure in _tail(returns[portfolio, known[:end]][None, :])
            )
        if known.size >= WINDOW:
            days = known[WINDOW - 1 :]
            var[portfolio, days], cvar[portfolio, days] = _tail(sliding_window_view(returns[portfolio, known], WINDOW))
    return var, cvar


def _tail(windows: Floats) -> tuple[Floats, Floats]:
    quantile = np.quantile(windows, _TAIL, axis=1)
    beyond = windows <= quantile[:, None]
    mean = np.where(beyond, windows, 0.0).sum(axis=1) / beyond.sum(axis=1)
    return -quantile, -mean


def _correlations(market: Market) -> Floats:
    """Correlation of daily returns of every pair of symbols over the last window, on each day."""
    days = market.days.size
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.nan_to_num(np.diff(np.log(market.closes), axis=1))
    matrices = np.zeros((days, len(SYMBOLS), len(SYMBOLS)))
    for day in range(MIN_RETURNS, days):
        window = moves[:, max(0, day - WINDOW) : day]
        centred = window - window.mean(axis=1, keepdims=True)
        size = np.sqrt((centred**2).sum(axis=1))
        # A price that never moves correlates with nothing.
        unit = np.divide(centred, size[:, None], out=np.zeros_like(centred), where=size[:, None] > 1e-9)  # noqa: PLR2004
        matrices[day] = np.clip(unit @ unit.T, -1.0, 1.0)
    return matrices


def _mean_correlation(values: Floats, symbols: Ints, matrices: Floats) -> Floats:
    """Mean over the pairs of different symbols held; 0 where fewer than two are."""
    held = np.zeros((*values.shape[:2], len(SYMBOLS)))
    for place in range(values.shape[2]):
        rows, days = np.nonzero(np.abs(values[:, :, place]) > _MIN_HELD_VALUE)
        held[rows, days, symbols[rows, place]] = 1.0
    # A pegged price moves by its noise; it tells nothing of correlation.
    held[:, :, [SYMBOLS.index(symbol) for symbol in ("USDC", "USDT", "DAI", "aUSDC", "TBILL")]] = 0.0
    count = held.sum(axis=2)
    sum_of_all = np.einsum("pda,dab,pdb->pd", held, matrices, held, optimize=True)
    sum_of_own = np.einsum("pda,daa->pd", held, matrices)
    pairs = count * (count - 1)
    mean: Floats = np.divide(sum_of_all - sum_of_own, pairs, out=np.zeros_like(sum_of_all), where=pairs > 0)
    return mean
