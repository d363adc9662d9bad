"""Drift of holdings from the owner's target allocation, and Brinson-Fachler effects of that difference.

Depends on the ledger's movements and `metrics.attribution`; opens nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk.bridge import with_price_at
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
_IMMATERIAL_WEIGHT = 1e-9


def drift(positions: pl.DataFrame, targets: Mapping[str, float]) -> pl.DataFrame:
    """Weight of each symbol held or wanted and its target, furthest first.

    Args:
        positions: What `holdings.positions` gave; a debt counts against its symbol.
        targets: Target weight by symbol.

    Returns:
        symbol, value Decimal in USD, weight (of net value), target, drift (weight less target), trade Float64 in USD
        (what to buy, or with a minus to sell, to be at target), reason String: why weight is null. Empty without a
        target.
    """
    if not targets:
        return pl.DataFrame(schema=_DRIFT)
    net = float(positions["value"].sum()) if positions.height else 0.0
    by_symbol = positions.group_by("symbol", maintain_order=True).agg(pl.col("value").sum())
    target_rows = pl.DataFrame(
        {"symbol": list(targets), "target": list(targets.values())}, schema={"symbol": pl.String, "target": pl.Float64}
    )
    value = pl.col("value").cast(pl.Float64)
    weight = value / net if net > 0 else pl.lit(None, pl.Float64)
    return (
        by_symbol.join(target_rows, on="symbol", how="full", coalesce=True, maintain_order="left_right")
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
    movements: pl.DataFrame,
    returns: pl.DataFrame,
    values: pl.DataFrame,
    quotes: pl.DataFrame,
    *,
    names: Mapping[str, str],
    targets: Mapping[str, float],
    target_assets: Mapping[str, str],
) -> pl.DataFrame:
    """Brinson-Fachler effects of each symbol against the target, day by day, linked by Carino.

    A day goes from close to close. A symbol's return is its gain over its average capital (Modified Dietz, trades and
    flows by the time they were in); yield, rewards and gas are in it, and what a trade cost belongs to what was bought.
    The target is brought back to its weights at each close and earns the prices of its assets.

    Args:
        movements: What `attribution.movements` gave.
        returns: The days to link, from `daily_returns`: those with a return.
        values: What `returns.daily_values` gave: the closes.
        quotes: `market_data` of all that moved or is wanted.
        names: Symbol by asset id.
        targets: Target weight by symbol; scaled to add up to one.
        target_assets: The asset that each wanted symbol is priced by.

    Returns:
        name, row String (part, unexplained, excess), weight and target Float64 (means over the days), contribution
        (mean daily), allocation, selection, interaction, total Float64 that add up to the excess: the linked return of
        the portfolio less that of the target; days Int64; reason String. What daily returns and segments disagree about
        (residuals, the hour of flows) is the row unexplained. One row with the reason where it cannot be stated.
    """
    target_sum = sum(targets.values())
    with_return = returns.filter(pl.col("ret").is_not_null())
    if target_sum <= 0:
        return _not_stated("the portfolio states no target allocation")
    if with_return.is_empty():
        return _not_stated("there is no return to explain")
    day_closes = _day_closes(with_return, values)
    segments = _segments(movements, quotes, names, day_closes)
    prices = _target_returns(
        day_closes, quotes, {name: weight / target_sum for name, weight in targets.items()}, target_assets
    )
    unpriced = (segments.filter(pl.col("ret").is_nan()), prices.filter(pl.col("benchmark_ret").is_null()))
    if missing := [name for rows in unpriced for name in rows["name"]]:
        return _not_stated(f"no price at each close for {', '.join(sorted(set(missing)))}")
    segments_and_targets = segments.join(prices, on=["period", "name"], how="full", coalesce=True).with_columns(
        pl.col("weight", "benchmark_weight").fill_null(0.0)
    )
    try:
        linked = metrics.attribution.linked_effects(segments_and_targets.sort("period", "name"), segment="name")
    except ContractError:
        return _not_stated("a day lost everything, which cannot be linked")
    portfolio_return = _linked_return(with_return["ret"].to_list())
    target_return = _linked_return(
        prices.group_by("period", maintain_order=True)
        .agg(r=(pl.col("benchmark_weight") * pl.col("benchmark_ret")).sum())["r"]
        .to_list()
    )
    means = (
        segments_and_targets.sort("period", "name")
        .group_by("name", maintain_order=True)
        .agg(
            weight=pl.col("weight").sum() / with_return.height,
            target=pl.col("benchmark_weight").sum() / with_return.height,
            contribution=(pl.col("weight") * pl.col("ret").fill_null(0.0)).sum() / with_return.height,
        )
    )
    parts = (
        linked.join(means, on="name", how="left", maintain_order="left")
        .with_columns(row=pl.lit("part"))
        .sort(pl.col("total").abs(), "name", descending=[True, False])
    )
    explained = float(parts["total"].sum())
    total_rows = [
        ("Unexplained", "unexplained", (portfolio_return - target_return) - explained),
        ("Excess return", "excess", portfolio_return - target_return),
    ]
    totals = pl.DataFrame(total_rows, schema={"name": pl.String, "row": pl.String, "total": pl.Float64}, orient="row")
    table = pl.concat([parts, totals], how="diagonal").with_columns(
        days=pl.lit(with_return.height, pl.Int64), reason=pl.lit(None, pl.String)
    )
    return table.select(pl.col(name).cast(dtype) for name, dtype in _EFFECTS.items())


def _not_stated(reason: str) -> pl.DataFrame:
    return pl.DataFrame([{"name": "Excess return", "row": "excess", "reason": reason}], schema=_EFFECTS)


def _linked_return(rets: list[float]) -> float:
    wealth = 1.0
    for ret in rets:
        wealth *= 1 + ret
    return wealth - 1


def _day_closes(known: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """period, start and end of each day's return: the closes it lies between."""
    closes = values.sort("day").select("day", end="closed_at", start=pl.col("closed_at").shift(1))
    return known.select(period="day").join(closes, left_on="period", right_on="day", how="left", maintain_order="left")


