"""Exposure, leverage, turnover and costs week by week: the desk's frame of how it was run.

Depends on the ledger's movements and quotes; opens nothing.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import polars as pl

from ys_analytics.desk.bridge import quoted
from ys_analytics.schemas import TIME

_EXPOSURE: dict[str, pl.DataType | type[pl.DataType]] = {
    "week_end": pl.Date,
    "net": pl.Float64,
    "assets": pl.Float64,
    "debts": pl.Float64,
    "leverage": pl.Float64,
    "turnover": pl.Float64,
    "costs": pl.Float64,
    "reason": pl.String,
}
_KINDS: dict[str, pl.DataType | type[pl.DataType]] = {"week_end": pl.Date, "name": pl.String, "share": pl.Float64}
WEEKS = 13


def exposure(lots: pl.DataFrame, quotes: pl.DataFrame, *, end: datetime, weeks: int = WEEKS) -> pl.DataFrame:
    """Assets, debts, leverage, turnover and costs of each of the last weeks.

    Args:
        lots: What `attribution.movements` gave.
        quotes: `market_data` of all that moved.
        end: Of the last week, exclusive.
        weeks: How many.

    Returns:
        week_end Date (its Sunday), net, assets, debts Float64 in USD at its last quotes (what is owed is positive),
        leverage: assets over net value; turnover: what trades bought in the week over the mean of net value at its
        beginning and end; costs: gas and what trades cost over the same; reason String where a price is missing or net
        value is not above zero. Weeks before the first movement are left out.
    """
    first = lots["timestamp"].min()
    if not isinstance(first, datetime):
        return pl.DataFrame(schema=_EXPOSURE)
    edges = [end - timedelta(weeks=back) for back in range(weeks, -1, -1)]
    states = _states(lots, quotes, edges)
    moves = _moved(lots, quotes)
    rows = []
    for start, stop in pairwise(edges):
        if stop <= first:
            continue
        net, assets, debts = states[stop]
        before = states[start][0]
        inside = moves.filter((pl.col("timestamp") >= start) & (pl.col("timestamp") < stop))
        mean = None if net is None or before is None else (net + before) / 2
        bought, cost = inside.select(pl.col("bought").sum(), pl.col("cost").sum()).row(0)
        lost = inside["bought"].is_nan().any()
        known = mean is not None and mean > 0 and not lost
        rows.append(
            {
                "week_end": (stop - timedelta(days=1)).date(), "net": net, "assets": assets, "debts": debts,
                "leverage": assets / net if net is not None and assets is not None and net > 0 else None,
                "turnover": bought / mean if known and mean else None, "costs": cost / mean if known and mean else None,
                "reason": None if known else "no price within 24 hours" if net is None or before is None or lost
                else "net value is not above zero",
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_EXPOSURE)


def _states(
    lots: pl.DataFrame, quotes: pl.DataFrame, edges: list[datetime]
) -> dict[datetime, tuple[float | None, float | None, float | None]]:
    """Net value, assets and debts at each moment; nulls where a price is missing."""
    grid = []
    for edge in edges:
        held = (
            lots.filter((pl.col("timestamp") < edge) & pl.col("asset_id").is_not_null())
            .group_by("asset_id", "position", maintain_order=True)
            .agg(pl.col("change").sum())
            .filter(pl.col("change") != 0)
        )
        grid.append(held.with_columns(at=pl.lit(edge - timedelta(microseconds=1), TIME)))
    priced = quoted(pl.concat(grid), quotes, "asset_id", at=pl.col("at"), called="price").with_columns(
        value=pl.col("change").cast(pl.Float64) * pl.col("price").cast(pl.Float64)
    )
    found: dict[datetime, tuple[float | None, float | None, float | None]] = {}
    for edge in edges:
        rows = priced.filter(pl.col("at") == edge - timedelta(microseconds=1))
        if rows["value"].null_count():
            found[edge] = (None, None, None)
            continue
        debts = -float(rows.filter(pl.col("change") < 0)["value"].sum())
        assets = float(rows.filter(pl.col("change") > 0)["value"].sum())
        found[edge] = (assets - debts, assets, debts + 0.0)
    return found


def _moved(lots: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """What trades bought, and what gas and trades cost, in USD by moment; NaN where a price is missing."""
    trades = lots.filter((pl.col("cause") == "trade") & pl.col("asset_id").is_not_null())
    priced = quoted(trades, quotes, "asset_id", at=pl.col("timestamp"), called="price").with_columns(
        value=pl.col("change").cast(pl.Float64) * pl.col("price").cast(pl.Float64).fill_null(float("nan"))
    )
    bought = priced.select(
        "timestamp",
        bought=pl.when(pl.col("change") > 0).then("value").otherwise(0.0),
        cost=-pl.col("value"),
    )
    gas = lots.filter(pl.col("cause") == "gas").select(
        "timestamp", bought=pl.lit(0.0), cost=pl.col("paid").fill_null(Decimal(0)).cast(pl.Float64)
    )
    return pl.concat([bought, gas])
