"""What would liquidate each loan of a portfolio, looked through: the desk's frames of lending.

Frames and metrics in, frames out; opens nothing. A loan is what a protocol on one chain lent against what it holds;
thresholds are those that the registry states.
"""

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk.holdings import WALLET
from ys_analytics.desk.lookthrough import Registry

_DEBT = "borrowing"

_LOANS: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "collateral": pl.Float64,
    "borrowed": pl.Float64,
    "health_factor": pl.Float64,
    "what": pl.String,
    "move": pl.Float64,
    "price": pl.Float64,
    "liquidation_price": pl.Float64,
    "reason": pl.String,
    "note": pl.String,
}
_LADDER: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "step": pl.Float64,
    "collateral": pl.Float64,
    "borrowed": pl.Float64,
    "health_factor": pl.Float64,
    "liquidable": pl.Boolean,
}


def sides(held: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Supplies and borrows of every protocol and chain that lent something: place, asset, side, value, threshold."""
    working = held.filter(pl.col("protocol") != WALLET)
    owing = working.filter(pl.col("kind") == _DEBT)["place"].unique().to_list()
    mine = working.filter(pl.col("place").is_in(owing))
    stated = [_threshold(registry, asset) for asset in mine["asset_id"]]
    debt = pl.col("kind") == _DEBT
    return mine.with_columns(pl.Series("threshold", stated, dtype=pl.Float64)).select(
        "place",
        asset="asset_id",
        side=pl.when(debt).then(pl.lit("borrow")).otherwise(pl.lit("supply")),
        value=pl.col("value").abs().cast(pl.Float64),
        threshold=pl.when(~debt).then("threshold"),
    )


def _threshold(registry: Registry, asset: str) -> float | None:
    """The liquidation threshold that the registry states, as a fraction; null where it states none that could be."""
    stated = registry.note(asset).get("liquidation_threshold")
    plain = isinstance(stated, int | float) and not isinstance(stated, bool) and 0 <= stated <= 1
    return float(stated) if plain and stated is not None else None


def loans(held: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """How far prices must move until each loan may be liquidated: the market's, and that of each asset behind it.

    Args:
        held: What `holdings.positions` gave.
        registry: What assets stand for, and their liquidation thresholds.

    Returns:
        One row for each loan and move, in order: place String, collateral, borrowed Float64 in USD, health_factor
        Float64, what String (what moves), move Float64 (a fraction: the nearest fall, or a rise), price and
        liquidation_price Float64 in USD (of one asset; null for the market), reason String where nothing would
        liquidate, or no threshold is known; note String: collateral that backs nothing for want of a threshold, and
        what could not be looked through.
    """
    both = sides(held, registry)
    if both.is_empty():
        return pl.DataFrame(schema=_LOANS)
    state = metrics.lending.loans(both, by="place")
    still = {base for asset in both["asset"] for base in registry.exposures(asset)[0] if registry.pegged(base)}
    points = metrics.lending.liquidation_points(both, through=registry.through, still=still, by="place")
    prices = registry.through.prices
    rows = []
    for row in points.join(state.drop("health_factor", "reason"), on="place", maintain_order="left").iter_rows(
        named=True
    ):
        asset = row["asset"]
        price = (prices.get(asset) or None) if asset else None
        backed = row["collateral"] > 0
        move = row["fall"] if row["fall"] is not None else row["rise"]
        placed = move is not None and price is not None and backed
        rows.append(
            {
                "place": row["place"],
                "collateral": row["collateral"],
                "borrowed": row["borrowed"],
                "health_factor": row["health_factor"] if backed else None,
                "what": registry.symbol(asset) if asset else "everything without a peg",
                "move": move if backed else None,
                "price": price,
                "liquidation_price": price * (1 + move) if placed else None,
                "reason": row["reason"] if backed else "no liquidation threshold is stated for what backs it",
                "note": _note(both.filter(place=row["place"]), registry),
            }
        )
    return pl.DataFrame(rows, schema=_LOANS)


def _note(sides: pl.DataFrame, registry: Registry) -> str | None:
    bare = sides.filter((pl.col("side") == "supply") & pl.col("threshold").is_null())["asset"].unique().sort()
    said = [f"{registry.symbol(asset)}: no liquidation threshold is stated, so it backs nothing" for asset in bare]
    for asset in sides["asset"].unique().sort():
        reason = registry.exposures(asset)[1]
        said += [f"{registry.symbol(asset)}: not looked through, {reason}"] if reason else []
    return "; ".join(said) or None


def ladder(held: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Health of each loan while everything without a peg falls step by step, debts included.

    Args:
        held: What `holdings.positions` gave.
        registry: What assets stand for, and their liquidation thresholds.

    Returns:
        One row for each loan and step, in order: place String, step Float64, collateral, borrowed Float64 in USD,
        health_factor Float64, liquidable Boolean. Empty without a loan whose collateral has a threshold.
    """
    both = sides(held, registry)
    backed = both.filter(pl.col("threshold").fill_null(0.0) > 0)["place"].unique().to_list()
    known = both.filter(pl.col("place").is_in(backed))
    if known.is_empty():
        return pl.DataFrame(schema=_LADDER)
    bases = {base for asset in known["asset"] for base in registry.exposures(asset)[0]}
    betas = {base: 0.0 if registry.pegged(base) else 1.0 for base in bases}
    return metrics.lending.liquidation_ladder(known, betas=betas, through=registry.through, by="place")
