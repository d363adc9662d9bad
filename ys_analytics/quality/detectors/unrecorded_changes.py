"""Holdings that changed without a transaction: transactions of those days are missing.

Depends on snapshots with their shares by asset, on quotes and on transactions. Reads amounts off shares, so it speaks
only where a quote stands close to the snapshot.
"""

from datetime import timedelta

import polars as pl

from ys_analytics.schemas.outcomes import pays_gas

# How many days before the last snapshot are looked at: the week that is printed.
_DAYS = 8
# A change of holdings worth less than this part of the portfolio may be yield or fees; with a quote as old as `_CLOSE`
# the price may have moved as well.
_MIN_PART, _MIN_PART_PER_HOUR = 0.01, 0.04
# A quote further from the snapshot than this is not the price the snapshot was made with.
_MAX_QUOTE_AGE = "1h"
# A transaction may be stamped a little off the snapshot that shows it.
_TIME_TOLERANCE = timedelta(hours=1)


def unrecorded_changes(snapshots: pl.DataFrame, quotes: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """Days of the last week on which holdings changed by a hundredth of the portfolio without any transaction.

    Args:
        snapshots: `portfolio_snapshots`, with `asset_allocation`.
        quotes: `market_data`.
        transactions: `transactions`; all that were included on chain count.

    Returns:
        portfolio_id, timestamp (of the snapshot), asset_id, part Float64 and `said`, the largest change first.
    """
    closes = _closes(snapshots)
    amounts = _amounts_held(closes, quotes)
    current_closes = closes.select("portfolio_id", "timestamp", "before", "total_value", "worth_before").drop_nulls(
        "before"
    )
    current = amounts.select("portfolio_id", "timestamp", "asset_id", "amount", "price", "age")
    previous = amounts.select(
        "portfolio_id", "asset_id", before="timestamp", had="amount", old_price="price", old_age="age"
    )
    assets = pl.concat(
        [
            current.join(current_closes, on=["portfolio_id", "timestamp"]).select(
                "portfolio_id", "timestamp", "before", "asset_id"
            ),
            previous.join(current_closes, on=["portfolio_id", "before"]).select(
                "portfolio_id", "timestamp", "before", "asset_id"
            ),
        ]
    ).unique()
    larger = pl.max_horizontal(pl.col("total_value").cast(pl.Float64), pl.col("worth_before").cast(pl.Float64))
    change = pl.col("amount").fill_null(0.0) - pl.col("had").fill_null(0.0)
    changes = (
        assets.join(current_closes.drop("before"), on=["portfolio_id", "timestamp"])
        .join(current, on=["portfolio_id", "timestamp", "asset_id"], how="left")
        .join(previous, on=["portfolio_id", "before", "asset_id"], how="left")
        # An asset that is there and has no price close by may be held in any amount.
        .filter(~(pl.col("amount").is_nan().fill_null(value=False) | pl.col("had").is_nan().fill_null(value=False)))
        .with_columns(part=change * pl.coalesce("price", "old_price") / larger)
        .filter(pl.col("part").abs() > _MIN_PART + _MIN_PART_PER_HOUR * pl.max_horizontal("age", "old_age"))
    )
    recorded = transactions.filter(pays_gas()).select("portfolio_id", done="timestamp")
    explained = (
        changes.select("portfolio_id", "timestamp", "before")
        .unique()
        .join(recorded, on="portfolio_id")
        .filter(pl.col("done").is_between(pl.col("before") - _TIME_TOLERANCE, pl.col("timestamp") + _TIME_TOLERANCE))
        .select("portfolio_id", "timestamp")
        .unique()
    )
    return (
        changes.join(explained, on=["portfolio_id", "timestamp"], how="anti")
        .sort(pl.col("part").abs(), "portfolio_id", "timestamp", "asset_id", descending=[True, False, False, False])
        .select(
            "portfolio_id",
            "timestamp",
            "asset_id",
            "part",
            said=pl.format(
                "holdings changed by {} % of the portfolio by {}, and no transaction records it",
                (pl.col("part") * 100).round(1),
                pl.col("timestamp").dt.strftime("%Y-%m-%d %H:%M"),
            ),
        )
    )


def _closes(snapshots: pl.DataFrame) -> pl.DataFrame:
    """The last snapshot of each of the last days, with the one of the day before where there is one."""
    day = pl.col("timestamp").dt.date()
    rows = snapshots.drop_nulls(["portfolio_id", "timestamp"]).filter(pl.col("total_value") > 0)
    last = rows.select((pl.col("timestamp").max() - pl.duration(days=_DAYS)).alias("since"))
    recent = rows.join(last, how="cross").filter(pl.col("timestamp") >= pl.col("since"))
    closes = (
        recent.sort("timestamp")
        .group_by("portfolio_id", day=day, maintain_order=True)
        .agg(pl.col("timestamp", "total_value", "asset_allocation").last())
    )
    earlier = closes.select(
        "portfolio_id", pl.col("day").dt.offset_by("1d"), before="timestamp", worth_before="total_value"
    )
    return closes.join(earlier, on=["portfolio_id", "day"], how="left")


def _amounts_held(closes: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """What each snapshot holds of each asset; NaN where no quote is close, and the age of the quote in hours."""
    shares = (
        closes.select("portfolio_id", "timestamp", "total_value", share="asset_allocation")
        .explode("share")
        .drop_nulls("share")
        .unnest("share")
        .rename({"key": "asset_id", "value": "share"})
    )
    prices = (
        quotes.filter(pl.col("asset_id").is_in(shares["asset_id"].unique().to_list()) & (pl.col("price") > 0))
        .drop_nulls("timestamp")
        .group_by("asset_id", "timestamp")
        .agg(price=pl.col("price").cast(pl.Float64).median())
        .with_columns(quoted="timestamp")
        .sort("timestamp")
    )
    worth = pl.col("share").cast(pl.Float64) * pl.col("total_value").cast(pl.Float64)
    return (
        shares.sort("timestamp")
        .join_asof(
            prices, on="timestamp", by="asset_id", strategy="backward", tolerance=_MAX_QUOTE_AGE, check_sortedness=False
        )
        .with_columns(
            amount=(worth / pl.col("price")).fill_null(float("nan")),
            age=(pl.col("timestamp") - pl.col("quoted")).dt.total_seconds() / 3600,
        )
    )
