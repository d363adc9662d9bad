"""Daily values and snapshots of a built portfolio.

Depends on balances, prices and `metrics.flows`; writes nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext

import polars as pl

from ys_analytics import metrics
from ys_analytics.ingest.building.balances import DayBalances
from ys_analytics.ingest.building.coverage import Gap
from ys_analytics.ingest.building.inputs import Inputs, close_of
from ys_analytics.ingest.building.rounding import DIGITS, RATE_STEP, exact_value, rate
from ys_analytics.schemas import MONEY, TABLES, TIME

_DAYS_OF_YEAR = 365
# The fewest returns from which risk is stated, as the catalogue asks for.
MIN_RETURNS = 30


@dataclass(frozen=True, slots=True)
class DayValue:
    """The value of a day's holdings in USD, in total and by asset."""

    day: date
    total: Decimal
    by_asset: Mapping[str, Decimal]


def day_values(inputs: Inputs, days: Sequence[DayBalances]) -> tuple[list[DayValue], tuple[Gap, ...]]:
    """The value of every day on which all that was held had a price, and the days on which not."""
    values: list[DayValue] = []
    unpriced: dict[str, list[date]] = {}
    for day_balances in days:
        close = close_of(day_balances.day)
        by_asset: dict[str, Decimal] = {}
        complete = True
        for (asset, _), amount in day_balances.amounts.items():
            price = inputs.price(asset, close)
            if price is None:
                unpriced.setdefault(asset, []).append(day_balances.day)
                complete = False
            else:
                by_asset[asset] = by_asset.get(asset, Decimal(0)) + exact_value(amount, price)
        if complete:
            values.append(DayValue(day_balances.day, sum(by_asset.values(), Decimal(0)), by_asset))
    return values, tuple(gap for asset, missing in unpriced.items() for gap in _gaps(inputs.symbols[asset], missing))


def _gaps(symbol: str, days: Sequence[date]) -> Iterator[Gap]:
    """Consecutive days as one gap."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1):
            yield Gap(symbol=symbol, first=first, last=last)
            first = day
        last = day
    yield Gap(symbol=symbol, first=first, last=last)


def snapshot_rows(inputs: Inputs, values: Sequence[DayValue]) -> pl.DataFrame:
    """Rows of `portfolio_snapshots`: exact values, and returns and risk by the kit's own metrics."""
    closes = pl.DataFrame(
        {
            "portfolio_id": [inputs.id] * len(values),
            "day": [value.day for value in values],
            "value": pl.Series([value.total for value in values], dtype=MONEY),
            "closed_at": pl.Series([close_of(value.day) for value in values], dtype=TIME),
        }
    )
    returns = metrics.flows.daily_returns(closes, _external_flows(inputs)) if values else pl.DataFrame({"ret": []})
    running = list(_running_metrics([None if ret is None else float(ret) for ret in returns["ret"].to_list()]))
    rows = [
        {
            "timestamp": close_of(value.day),
            "portfolio_id": inputs.id,
            "total_value": value.total,
            "total_return": rate(figures["growth"]),
            "daily_return": rate(figures["ret"]),
            "sharpe_ratio": rate(figures["sharpe"]),
            "max_drawdown": rate(figures["drawdown"]),
            "volatility": rate(figures["volatility"]),
            "asset_allocation": _allocation(value),
        }
        for value, figures in zip(values, running, strict=True)
    ]
    return pl.DataFrame(rows, schema=TABLES["portfolio_snapshots"].schema)


def _external_flows(inputs: Inputs) -> pl.DataFrame:
    dollars = [
        pl.DataFrame({"asset_id": asset, "timestamp": inputs.transactions["timestamp"], "price": Decimal(1)}).cast(
            {"price": MONEY, "timestamp": TIME}
        )
        for asset in sorted(inputs.dollars)
    ]
    quotes = pl.concat([inputs.quotes, *dollars])
    return metrics.flows.external_flows(metrics.flows.classify_flows(inputs.transactions), quotes)


def _running_metrics(returns: Sequence[float | None]) -> Iterator[dict[str, float]]:
    """Growth, drawdown, volatility and Sharpe ratio of the returns so far, as the catalogue defines them."""
    growth = peak = 1.0
    deepest = 0.0
    so_far: list[float] = []
    for ret in returns:
        if ret is not None:
            so_far.append(ret)
            growth *= 1 + ret
            peak = max(peak, growth)
            deepest = min(deepest, growth / peak - 1)
        count = len(so_far)
        mean = math.fsum(so_far) / count if so_far else 0.0
        deviation = math.sqrt(math.fsum((past - mean) ** 2 for past in so_far) / (count - 1)) if count > 1 else 0.0
        enough = count >= MIN_RETURNS and deviation > 1e-12  # noqa: PLR2004 - below it a deviation is rounding
        yield {
            "ret": ret or 0.0,
            "growth": growth - 1,
            "drawdown": deepest,
            "volatility": deviation * math.sqrt(_DAYS_OF_YEAR) if enough else 0.0,
            "sharpe": mean / deviation * math.sqrt(_DAYS_OF_YEAR) if enough else 0.0,
        }


def _allocation(value: DayValue) -> list[dict[str, object]]:
    """Share of the net value by asset; the largest takes what rounding leaves."""
    if value.total <= 0:
        return []
    with localcontext(prec=DIGITS):
        shares = {asset: (part / value.total).quantize(RATE_STEP) for asset, part in sorted(value.by_asset.items())}
    largest = max(shares, key=lambda asset: abs(shares[asset]))
    shares[largest] += 1 - sum(shares.values(), Decimal(0))
    return [{"key": asset, "value": share} for asset, share in shares.items()]
