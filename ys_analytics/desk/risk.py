"""How sure the numbers are and where risk comes from: the desk's frames for a closer look.

Frames and metrics in, frames out; opens nothing.
"""

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk.holdings import WALLET
from ys_analytics.desk.returns import unit_of
from ys_analytics.errors import ContractError
from ys_analytics.metrics import catalog

# The moves tried on today's positions; an asset with a peg keeps it.
MARKET_MOVES = (-0.1, -0.3, -0.5)
ONE_ASSET = -0.3
_TOP = 5

_EXTREMES = frozenset({"best_day", "worst_day"})

_CONTRIBUTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "symbol": pl.String,
    "weight": pl.Float64,
    "marginal": pl.Float64,
    "component": pl.Float64,
    "share": pl.Float64,
}


def intervals(returns: pl.DataFrame, *, risk_free: float) -> pl.DataFrame:
    """Each headline metric with the interval a block bootstrap gives it, but for extremes.

    A redrawn history never has a better day than the best one: an interval of an extreme says nothing.
    """
    estimable = [metric for metric in catalog.HEADLINE if metric.name not in _EXTREMES]
    facts = [(metric.name, metric.title, unit_of(metric)) for metric in estimable]
    named = pl.DataFrame(facts, schema=("metric", "title", "unit"), orient="row")
    found = metrics.intervals(returns, risk_free=risk_free)
    return named.join(found, on="metric", how="left", maintain_order="left")


def tail_history(returns: pl.DataFrame, risks: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Each day's return beside the loss the platform said the day before would be exceeded one day in twenty."""
    said = (
        risks.sort("timestamp")
        .group_by("portfolio_id", day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(var=pl.col("var_95").last())
        .join(values.select("day", "value"), on="day", how="inner", maintain_order="left")
        .filter(pl.col("value") > 0)
        .select(
            "portfolio_id",
            promised=pl.col("day"),
            day=pl.col("day").dt.offset_by("1d"),
            var=pl.col("var").cast(pl.Float64) / pl.col("value").cast(pl.Float64),
        )
    )
    days = returns.filter(pl.col("ret").is_not_null()).select("portfolio_id", "day", "ret")
    joined = days.join(said, on=["portfolio_id", "day"], how="inner", maintain_order="left")
    # A promise of nothing was made before there was anything to measure.
    return joined.filter(pl.col("var") > 0).with_columns(failed=pl.col("ret") < -pl.col("var"))


def concentration(held: pl.DataFrame) -> pl.DataFrame:
    """How concentrated positions are by asset, protocol and chain."""
    named = held.select(
        "portfolio_id",
        "value",
        "chain",
        asset="symbol",
        protocol=pl.when(pl.col("protocol") != WALLET).then("protocol"),
    )
    return metrics.risk.concentration(named, along=["asset", "protocol", "chain"])


def shocks(held: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """What is left of net value after the whole market, or one large holding, falls."""
    pegged = assets.filter(pl.col("metadata").str.json_path_match("$.peg").is_not_null())["symbol"].to_list()
    mine = held.select("portfolio_id", "value", asset="symbol")
    free = [asset for asset in mine["asset"].unique(maintain_order=True).to_list() if asset not in pegged]
    tried = [("everything without a peg", move, dict.fromkeys(free, move)) for move in MARKET_MOVES]
    tried += [(f"{asset} alone", ONE_ASSET, {asset: ONE_ASSET}) for asset in free[:_TOP]]
    after = [
        metrics.risk.shock(mine, shocks=moves).with_columns(what=pl.lit(what), move=pl.lit(move))
        for what, move, moves in tried
    ]
    return pl.concat(after).filter(pl.col("before") != 0) if free else pl.DataFrame()


def contributions(held: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Part of each asset in the value at risk of what is held now, largest first."""
    whole = float(held["value"].sum()) if held.height else 0.0
    if whole <= 0:
        return pl.DataFrame(schema=_CONTRIBUTIONS)
    weights = held.group_by(asset="asset_id", maintain_order=True).agg(
        weight=pl.col("value").sum().cast(pl.Float64) / whole
    )
    price = pl.col("price").cast(pl.Float64)
    moves = (
        quotes.join(weights, left_on="asset_id", right_on="asset", how="semi")
        .sort("timestamp")
        .group_by(asset="asset_id", day=pl.col("timestamp").dt.date(), maintain_order=True)
        .agg(price.last())
        .with_columns(ret=(price / price.shift(1) - 1).over("asset"))
        .drop_nulls("ret")
    )
    try:
        parts = metrics.risk.risk_contributions(moves.select("asset", "day", "ret"), weights)
    except ContractError:
        return pl.DataFrame(schema=_CONTRIBUTIONS)
    several = pl.col("asset_id").n_unique().over("symbol") > 1
    symbols = held.select(
        asset="asset_id",
        # A symbol on several chains needs its chain beside it.
        symbol=pl.when(several).then(pl.format("{}, {}", "symbol", "chain")).otherwise("symbol"),
    ).unique("asset", maintain_order=True)
    return parts.join(symbols, on="asset", how="left").sort("component", "symbol", descending=[True, False])
