"""How far holdings are from the owner's target allocation, and what that difference earned: drift and Brinson-Fachler.

Depends on the ledger's movements and `metrics.attribution`; opens nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk.bridge import quoted
from ys_analytics.errors import ContractError
from ys_analytics.schemas import TIME

_DRIFT: dict[str, pl.DataType | type[pl.DataType]] = {
    "symbol": pl.String,
    "value": pl.Decimal(38, 18),
    "weight": pl.Float64,
    "target": pl.Float64,
    "drift": pl.Float64,
    "trade": pl.Float64,
    "reason": pl.String,
}
_EFFECTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "name": pl.String,
    "row": pl.String,
    "weight": pl.Float64,
    "target": pl.Float64,
    "contribution": pl.Float64,
    "allocation": pl.Float64,
    "selection": pl.Float64,
    "interaction": pl.Float64,
    "total": pl.Float64,
    "days": pl.Int64,
    "reason": pl.String,
}
# Below this share of the whole a day's capital in an asset is none: a coin bought and sold within the day.
_NOTHING = 1e-9


def drift(held: pl.DataFrame, wanted: Mapping[str, float]) -> pl.DataFrame:
    """Weight of each symbol held or wanted and its target, furthest first.

    Args:
        held: What `holdings.positions` gave; a debt counts against its symbol.
        wanted: Target weight by symbol.

    Returns:
        symbol, value Decimal in USD, weight (of net value), target, drift (weight less target), trade Float64 in USD
        (what to buy, or with a minus to sell, to be at target), reason String: why weight is null. Empty without a
        target.
    """
    if not wanted:
        return pl.DataFrame(schema=_DRIFT)
    net = float(held["value"].sum()) if held.height else 0.0
    mine = held.group_by("symbol", maintain_order=True).agg(pl.col("value").sum())
    goal = pl.DataFrame(
        {"symbol": list(wanted), "target": list(wanted.values())}, schema={"symbol": pl.String, "target": pl.Float64}
    )
    value = pl.col("value").cast(pl.Float64)
    weight = value / net if net > 0 else pl.lit(None, pl.Float64)
    return (
        mine.join(goal, on="symbol", how="full", coalesce=True, maintain_order="left_right")
        .with_columns(pl.col("value").fill_null(0), pl.col("target").fill_null(0.0))
        .with_columns(weight=weight)
        .with_columns(
            drift=pl.col("weight") - pl.col("target"),
            trade=pl.when(pl.col("weight").is_not_null()).then(pl.col("target") * net - value),
            reason=pl.when(pl.col("weight").is_null()).then(pl.lit("net value is not above zero")),
        )
        .sort(pl.col("drift").abs(), "symbol", descending=[True, False], nulls_last=True)
        .select(pl.col(name).cast(dtype) for name, dtype in _DRIFT.items())
    )


def turnover_to_target(drifted: pl.DataFrame) -> float | None:
    """The share of net value to trade, one way, to be at target: half the sum of all drifts; null without weights."""
    if drifted.is_empty() or drifted["drift"].null_count():
        return None
    return float(drifted["drift"].abs().sum()) / 2


def effects(
    moved: pl.DataFrame,
    returns: pl.DataFrame,
    values: pl.DataFrame,
    quotes: pl.DataFrame,
    *,
    names: Mapping[str, str],
    wanted: Mapping[str, float],
    chosen: Mapping[str, str],
) -> pl.DataFrame:
    """Brinson-Fachler effects of each symbol against the target, day by day, linked by Carino.

    A day goes from close to close. A symbol's return is its gain over its average capital (Modified Dietz, trades and
    flows by the time they were in); yield, rewards and gas are in it, and what a trade cost belongs to what was bought.
    The target is brought back to its weights at each close and earns the prices of its assets.

    Args:
        moved: What `attribution.movements` gave.
        returns: The days to link, from `daily_returns`: those with a return.
        values: What `returns.daily_values` gave: the closes.
        quotes: `market_data` of all that moved or is wanted.
        names: Symbol by asset id.
        wanted: Target weight by symbol; scaled to one.
        chosen: The asset that each wanted symbol is priced by.

    Returns:
        name, row String (part, unexplained, excess), weight and target Float64 (means over the days), contribution
        (mean daily), allocation, selection, interaction, total Float64 that add up to the excess: the linked return of
        the portfolio less that of the target; days Int64; reason String. What daily returns and segments disagree about
        (residuals, the hour of flows) is the row unexplained. One row with the reason where it cannot be stated.
    """
    whole = sum(wanted.values())
    known = returns.filter(pl.col("ret").is_not_null())
    if whole <= 0:
        return _refused("the portfolio states no target allocation")
    if known.is_empty():
        return _refused("there is no return to explain")
    edges = _edges(known, values)
    segments = _segments(moved, quotes, names, edges)
    prices = _target_returns(edges, quotes, {name: weight / whole for name, weight in wanted.items()}, chosen)
    unpriced = (segments.filter(pl.col("ret").is_nan()), prices.filter(pl.col("benchmark_ret").is_null()))
    if missing := [name for rows in unpriced for name in rows["name"]]:
        return _refused(f"no price at each close for {', '.join(sorted(set(missing)))}")
    both = segments.join(prices, on=["period", "name"], how="full", coalesce=True).with_columns(
        pl.col("weight", "benchmark_weight").fill_null(0.0)
    )
    try:
        linked = metrics.attribution.linked_effects(both.sort("period", "name"), segment="name")
    except ContractError:
        return _refused("a day lost everything, which cannot be linked")
    own = _linked(known["ret"].to_list())
    its = _linked(
        prices.group_by("period", maintain_order=True)
        .agg(r=(pl.col("benchmark_weight") * pl.col("benchmark_ret")).sum())["r"]
        .to_list()
    )
    means = (
        both.sort("period", "name")
        .group_by("name", maintain_order=True)
        .agg(
            weight=pl.col("weight").sum() / known.height,
            target=pl.col("benchmark_weight").sum() / known.height,
            contribution=(pl.col("weight") * pl.col("ret").fill_null(0.0)).sum() / known.height,
        )
    )
    parts = (
        linked.join(means, on="name", how="left", maintain_order="left")
        .with_columns(row=pl.lit("part"))
        .sort(pl.col("total").abs(), "name", descending=[True, False])
    )
    explained = float(parts["total"].sum())
    rest = [("Unexplained", "unexplained", (own - its) - explained), ("Excess return", "excess", own - its)]
    more = pl.DataFrame(rest, schema={"name": pl.String, "row": pl.String, "total": pl.Float64}, orient="row")
    listed = pl.concat([parts, more], how="diagonal").with_columns(
        days=pl.lit(known.height, pl.Int64), reason=pl.lit(None, pl.String)
    )
    return listed.select(pl.col(name).cast(dtype) for name, dtype in _EFFECTS.items())


def _refused(reason: str) -> pl.DataFrame:
    return pl.DataFrame([{"name": "Excess return", "row": "excess", "reason": reason}], schema=_EFFECTS)


def _linked(rets: list[float]) -> float:
    wealth = 1.0
    for ret in rets:
        wealth *= 1 + ret
    return wealth - 1


def _edges(known: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """period, start and end of each day's return: the closes it lies between."""
    closes = values.sort("day").select("day", end="closed_at", start=pl.col("closed_at").shift(1))
    return known.select(period="day").join(closes, left_on="period", right_on="day", how="left", maintain_order="left")


