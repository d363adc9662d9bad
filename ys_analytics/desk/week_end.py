"""Holdings at the end of a week, with the reason where they are not known.

Depends on the ledger and on the bridge's prices and tolerance; opens nothing. The platform keeps its positions as
they are now, so a week that is over needs a proof. One rule for every week:

1. The platform's rows, where none was valued after the week ended, and they were either read before it ended or are
   worth, at prices of the week's last snapshot, what that says.
2. Else what the transactions up to the week's end add up to, where at the moment of the last snapshot they are worth
   what it says, and every holding has a price of the last day of the week.
3. Else nothing, with the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import polars as pl

from ys_analytics.desk import ledger
from ys_analytics.desk.bridge import tolerance, with_price_at
from ys_analytics.schemas import MONEY, TABLES, TIME, Span

# Where the holdings of a page come from, in words.
ORIGINS = {
    "platform": "the platform's positions",
    "ledger": "transactions up to the end of the week, proved by its last value",
    "unknown": "they are not known",
}
_SPOT, _DEBT = "spot", "borrowing"
_SEVERAL = "several chains"
_ROWS = {
    **TABLES["portfolio_positions"].schema,
    "position_type": pl.String(),
    "protocol_name": pl.String(),
    "chain_name": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Holdings:
    """Holdings at the end of a week.

    Attributes:
        rows: Columns of `portfolio_positions`, `position_type` as String, and protocol_name and chain_name String
            where the ledger says them; empty where nothing was held or where `reason` says that it is not known.
        origin: Where the rows come from: the platform's table, the ledger, or neither ("unknown").
        reason: Why the holdings are not known; empty where they are.
    """

    rows: pl.DataFrame
    origin: Literal["platform", "ledger", "unknown"]
    reason: str = ""


def holdings(
    stored: pl.DataFrame,
    legs: pl.DataFrame,
    *,
    snapshots: pl.DataFrame,
    quotes: pl.DataFrame,
    assets: pl.DataFrame,
    transactions: pl.DataFrame,
    contracts: Callable[[], pl.DataFrame],
    read_at: datetime | None = None,
    span: Span,
) -> Holdings:
    """The holdings of one portfolio at the end of a week, by the rule of this module.

    Args:
        stored: `portfolio_positions` of the portfolio.
        legs: What `ledger.legs` gave.
        snapshots: `portfolio_snapshots` of the portfolio.
        quotes: `market_data` of every asset listed or moved.
        assets: `assets`.
        transactions: What `activity.with_gas` gave, for the chain of each movement.
        contracts: Gives what `contracts` does; asked only where the ledger has to say what was held.
        read_at: When the stores were read; None for live stores.
        span: The week.
    """
    legs, quotes, snapshots = (
        frame.filter(pl.col("timestamp") < span.end) for frame in (legs, quotes.drop_nulls("price"), snapshots)
    )
    moments = pl.concat([frame.select("timestamp") for frame in (snapshots, quotes)])
    last: Any = moments["timestamp"].max()
    if last is not None and last < span.start and (stored.height or legs.height):
        return _unknown(f"nothing is stored of the week: the last price or value is of {last:%Y-%m-%d %H:%M} UTC")
    close = snapshots.sort("timestamp").select("timestamp", "total_value").tail(1).rows()
    platform = _platform_holdings(stored, end=span.end)
    read_before_end = read_at is not None and read_at <= span.end
    if platform and (read_before_end or (close and _matches_snapshot(platform.rows, quotes, *close[0]))):
        return platform
    if not close:
        if legs.is_empty() and stored.filter(pl.col("last_updated") < span.end).is_empty():
            return Holdings(pl.DataFrame(schema=_ROWS), "ledger")
        return _unknown("no value is stored before the end of the week that could prove what was held")
    if reason := _why_unproved(legs, quotes, assets, *close[0]):
        return _unknown(reason)
    from_ledger = _ledger_holdings(legs, quotes, assets, transactions=transactions, contracts=contracts(), at=last)
    return replace(
        from_ledger, rows=from_ledger.rows.with_columns(portfolio_id=pl.lit(str(snapshots["portfolio_id"][0])))
    )


def contracts(stored: pl.DataFrame, protocols: pl.DataFrame) -> pl.DataFrame:
    """The one contract that each asset sits in under a protocol: asset_id, position, protocol, protocol_address.

    Args:
        stored: `portfolio_positions` of all portfolios: which contract an asset sits in does not depend on one.
        protocols: What `holdings.protocol_names` gave.
    """
    return (
        stored.select("asset_id", "protocol_address", position=pl.col("position_type").cast(pl.String))
        .drop_nulls()
        .unique(maintain_order=True)
        .join(protocols, on="protocol_address", how="inner")
        .filter(pl.len().over("asset_id", "position", "protocol") == 1)
    )


def _unknown(reason: str) -> Holdings:
    return Holdings(pl.DataFrame(schema=_ROWS), "unknown", reason)


def _platform_holdings(stored: pl.DataFrame, *, end: datetime) -> Holdings | None:
    """The platform's rows, where there are any and none was valued after the week."""
    if stored.is_empty() or stored["last_updated"].null_count() or stored.filter(pl.col("last_updated") >= end).height:
        return None
    no_text = pl.lit(None, pl.String)
    rows = stored.with_columns(pl.col("position_type").cast(pl.String), protocol_name=no_text, chain_name=no_text)
    return Holdings(rows, "platform")


