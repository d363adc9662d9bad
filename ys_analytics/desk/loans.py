"""Health of each loan, the moves that would liquidate it, and a ladder of falls, looked through.

Frames and metrics in, frames out; opens nothing. A loan is what a protocol on one chain lent against what it holds;
thresholds are those that the registry states.
"""

from datetime import date, timedelta

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk.holdings import WALLET
from ys_analytics.desk.lookthrough import Registry
from ys_analytics.metrics.annual import MINIMUM_DAYS

_DEBT = "borrowing"

_LOANS: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "collateral": pl.Float64,
    "borrowed": pl.Float64,
    "health_factor": pl.Float64,
    "what": pl.String,
    "asset_id": pl.String,
    "move": pl.Float64,
    "price": pl.Float64,
    "liquidation_price": pl.Float64,
    "reason": pl.String,
    "note": pl.String,
}
_THRESHOLDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "symbol": pl.String,
    "value": pl.Float64,
    "threshold": pl.Float64,
    "source": pl.String,
    "as_of": pl.Date,
    "reason": pl.String,
    "unsourced": pl.String,
}
_TIME_TO_ACT: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "what": pl.String,
    "move": pl.Float64,
    "volatility": pl.Float64,
    "deviations": pl.Float64,
    "fastest": pl.Int64,
    "days": pl.Int64,
    "reason": pl.String,
    "never": pl.String,
}
# Days of returns that say how large a usual one is now.
_RECENT = 90
_LADDER: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "step": pl.Float64,
    "collateral": pl.Float64,
    "borrowed": pl.Float64,
    "health_factor": pl.Float64,
    "liquidable": pl.Boolean,
}