def _segments(moved: pl.DataFrame, quotes: pl.DataFrame, names: Mapping[str, str], edges: pl.DataFrame) -> pl.DataFrame:
    """Weight and return of each symbol in each period; NaN where a price is missing."""
    spans = edges.select("period", "start", "end").rows()
    held = _held_at(moved, [moment for _, start, end in spans for moment in (start, end)])
    worth = quoted(held, quotes, "asset_id", at=pl.col("at"), called="price").with_columns(
        value=pl.col("quantity").cast(pl.Float64) * pl.col("price").cast(pl.Float64).fill_null(float("nan"))
    )
    ends = {(row[0], row[1]): row[2] for row in worth.select("at", "asset_id", "value").iter_rows()}
    traded = _traded(moved, quotes)
    sums: dict[tuple[Any, str], list[float]] = {}
    wholes: dict[Any, float] = {}
    assets = moved["asset_id"].drop_nulls().unique(maintain_order=True).to_list()
    place = 0
    for period, start, end in spans:
        while place < len(traded) and traded[place][0] <= start:
            place += 1
        later = place
        while later < len(traded) and traded[later][0] <= end:
            later += 1
        inside, length = traded[place:later], (end - start).total_seconds()
        for asset in assets:
            before, after = ends.get((start, asset), 0.0), ends.get((end, asset), 0.0)
            mine = [(at, amount) for at, one, amount in inside if one == asset]
            if before == 0 and after == 0 and not mine:
                continue
            capital = before + sum(amount * (end - at).total_seconds() / length for at, amount in mine)
            gain = after - before - sum(amount for _, amount in mine)
            found = sums.setdefault((period, names.get(asset, asset)), [0.0, 0.0])
            found[0] += capital
            found[1] += gain
            wholes[period] = wholes.get(period, 0.0) + capital
    rows = []
    for (period, name), (capital, gain) in sums.items():
        whole = wholes[period]
        weight = capital / whole if whole else 0.0
        counts = abs(weight) > _NOTHING or capital != capital  # noqa: PLR0124 - not a number: a price is missing
        rows.append((period, name, weight if counts else 0.0, gain / capital if counts else None))
    return pl.DataFrame(
        rows, schema={"period": pl.Date, "name": pl.String, "weight": pl.Float64, "ret": pl.Float64}, orient="row"
    )