def _matches_snapshot(stored: pl.DataFrame, quotes: pl.DataFrame, moment: datetime, total: Decimal) -> bool:
    """Whether the platform's rows are worth what the last snapshot says."""
    change = pl.when(pl.col("position_type") == _DEBT).then(-pl.col("quantity")).otherwise("quantity")
    value = _value(stored.select("asset_id", change=change), quotes, at=moment)
    return value is not None and abs(value - total) <= tolerance(total)


def _why_unproved(
    legs: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, moment: datetime, total: Decimal
) -> str:
    """Why the ledger does not explain the last value before the week's end; empty where it does."""
    held = ledger.held(legs, at=moment)
    names = dict(assets.select("id", "symbol").iter_rows())
    unpriced = (
        _priced(held, quotes, at=moment).filter(pl.col("price").is_null())["asset_id"].unique(maintain_order=True)
    )
    if unpriced.len():
        symbols = ", ".join(sorted({names.get(asset, "an unknown asset") for asset in unpriced}))
        return f"no price within 24 hours of the last value of the week for {symbols}"
    value = _value(held, quotes, at=moment) or Decimal(0)
    if abs(value - total) > tolerance(total):
        return (
            f"the platform's positions are not of this week, and its transactions account for {value:,.2f} of the"
            f" {total:,.2f} USD it was worth on {moment:%Y-%m-%d %H:%M} UTC"
        )
    return ""


def _ledger_holdings(
    legs: pl.DataFrame,
    quotes: pl.DataFrame,
    assets: pl.DataFrame,
    *,
    transactions: pl.DataFrame,
    contracts: pl.DataFrame,
    at: datetime,
) -> Holdings:
    """The holdings that the transactions add up to, with price, chain and protocol."""
    end = legs["timestamp"].max()
    held = ledger.held(legs, at=end) if isinstance(end, datetime) else ledger.held(legs, at=at)
    names = dict(assets.select("id", "symbol").iter_rows())
    overdrawn = held.filter((pl.col("change") < 0) & (pl.col("position") != _DEBT))
    if overdrawn.height:
        symbols = ", ".join(sorted({names.get(asset, "an unknown asset") for asset in overdrawn["asset_id"]}))
        return _unknown(f"its transactions take out more {symbols} than they bring in")
    priced = _priced(_with_chain(held, transactions, assets), quotes, at=at)
    if priced["price"].null_count():
        unpriced = priced.filter(pl.col("price").is_null())["asset_id"].unique()
        symbols = ", ".join(sorted({names.get(asset, "an unknown asset") for asset in unpriced}))
        return _unknown(f"no price within 24 hours of the end of the week for {symbols}")
    value = (pl.col("change") * pl.col("price")).cast(MONEY)
    rows = (
        priced.with_columns(current_value=value)
        .join(_last_protocols(legs), on=["asset_id", "position"], how="left", maintain_order="left", nulls_equal=True)
        .join(contracts, on=["asset_id", "position", "protocol"], how="left", maintain_order="left")
        .join(
            _average_costs(legs, quotes),
            on=["asset_id", "position"],
            how="left",
            maintain_order="left",
            nulls_equal=True,
        )
    )
    net = rows["current_value"].sum()
    share = (pl.col("current_value") / net).cast(pl.Float64).round(4).cast(pl.Decimal(5, 4), strict=False)
    return Holdings(
        rows.select(
            id=pl.format("{}:{}:{}", "asset_id", pl.col("position").fill_null(""), pl.col("chain_id").fill_null(0)),
            portfolio_id=pl.lit(None, pl.String),
            asset_id="asset_id",
            quantity=pl.col("change").abs(),
            average_cost="average_cost",
            current_value="current_value",
            allocation_percentage=share if net and net > 0 else pl.lit(None, pl.Decimal(5, 4)),
            position_type=pl.col("position").fill_null("not stated"),
            protocol_address="protocol_address",
            chain_id="chain_id",
            last_updated=pl.lit(at, TIME),
            protocol_name="protocol",
            chain_name="chain_name",
        ),
        "ledger",
    )