def _segments(
    movements: pl.DataFrame, quotes: pl.DataFrame, names: Mapping[str, str], edges: pl.DataFrame
) -> pl.DataFrame:
    """Weight and return of each symbol in each period; NaN where a price is missing."""
    spans = edges.select("period", "start", "end").rows()
    held = _held_at(movements, [moment for _, start, end in spans for moment in (start, end)])
    valued = with_price_at(held, quotes, "asset_id", at=pl.col("at"), name="price").with_columns(
        value=pl.col("quantity").cast(pl.Float64) * pl.col("price").cast(pl.Float64).fill_null(float("nan"))
    )
    close_values = {(row[0], row[1]): row[2] for row in valued.select("at", "asset_id", "value").iter_rows()}
    traded = _trade_amounts(movements, quotes)
    by_symbol: dict[tuple[Any, str], list[float]] = {}
    day_capital: dict[Any, float] = {}
    assets = movements["asset_id"].drop_nulls().unique(maintain_order=True).to_list()
    first = 0
    for period, start, end in spans:
        while first < len(traded) and traded[first][0] <= start:
            first += 1
        last = first
        while last < len(traded) and traded[last][0] <= end:
            last += 1
        day_trades, length = traded[first:last], (end - start).total_seconds()
        for asset in assets:
            before, after = close_values.get((start, asset), 0.0), close_values.get((end, asset), 0.0)
            asset_trades = [(at, amount) for at, traded_asset, amount in day_trades if traded_asset == asset]
            if before == 0 and after == 0 and not asset_trades:
                continue
            capital = before + sum(amount * (end - at).total_seconds() / length for at, amount in asset_trades)
            gain = after - before - sum(amount for _, amount in asset_trades)
            sums_of_symbol = by_symbol.setdefault((period, names.get(asset, asset)), [0.0, 0.0])
            sums_of_symbol[0] += capital
            sums_of_symbol[1] += gain
            day_capital[period] = day_capital.get(period, 0.0) + capital
    rows = []
    for (period, name), (capital, gain) in by_symbol.items():
        capital_of_day = day_capital[period]
        weight = capital / capital_of_day if capital_of_day else 0.0
        is_material = abs(weight) > _IMMATERIAL_WEIGHT or capital != capital  # noqa: PLR0124 - not a number: a price is missing
        rows.append((period, name, weight if is_material else 0.0, gain / capital if is_material else None))
    return pl.DataFrame(
        rows, schema={"period": pl.Date, "name": pl.String, "weight": pl.Float64, "ret": pl.Float64}, orient="row"
    )


def _held_at(movements: pl.DataFrame, moments: list[datetime]) -> pl.DataFrame:
    """Quantity of each asset at each moment: moment, asset_id, quantity; no zeros."""
    quantities: dict[str, Any] = {}
    legs = movements.drop_nulls(["asset_id", "change"]).select("timestamp", "asset_id", "change").rows()
    rows, position = [], 0
    for moment in sorted(set(moments)):
        while position < len(legs) and legs[position][0] <= moment:
            _, asset, change = legs[position]
            quantities[asset] = quantities.get(asset, 0) + change
            position += 1
        rows += [(moment, asset, quantity) for asset, quantity in quantities.items() if quantity]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "at": TIME,
        "asset_id": pl.String,
        "quantity": pl.Decimal(38, 18),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _trade_amounts(movements: pl.DataFrame, quotes: pl.DataFrame) -> list[tuple[datetime, str, float]]:
    """Trades and flows into each asset in USD; a purchase counts at the value of what was sold for it."""
    legs = movements.filter(pl.col("cause").is_in(["trade", "flow"])).drop_nulls(["asset_id", "change"])
    priced = with_price_at(legs, quotes, "asset_id", at=pl.col("timestamp"), name="price").with_columns(
        amount=pl.col("change").cast(pl.Float64) * pl.col("price").cast(pl.Float64).fill_null(float("nan"))
    )
    trade = pl.col("cause") == "trade"
    largest = pl.col("amount") == pl.col("amount").max().over("place")
    net = pl.col("amount").sum().over("place")
    bought = trade & pl.col("place").is_not_null() & largest & (pl.col("amount") > 0)
    first_bought = bought & (bought.cum_sum().over("place") == 1)
    return priced.with_columns(amount=pl.when(first_bought).then(pl.col("amount") - net).otherwise("amount")).select(
        "timestamp", "asset_id", "amount"
    ).rows()  # fmt: skip


def _target_returns(
    edges: pl.DataFrame, quotes: pl.DataFrame, weights: Mapping[str, float], target_assets: Mapping[str, str]
) -> pl.DataFrame:
    """Weight and price return of each wanted symbol in each period."""
    target_rows = pl.DataFrame(
        [(name, target_assets[name], weight) for name, weight in weights.items() if weight],
        schema={"name": pl.String, "asset_id": pl.String, "benchmark_weight": pl.Float64},
        orient="row",
    )
    grid = edges.join(target_rows, how="cross")
    for edge in ("start", "end"):
        grid = with_price_at(grid, quotes, "asset_id", at=pl.col(edge), name=f"{edge}_price")
    change = pl.col("end_price").cast(pl.Float64) / pl.col("start_price").cast(pl.Float64) - 1
    return grid.select("period", "name", "benchmark_weight", benchmark_ret=change)
