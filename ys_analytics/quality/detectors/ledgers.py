"""Amounts that contradict prices: swaps of unequal value, flows larger than their portfolio, impossible costs.

Depends on transactions, positions, snapshots and quotes. A flow may be unusual, and is found only where it is beyond
all that the other tables say.
"""

import polars as pl

from ys_analytics.metrics import classify_flows
from ys_analytics.schemas.outcomes import moves

# Slippage and fees cost something; beyond this factor between the two sides of a swap one of them is wrong.
_MAX_SWAP_RATIO = 1.5
# Older quotes are not compared with what was paid.
_MAX_QUOTE_AGE = "2d"
# How far above the largest value a portfolio had around then a flow, and above or below every price of an asset an
# average cost, may lie.
_MAX_FLOW_RATIO, _MAX_COST_RATIO = 2.0, 5.0
_DAYS_AROUND = 3
# A flow explains what a value does on its day and the next, whichever of the two it is booked on.
_DAYS_EXPLAINED = 1


def uneven_swaps(transactions: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Confirmed swaps whose two sides are worth different things: a side was scaled, or the two were exchanged."""
    swaps = transactions.lazy().filter(
        (pl.col("transaction_type") == "swap") & moves()
        & (pl.col("from_amount") > 0) & (pl.col("to_amount") > 0)
    )  # fmt: skip
    sent_value = pl.col("from_amount").cast(pl.Float64) * pl.col("_from_price")
    received_value = pl.col("to_amount").cast(pl.Float64) * pl.col("_to_price")
    return (
        _priced(_priced(swaps, quotes, "from"), quotes, "to")
        .with_columns(_ratio=received_value / sent_value)
        .filter(pl.col("_ratio").log().abs() > pl.lit(_MAX_SWAP_RATIO).log())
        .sort(pl.col("_ratio").log().abs(), "id", descending=[True, False])
        .select(
            "id",
            "timestamp",
            said=pl.format("receives {} times the value it gives", pl.col("_ratio").round_sig_figs(3)),
        )
        .collect()
    )


def oversized_flows(transactions: pl.DataFrame, quotes: pl.DataFrame, snapshots: pl.DataFrame) -> pl.DataFrame:
    """Confirmed deposits and withdrawals worth twice what their portfolio can have held on any day around them.

    It can have held its largest value at a snapshot of these days, and what came and went the other way in them: money
    that is paid in and taken out between two snapshots shows in no value.
    """
    flows = transactions.lazy().filter(
        pl.col("transaction_type").cast(pl.String).is_in(["deposit", "withdraw"]) & moves()
    )
    sides = [
        _priced(flows.filter(pl.col(f"{side}_amount") > 0), quotes, side).select(
            "id", "timestamp", "portfolio_id", "transaction_type",
            _worth=pl.col(f"{side}_amount").cast(pl.Float64) * pl.col(f"_{side}_price"),
        )
        for side in ("from", "to")
    ]  # fmt: skip
    day = pl.col("timestamp").dt.date()
    worth = pl.concat(sides).with_columns(pl.col("transaction_type").cast(pl.String), _day=day)
    opposite = pl.when(pl.col("transaction_type") == "deposit").then(pl.lit("withdraw")).otherwise(pl.lit("deposit"))
    opposite_flows = (
        worth.with_columns(_around=pl.int_ranges(-_DAYS_AROUND, _DAYS_AROUND + 1))
        .explode("_around")
        .group_by(
            "portfolio_id",
            transaction_type=opposite,
            _day=pl.col("_day") + pl.duration(days="_around"),
        )
        .agg(_other_way=pl.col("_worth").sum())
    )
    largest_values = snapshots.lazy().group_by("portfolio_id", _day=day).agg(_value=pl.col("total_value").max())
    days_around = pl.concat(
        largest_values.with_columns(pl.col("_day").dt.offset_by(f"{days}d"))
        for days in range(-_DAYS_AROUND, _DAYS_AROUND + 1)
    )
    return (
        worth.join(
            days_around.group_by("portfolio_id", "_day").agg(pl.col("_value").max()), on=["portfolio_id", "_day"]
        )
        .join(opposite_flows, on=["portfolio_id", "transaction_type", "_day"], how="left")
        .with_columns(_held=pl.col("_value").cast(pl.Float64) + pl.col("_other_way").fill_null(0.0))
        .with_columns(_times=pl.col("_worth") / pl.col("_held"))
        .filter((pl.col("_value") > 0) & (pl.col("_times") > _MAX_FLOW_RATIO))
        .sort("_times", "id", descending=[True, False])
        .select(
            "id", "timestamp",
            said=pl.format("moves {} times what the portfolio was worth", pl.col("_times").round_sig_figs(3)),
        )
        .collect()
    )  # fmt: skip


def impossible_costs(positions: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Positions whose average cost lies five times above or below every price their asset ever had here."""
    prices = (
        quotes.lazy()
        .filter(pl.col("price") > 0)
        .group_by("asset_id")
        .agg(
            _least=pl.col("price").cast(pl.Float64).quantile(0.001),
            _most=pl.col("price").cast(pl.Float64).quantile(0.999),
        )
    )
    cost = pl.col("average_cost").cast(pl.Float64)
    beyond = (cost > _MAX_COST_RATIO * pl.col("_most")) | (cost * _MAX_COST_RATIO < pl.col("_least"))
    return (
        positions.lazy()
        .filter(pl.col("average_cost") > 0)
        .join(prices, on="asset_id")
        .filter(beyond)
        .sort("id")
        .select(
            "id", "portfolio_id", "asset_id", "average_cost",
            said=pl.format(
                "cost {} each, and was never quoted outside {} to {}",
                cost.round_sig_figs(6), pl.col("_least").round_sig_figs(4), pl.col("_most").round_sig_figs(4),
            ),
        )
        .collect()
    )  # fmt: skip


def without_flow_days(findings: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """Findings about portfolios without what external flows of the days around explain."""
    external = classify_flows(transactions).filter(pl.col("flow") == "external")
    day = pl.col("timestamp").dt.date()
    days_around = range(-_DAYS_EXPLAINED, _DAYS_EXPLAINED + 1)
    flow_days = [external.select("portfolio_id", _day=day.dt.offset_by(f"{days}d")) for days in days_around]
    return (
        findings.with_columns(_day=day).join(pl.concat(flow_days), on=["portfolio_id", "_day"], how="anti").drop("_day")
    )


def _priced(rows: pl.LazyFrame, quotes: pl.DataFrame, side: str) -> pl.LazyFrame:
    """Rows with the last price of one side's asset before them; rows without a fresh one are left out."""
    prices = (
        quotes.lazy()
        .filter(pl.col("price") > 0)
        .group_by("asset_id", "timestamp")
        .agg(pl.col("price").cast(pl.Float64).median().alias(f"_{side}_price"))
        .rename({"asset_id": f"{side}_asset_id"})
        .sort("timestamp")
    )
    return (
        rows.drop_nulls([f"{side}_asset_id", "timestamp"])
        .sort("timestamp")
        .join_asof(
            prices,
            on="timestamp",
            by=f"{side}_asset_id",
            strategy="backward",
            tolerance=_MAX_QUOTE_AGE,
            check_sortedness=False,
        )
        .drop_nulls(f"_{side}_price")
    )