def _with_chain(held: pl.DataFrame, transactions: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """Each holding with its asset's chain; a coin of several chains is split by the chain of what moved it.

    A bridge does not say to which chain it took a coin, so that a coin once bridged is on several chains.
    """
    asset_chains = assets.select("chain_id", asset_id="id", several=pl.col("metadata").str.contains("native_of_chains"))
    bridged = transactions.filter(
        (pl.col("transaction_type").cast(pl.String) == "bridge") & (pl.col("from_asset_id") == pl.col("to_asset_id"))
    )
    multichain_coins = asset_chains.filter("several").join(
        bridged, left_on="asset_id", right_on="from_asset_id", how="anti"
    )
    keys = ["asset_id", "position"]
    by_chain = (
        _by_chain(transactions, assets)
        .join(multichain_coins.select("asset_id"), on="asset_id", how="semi")
        .group_by(*keys, "chain_id", maintain_order=True)
        .agg(part=pl.col("change").sum())
        .filter(pl.col("part") != 0)
        .join(held, on=keys, how="inner", nulls_equal=True)
    )
    adds_up = (pl.col("part").sum().over(keys) == pl.col("change")) & (
        (pl.col("part").sign() == pl.col("change").sign()).all().over(keys)
    )
    split = by_chain.filter(adds_up).select(*keys, "chain_id", change="part")
    unsplit = held.join(split, on=keys, how="anti", nulls_equal=True, maintain_order="left").join(
        asset_chains, on="asset_id", how="left", maintain_order="left"
    )
    return pl.concat(
        [
            split.with_columns(chain_name=pl.lit(None, pl.String)),
            unsplit.select(*keys, "chain_id", "change", chain_name=pl.when("several").then(pl.lit(_SEVERAL))),
        ]
    )


def _by_chain(transactions: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """What `ledger.legs` gives, with the chain of each movement's transaction."""
    parts = [
        ledger.legs(part, assets).with_columns(chain_id=pl.lit(chain, pl.Int32))
        for (chain,), part in transactions.group_by("chain_id", maintain_order=True)
    ]
    empty = ledger.legs(transactions.clear(), assets).with_columns(chain_id=pl.lit(None, pl.Int32))
    return pl.concat([empty, *parts])


def _last_protocols(legs: pl.DataFrame) -> pl.DataFrame:
    """The protocol that each holding outside a wallet last moved through: asset_id, position, protocol."""
    return (
        legs.filter(pl.col("protocol").is_not_null() & (pl.col("position").is_null() | (pl.col("position") != _SPOT)))
        .sort("timestamp")
        .group_by("asset_id", "position", maintain_order=True)
        .agg(pl.col("protocol").last())
    )


def _average_costs(legs: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Average price of all that came in, or was borrowed, in USD: asset_id, position, average_cost; null unpriced."""
    is_debt = (pl.col("position") == _DEBT).fill_null(value=False)
    incoming = legs.filter(pl.when(is_debt).then(pl.col("change") < 0).otherwise(pl.col("change") > 0))
    incoming = with_price_at(incoming, quotes, "asset_id", at=pl.col("timestamp"), name="price")
    cost = (pl.col("change").cast(pl.Float64) * pl.col("price").cast(pl.Float64)).sum()
    return (
        incoming.group_by("asset_id", "position", maintain_order=True)
        .agg(paid=cost, units=pl.col("change").cast(pl.Float64).sum(), bare=pl.col("price").null_count())
        .select(
            "asset_id", "position",
            average_cost=pl.when(pl.col("bare") == 0).then(pl.col("paid") / pl.col("units")).cast(MONEY),
        )
    )  # fmt: skip


def _priced(held: pl.DataFrame, quotes: pl.DataFrame, *, at: datetime) -> pl.DataFrame:
    return with_price_at(held, quotes, "asset_id", at=pl.lit(at, TIME), name="price")


def _value(held: pl.DataFrame, quotes: pl.DataFrame, *, at: datetime) -> Decimal | None:
    """Holdings in USD at a moment; None where one has no price."""
    priced = _priced(held, quotes, at=at)
    if priced["price"].null_count():
        return None
    value: Decimal = priced.select((pl.col("change") * pl.col("price")).cast(MONEY).sum()).item()
    return value
