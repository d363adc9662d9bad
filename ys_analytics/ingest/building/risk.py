"""Risk metrics of a built portfolio.

Depends on its snapshots and prices; writes nothing.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import polars as pl

from ys_analytics.ingest.building.inputs import Inputs, close_of
from ys_analytics.ingest.building.rounding import dollars, rate
from ys_analytics.ingest.building.snapshots import MIN_RETURNS, DayValue
from ys_analytics.schemas import TABLES

_TAIL = 0.05
_CORRELATION_DAYS = 90


def risk_rows(inputs: Inputs, snapshots: pl.DataFrame, values: Sequence[DayValue]) -> pl.DataFrame:
    """Rows of `risk_metrics`, from the thirtieth return on: historical, over all returns so far."""
    returns = [float(ret) for ret in snapshots["daily_return"].to_list()]
    rows = []
    for index, value in enumerate(values):
        window = returns[1 : index + 1]
        if len(window) < MIN_RETURNS or value.total <= 0:
            continue
        quantile = _quantile(window, _TAIL)
        tail = [ret for ret in window if ret <= quantile]
        shortfall = math.fsum(tail) / len(tail)
        rows.append(
            {
                "timestamp": close_of(value.day),
                "portfolio_id": inputs.id,
                "var_95": dollars(-quantile * float(value.total)),
                "cvar_95": dollars(-shortfall * float(value.total)),
                "correlation_score": rate(_mean_correlation(inputs, values, index)),
                "liquidation_distance": Decimal(1),
                "protocol_risk_score": Decimal(0),
            }
        )
    return pl.DataFrame(rows, schema=TABLES["risk_metrics"].schema)


def _mean_correlation(inputs: Inputs, values: Sequence[DayValue], index: int) -> float:
    """Mean correlation of the daily returns of what is held, over up to 90 days; 0 where fewer than two move."""
    closes = [close_of(value.day) for value in values[max(0, index - _CORRELATION_DAYS) : index + 1]]
    returns_by_asset = []
    for asset in values[index].by_asset:
        prices = [inputs.price(asset, close) for close in closes]
        if None in prices:
            continue
        floats = [float(price) for price in prices if price is not None]
        returns = [after / before - 1 for before, after in pairwise(floats)]
        if len(returns) >= MIN_RETURNS and max(returns) - min(returns) > 1e-3:  # noqa: PLR2004 - a pegged price moves by its noise
            returns_by_asset.append(returns)
    pairs = [
        _pearson(returns, other)
        for place, returns in enumerate(returns_by_asset)
        for other in returns_by_asset[place + 1 :]
    ]
    return math.fsum(pairs) / len(pairs) if pairs else 0.0


def _quantile(values: Sequence[float], share: float) -> float:
    """The linearly interpolated quantile."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _pearson(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Pearson's correlation of two series; 0 where one does not vary."""
    mean_x, mean_y = math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)
    covariance = math.fsum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    size = math.sqrt(math.fsum((x - mean_x) ** 2 for x in xs) * math.fsum((y - mean_y) ** 2 for y in ys))
    return covariance / size if size else 0.0
