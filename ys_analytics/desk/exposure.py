"""Exposure, composition, leverage, turnover and costs of each week.

Depends on the ledger's movements and quotes; opens nothing.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import polars as pl

from ys_analytics.desk.attribution import holdings_at
from ys_analytics.desk.bridge import with_price_at
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
_COMPOSITION: dict[str, pl.DataType | type[pl.DataType]] = {
    "by": pl.String,
    "week_end": pl.Date,
    "name": pl.String,
    "size": pl.Float64,
    "share": pl.Float64,
    "reason": pl.String,
}
# What a composition is by, and the column of a holding that names its part.
_DIMENSIONS = (("kind", "position"), ("protocol", "protocol"), ("chain", "chain"))
WEEKS = 13


def exposure(movements: pl.DataFrame, quotes: pl.DataFrame, *, end: datetime, weeks: int = WEEKS) -> pl.DataFrame:
    """Assets, debts, leverage, turnover and costs of each of the last weeks.

    Args:
        movements: What `attribution.movements` gave.
        quotes: `market_data` of all that moved.
        end: Of the last week, exclusive.
        weeks: How many.

    Returns:
        week_end Date (its Sunday), net, assets, debts Float64 in USD at its last quotes (what is owed is positive),
        leverage: assets over net value; turnover: what trades bought in the week over the mean of net value at its
        beginning and end; costs: gas and what trades cost over the same; reason String where a price is missing or net
        value is not above zero. Weeks before the first movement are left out.
    """
    first = movements["timestamp"].min()
    if not isinstance(first, datetime):
        return pl.DataFrame(schema=_EXPOSURE)
    week_ends = [end - timedelta(weeks=weeks_back) for weeks_back in range(weeks, -1, -1)]
    balances = _balances(movements, quotes, week_ends)
    moves = _trades_and_gas(movements, quotes)
    rows = []
    for start, end_of_week in pairwise(week_ends):
        if end_of_week <= first:
            continue
        net, assets, debts = balances[end_of_week]
        net_before = balances[start][0]
        week_moves = moves.filter((pl.col("timestamp") >= start) & (pl.col("timestamp") < end_of_week))
        mean_value = None if net is None or net_before is None else (net + net_before) / 2
        bought, cost = week_moves.select(pl.col("bought").sum(), pl.col("cost").sum()).row(0)
        has_unpriced = week_moves["bought"].is_nan().any()
        has_value = mean_value is not None and mean_value > 0 and not has_unpriced
        rows.append(
            {
                "week_end": (end_of_week - timedelta(days=1)).date(),
                "net": net,
                "assets": assets,
                "debts": debts,
                "leverage": assets / net if net is not None and assets is not None and net > 0 else None,
                "turnover": bought / mean_value if has_value and mean_value else None,
                "costs": cost / mean_value if has_value and mean_value else None,
                "reason": None
                if has_value
                else "no price within 24 hours"
                if net is None or net_before is None or has_unpriced
                else "net value is not above zero",
            }
        )
    return pl.DataFrame(rows, schema=_EXPOSURE)


def composition(
    movements: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, end: datetime, weeks: int = WEEKS
) -> pl.DataFrame:
    """Parts of what was held at the end of each of the last weeks, by kind of position, protocol and chain.

    Args:
        movements: What `attribution.movements` gave.
        quotes: `market_data` of all that moved.
        assets: `assets`.
        end: Of the last week, exclusive.
        weeks: How many.

    Returns:
        by String (kind, protocol, chain), week_end Date (its Sunday), name String, size Float64 in USD at its last
        quotes (a debt by its size), share Float64 of the size of all positions, reason String where a price is missing
        (then name, size and share are null). The oldest week first, the largest part of all weeks first in each.
        Weeks before the first movement, and those at whose end nothing was held, are left out.
    """
    first = movements["timestamp"].min()
    if not isinstance(first, datetime):
        return pl.DataFrame(schema=_COMPOSITION)
    week_ends = [
        week_end for weeks_back in range(weeks - 1, -1, -1) if (week_end := end - timedelta(weeks=weeks_back)) > first
    ]
    held = holdings_at(movements, assets, week_ends)
    at = pl.col("at") - pl.duration(microseconds=1)
    value = pl.col("change").cast(pl.Float64) * pl.col("price").cast(pl.Float64)
    valued = with_price_at(held, quotes, "asset_id", at=at, name="price").with_columns(
        size=value.abs(), week_end=(pl.col("at") - pl.duration(days=1)).dt.date()
    )
    missing = valued.filter(pl.col("size").is_null())["week_end"].unique()
    known = valued.filter(~pl.col("week_end").is_in(missing.to_list()))
    parts = []
    for by, column in _DIMENSIONS:
        name = pl.col(column).fill_null("not stated").str.replace_all("_", " ")
        part = known.group_by("week_end", name=name, maintain_order=True).agg(pl.col("size").sum())
        whole = pl.col("size").sum()
        rows = [
            part.with_columns(by=pl.lit(by), share=pl.col("size") / whole.over("week_end"), order=whole.over("name"),
                              reason=pl.lit(None, pl.String))
            .sort("week_end", "order", "name", descending=[False, True, False])
            .select(*_COMPOSITION),
            pl.DataFrame({"week_end": missing.sort()}).select(
                by=pl.lit(by), week_end="week_end", name=pl.lit(None, pl.String), size=pl.lit(None, pl.Float64),
                share=pl.lit(None, pl.Float64), reason=pl.lit("no price within 24 hours"),
            ),
        ]  # fmt: skip
        parts.append(pl.concat(rows).sort("week_end", maintain_order=True))
    return pl.concat(parts)


def _balances(
    movements: pl.DataFrame, quotes: pl.DataFrame, moments: list[datetime]
) -> dict[datetime, tuple[float | None, float | None, float | None]]:
    """Net value, assets and debts at each moment; nulls where a price is missing."""
    last_instants = pl.DataFrame({"at": [moment - timedelta(microseconds=1) for moment in moments]}, {"at": TIME})
    held = (
        movements.filter(pl.col("asset_id").is_not_null())
        .select("asset_id", "position", "timestamp", "change")
        .join(last_instants, how="cross", maintain_order="left_right")
        .filter(pl.col("timestamp") <= pl.col("at"))
        .group_by("at", "asset_id", "position", maintain_order=True)
        .agg(pl.col("change").sum())
        .filter(pl.col("change") != 0)
    )
    change, value = pl.col("change"), pl.col("value")
    sums = (
        with_price_at(held, quotes, "asset_id", at=pl.col("at"), name="price")
        .with_columns(value=change.cast(pl.Float64) * pl.col("price").cast(pl.Float64))
        .group_by("at", maintain_order=True)
        .agg(
            known=value.is_not_null().all(),
            assets=value.filter(change > 0).sum(),
            debts=(-value).filter(change < 0).sum(),
        )
    )
    balances: dict[datetime, tuple[float | None, float | None, float | None]] = dict.fromkeys(moments, (0.0, 0.0, 0.0))
    for at, known, assets, debts in sums.iter_rows():
        moment = at + timedelta(microseconds=1)
        balances[moment] = (assets - debts, assets, debts) if known else (None, None, None)
    return balances


def _trades_and_gas(movements: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """What trades bought, and what gas and trades cost, in USD by moment; NaN where a price is missing."""
    trades = movements.filter((pl.col("cause") == "trade") & pl.col("asset_id").is_not_null())
    priced = with_price_at(trades, quotes, "asset_id", at=pl.col("timestamp"), name="price").with_columns(
        value=pl.col("change").cast(pl.Float64) * pl.col("price").cast(pl.Float64).fill_null(float("nan"))
    )
    bought = priced.select(
        "timestamp",
        bought=pl.when(pl.col("change") > 0).then("value").otherwise(0.0),
        cost=-pl.col("value"),
    )
    gas = movements.filter(pl.col("cause") == "gas").select(
        "timestamp", bought=pl.lit(0.0), cost=pl.col("paid").fill_null(Decimal(0)).cast(pl.Float64)
    )
    return pl.concat([bought, gas])