def _held_at(moved: pl.DataFrame, moments: list[datetime]) -> pl.DataFrame:
    """Quantity of each asset at each moment: moment, asset_id, quantity; no zeros."""
    sums: dict[str, Any] = {}
    legs = moved.drop_nulls(["asset_id", "change"]).select("timestamp", "asset_id", "change").rows()
    rows, place = [], 0
    for moment in sorted(set(moments)):
        while place < len(legs) and legs[place][0] <= moment:
            _, asset, change = legs[place]
            sums[asset] = sums.get(asset, 0) + change
            place += 1
        rows += [(moment, asset, quantity) for asset, quantity in sums.items() if quantity]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "at": TIME,
        "asset_id": pl.String,
        "quantity": pl.Decimal(38, 18),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _traded(moved: pl.DataFrame, quotes: pl.DataFrame) -> list[tuple[datetime, str, float]]:
    """What trades and flows brought into each asset, in USD; what was bought counts as what was given for it."""
    legs = moved.filter(pl.col("cause").is_in(["trade", "flow"])).drop_nulls(["asset_id", "change"])
    priced = quoted(legs, quotes, "asset_id", at=pl.col("timestamp"), called="price").with_columns(
        amount=pl.col("change").cast(pl.Float64) * pl.col("price").cast(pl.Float64).fill_null(float("nan"))
    )
    trade = pl.col("cause") == "trade"
    largest = pl.col("amount") == pl.col("amount").max().over("place")
    net = pl.col("amount").sum().over("place")
    bought = trade & pl.col("place").is_not_null() & largest & (pl.col("amount") > 0)
    first = bought & (bought.cum_sum().over("place") == 1)
    return priced.with_columns(amount=pl.when(first).then(pl.col("amount") - net).otherwise("amount")).select(
        "timestamp", "asset_id", "amount"
    ).rows()  # fmt: skip


def _target_returns(
    edges: pl.DataFrame, quotes: pl.DataFrame, weights: Mapping[str, float], chosen: Mapping[str, str]
) -> pl.DataFrame:
    """Weight and price return of each wanted symbol in each period."""
    goal = pl.DataFrame(
        [(name, chosen[name], weight) for name, weight in weights.items() if weight],
        schema={"name": pl.String, "asset_id": pl.String, "benchmark_weight": pl.Float64},
        orient="row",
    )
    grid = edges.join(goal, how="cross")
    for called in ("start", "end"):
        grid = quoted(grid, quotes, "asset_id", at=pl.col(called), called=f"{called}_price")
    change = pl.col("end_price").cast(pl.Float64) / pl.col("start_price").cast(pl.Float64) - 1
    return grid.select("period", "name", "benchmark_weight", benchmark_ret=change)
