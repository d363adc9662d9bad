"""Legs of a portfolio's transactions, and the holdings they add up to at any moment.

Frames in, frames out; opens nothing. Quantities stay exact: a holding is the sum of what moved, so it can be
compared with the platform's positions.
"""

from datetime import datetime

import polars as pl

from ys_analytics.desk.activity import in_order
from ys_analytics.desk.lookthrough import Registry
from ys_analytics.schemas import MONEY
from ys_analytics.schemas.outcomes import moves

_SPOT = "spot"

# Columns of a leg's transaction: its index in time order, its chain and its strategy.
_TRANSACTION_COLUMNS = ("place", "chain_id", "strategy_id")


def legs(transactions: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """Every movement of an asset into, out of or within a portfolio, and what caused it, oldest first.

    Only a status that moves (`schemas.outcomes`: confirmed) moves anything; gas leaves where the portfolio paid
    it, for failed ones too. A claim paid in the token it is earned on, or added to a debt, is yield; paid in another
    token it is a reward; what is neither a claim nor a flow nor gas is a trade.

    Args:
        transactions: What `activity.with_gas` gave of classified transactions.
        assets: `assets`.

    Returns:
        By time; of one moment in the order of `activity.in_order`, of one transaction gas first, then what was
        given, then what was received: timestamp, asset_id String, position String (as metadata states it; else spot
        for what is swapped, bridged, crosses the edge without a protocol, or goes from a wallet into a protocol or
        comes back to one; else null), protocol String, cause String (flow, yield, rewards, gas, trade), change
        Decimal(38, 18) (positive: came in), paid Decimal(38, 18): what gas cost in USD, null for all else.
    """
    return itemised(transactions, assets).drop(*_TRANSACTION_COLUMNS)


def itemised(transactions: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """What `legs` gives, and of each movement its transaction's place, chain_id and strategy_id.

    Args:
        transactions: What `activity.with_gas` gave of classified transactions.
        assets: `assets`.
    """
    homes = assets.select(to_asset_id="id", home=pl.col("metadata").str.json_path_match("$.protocol"))
    classified = (
        in_order(transactions)
        .join(homes, on="to_asset_id", how="left", maintain_order="left")
        .with_columns(kind=pl.col("transaction_type").cast(pl.String), cause=_cause())
        .with_row_index("place")
    )
    moving = classified.filter(moves())
    parts = [_gas(classified), _leg(moving, "from"), _leg(moving, "to")]
    return pl.concat(parts).sort("timestamp", "place", maintain_order=True)


def _cause() -> pl.Expr:
    claimed = pl.col("transaction_type").cast(pl.String) == "claim"
    at_home = pl.col("to_asset_id").is_null() | (pl.col("home") == pl.col("protocol_name"))
    return (
        pl.when(pl.col("flow") == "external")
        .then(pl.lit("flow"))
        .when(claimed & at_home)
        .then(pl.lit("yield"))
        .when(claimed)
        .then(pl.lit("rewards"))
        .otherwise(pl.lit("trade"))
    )


def _leg(transactions: pl.DataFrame, side: str) -> pl.DataFrame:
    """Legs of one side of each transaction; an external flow counts on one side only, by the ruling on flows."""
    other = "to" if side == "from" else "from"
    has_side, has_other = (pl.col(f"{each_side}_asset_id").is_not_null() for each_side in (side, other))
    inward = (pl.col("cause") == "flow") & (pl.col("kind") == "deposit")
    outward = (pl.col("cause") == "flow") & (pl.col("kind") == "withdraw")
    # A deposit counts its `to` side, or else its `from` side; a withdrawal the other way round.
    primary, secondary = (inward, outward) if side == "to" else (outward, inward)
    counts = has_side & (primary | (secondary & ~has_other) | ~(inward | outward))
    incoming = inward | (~outward & pl.lit(side == "to"))
    amount = pl.col(f"{side}_amount").cast(MONEY)
    return transactions.filter(counts).select(
        *_TRANSACTION_COLUMNS,
        "timestamp",
        asset_id=f"{side}_asset_id",
        position=pl.coalesce(pl.col("metadata").str.json_path_match(f"$.{side}_position"), _default_position(side)),
        protocol="protocol_name",
        cause="cause",
        change=pl.when(incoming).then(amount).otherwise(-amount),
        paid=pl.lit(None, MONEY),
    )


def _default_position(side: str) -> pl.Expr:
    """The position of a side whose metadata state none: spot where it must be a wallet, else null."""
    wallets = {"from": ["deposit", "stake"], "to": ["withdraw", "unstake"]}[side]
    no_protocol = pl.col("protocol_name").fill_null("").str.strip_chars() == ""
    crosses_edge = pl.col("kind").is_in(["deposit", "withdraw"]) & no_protocol
    internal = pl.col("cause") != "flow"
    wallet = pl.col("kind").is_in(["swap", "bridge"]) | crosses_edge | (pl.col("kind").is_in(wallets) & internal)
    return pl.when(wallet).then(pl.lit(_SPOT))


def _gas(transactions: pl.DataFrame) -> pl.DataFrame:
    return transactions.filter(pl.col("gas_amount") > 0).select(
        *_TRANSACTION_COLUMNS,
        "timestamp",
        asset_id="gas_asset_id",
        position=pl.lit(_SPOT),
        protocol="protocol_name",
        cause=pl.lit("gas"),
        change=-pl.col("gas_amount"),
        paid="gas",
    )


def held(legs: pl.DataFrame, *, at: datetime) -> pl.DataFrame:
    """Holdings at a moment: asset_id, position, change Decimal (the quantity; negative is owed); no zeros.

    Args:
        legs: What `legs` gave.
        at: Movements after it do not count.
    """
    return (
        legs.filter(pl.col("timestamp") <= at)
        .group_by("asset_id", "position", maintain_order=True)
        .agg(pl.col("change").sum())
        .filter(pl.col("change") != 0)
    )


def priced(legs: pl.DataFrame, assets: pl.DataFrame) -> list[str]:
    """Ids of every asset whose quotes are needed: what moved, and everything that it stands for.

    Args:
        legs: What `legs` gave.
        assets: `assets`; `metadata.underlying` names what an asset stands for.
    """
    return Registry(assets).with_underlying(legs["asset_id"].drop_nulls().unique(maintain_order=True).to_list())