def sides(positions: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Supplies and borrows of every protocol and chain that lent something: place, asset, side, value, threshold."""
    in_protocols = positions.filter(pl.col("protocol") != WALLET)
    loan_places = in_protocols.filter(pl.col("kind") == _DEBT)["place"].unique().to_list()
    loan_positions = in_protocols.filter(pl.col("place").is_in(loan_places))
    thresholds = [_threshold(registry, asset) for asset in loan_positions["asset_id"]]
    debt = pl.col("kind") == _DEBT
    return loan_positions.with_columns(pl.Series("threshold", thresholds, dtype=pl.Float64)).select(
        "place",
        asset="asset_id",
        side=pl.when(debt).then(pl.lit("borrow")).otherwise(pl.lit("supply")),
        value=pl.col("value").abs().cast(pl.Float64),
        threshold=pl.when(~debt).then("threshold"),
    )


def _threshold(registry: Registry, asset: str) -> float | None:
    """The liquidation threshold that the registry states, as a fraction; null where it states none that could be."""
    stated = registry.metadata(asset).get("liquidation_threshold")
    is_fraction = isinstance(stated, int | float) and not isinstance(stated, bool) and 0 <= stated <= 1
    return float(stated) if is_fraction and stated is not None else None


def loans(positions: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """How far prices must move until each loan may be liquidated: the market's, and that of each asset behind it.

    Args:
        positions: What `holdings.positions` gave.
        registry: What assets stand for, and their liquidation thresholds.

    Returns:
        One row for each loan and move, in order: place String, collateral, borrowed Float64 in USD, health_factor
        Float64, what, asset_id String (what moves; the market has no id), move Float64 (a fraction: the nearest fall,
        or a rise), price and liquidation_price Float64 in USD (of one asset; null for the market), reason String where
        nothing would liquidate, or no threshold is known; note String: collateral that backs nothing for want of a
        threshold, and what could not be looked through.
    """
    loan_sides = sides(positions, registry)
    if loan_sides.is_empty():
        return pl.DataFrame(schema=_LOANS)
    loan_states = metrics.lending.loans(loan_sides, by="place")
    pegged = {
        base for asset in loan_sides["asset"] for base in registry.exposures(asset)[0] if registry.is_pegged(base)
    }
    points = metrics.lending.liquidation_points(loan_sides, through=registry.look_through, unmoved=pegged, by="place")
    prices = registry.look_through.prices
    rows = []
    for row in points.join(loan_states.drop("health_factor", "reason"), on="place", maintain_order="left").iter_rows(
        named=True
    ):
        asset = row["asset"]
        price = (prices.get(asset) or None) if asset else None
        has_collateral = row["collateral"] > 0
        move = row["fall"] if row["fall"] is not None else row["rise"]
        is_priced = move is not None and price is not None and has_collateral
        rows.append(
            {
                "place": row["place"],
                "collateral": row["collateral"],
                "borrowed": row["borrowed"],
                "health_factor": row["health_factor"] if has_collateral else None,
                "what": registry.symbol(asset) if asset else "everything without a peg",
                "asset_id": asset,
                "move": move if has_collateral else None,
                "price": price,
                "liquidation_price": price * (1 + move) if is_priced else None,
                "reason": row["reason"] if has_collateral else "no liquidation threshold is stated for what backs it",
                "note": _note(loan_sides.filter(place=row["place"]), registry),
            }
        )
    return pl.DataFrame(rows, schema=_LOANS)


def thresholds(held: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """The liquidation threshold of each asset that backs a loan, where it is from and of which day.

    Args:
        held: What `holdings.positions` gave.
        registry: What assets stand for, and their liquidation thresholds.

    Returns:
        place, symbol String, value Float64 in USD (what backs the loan), threshold Float64, source String and as_of
        Date as `assets.metadata` states them, reason String where threshold is null, unsourced String where the source
        or the day is. The largest first in each place.
    """
    loan_sides = sides(held, registry).filter(pl.col("side") == "supply")
    rows = []
    for place, asset, value, threshold in loan_sides.select("place", "asset", "value", "threshold").iter_rows():
        facts = registry.metadata(asset)
        source, stated = facts.get("liquidation_threshold_source"), str(facts.get("liquidation_threshold_as_of") or "")
        rows.append(
            {
                "place": place, "symbol": registry.symbol(asset), "value": value, "threshold": threshold,
                "source": str(source) if source else None, "as_of": _day(stated),
                "reason": None if threshold is not None else "none is stated, so it backs nothing",
                "unsourced": None if source and _day(stated) else "the registry of assets does not state it",
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_THRESHOLDS).sort("place", "value", "symbol", descending=[False, True, False])


def _day(stated: str) -> date | None:
    try:
        return date.fromisoformat(stated)
    except ValueError:
        return None


def time_to_act(found: pl.DataFrame, closes: pl.DataFrame, *, end: date) -> pl.DataFrame:
    """How fast the move that would liquidate each loan came in the last year, and how large it is against a usual day.

    Args:
        found: What `loans` gave.
        closes: Daily closes of what moves: asset_id, day Date, price.
        end: The day after the last.

    Returns:
        place, what String, move Float64, volatility Float64 (standard deviation of daily returns of the last 90 days),
        deviations Float64 (the move in these), fastest Int64 (days; the fewest in which the last year had such a move),
        days Int64 (closes looked at), reason String where a number is null. One row for each asset with a move.
    """
    rows = []
    for row in found.filter(pl.col("price").is_not_null() & pl.col("move").is_not_null()).iter_rows(named=True):
        path = _unbroken(closes.filter(pl.col("asset_id") == row["asset_id"]), end)
        price = path["price"]
        rets = price.pct_change().drop_nulls().tail(_RECENT)
        spread = rets.std() if rets.len() >= MINIMUM_DAYS else None
        daily = float(spread) if isinstance(spread, float) and spread > 0 else None
        fastest = metrics.lending.fastest_move(price, row["move"]) if path.height > MINIMUM_DAYS else None
        rows.append(
            {
                "place": row["place"], "what": row["what"], "move": row["move"], "volatility": daily,
                "deviations": None if daily is None else abs(row["move"]) / daily, "fastest": fastest,
                "days": path.height,
                "reason": None if daily is not None else f"needs {MINIMUM_DAYS} daily returns in a row",
                "never": None if fastest is not None else f"no such move within {path.height} closes",
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_TIME_TO_ACT)


def _unbroken(closes: pl.DataFrame, end: date) -> pl.DataFrame:
    """Closes of the last year up to the latest, from the last day that is missing on."""
    year = closes.filter((pl.col("day") < end) & (pl.col("day") >= end - timedelta(days=365))).sort("day")
    after_gap = (pl.col("day").diff() > timedelta(days=1)).fill_null(value=False).cum_sum()
    return year.with_columns(piece=after_gap).filter(pl.col("piece") == pl.col("piece").max()).select(
        "day", pl.col("price").cast(pl.Float64)
    )  # fmt: skip


def _note(sides: pl.DataFrame, registry: Registry) -> str | None:
    without_threshold = (
        sides.filter((pl.col("side") == "supply") & pl.col("threshold").is_null())["asset"].unique().sort()
    )
    notes = [
        f"{registry.symbol(asset)}: no liquidation threshold is stated, so it backs nothing"
        for asset in without_threshold
    ]
    for asset in sides["asset"].unique().sort():
        reason = registry.exposures(asset)[1]
        notes += [f"{registry.symbol(asset)}: not looked through, {reason}"] if reason else []
    return "; ".join(notes) or None


def ladder(positions: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Health of each loan while everything without a peg falls step by step, debts included.

    Args:
        positions: What `holdings.positions` gave.
        registry: What assets stand for, and their liquidation thresholds.

    Returns:
        One row for each loan and step, in order: place String, step Float64, collateral, borrowed Float64 in USD,
        health_factor Float64, liquidable Boolean. Empty without a loan whose collateral has a threshold.
    """
    loan_sides = sides(positions, registry)
    with_threshold = loan_sides.filter(pl.col("threshold").fill_null(0.0) > 0)["place"].unique().to_list()
    backed_sides = loan_sides.filter(pl.col("place").is_in(with_threshold))
    if backed_sides.is_empty():
        return pl.DataFrame(schema=_LADDER)
    bases = {base for asset in backed_sides["asset"] for base in registry.exposures(asset)[0]}
    betas = {base: 0.0 if registry.is_pegged(base) else 1.0 for base in bases}
    return metrics.lending.liquidation_ladder(backed_sides, betas=betas, through=registry.look_through, by="place")
