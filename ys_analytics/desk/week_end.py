"""What a portfolio held when the week ended, and why that cannot be said where it cannot.

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
from ys_analytics.desk.bridge import quoted, tolerance
from ys_analytics.schemas import MONEY, TABLES, TIME, Span

# Whose account of the holdings a page rests on, in words.
ORIGINS = {
    "platform": "the platform's positions",
    "ledger": "transactions up to the end of the week, proved by its last value",
    "nobody": "they are not known",
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
    """What was held at the end of a week.

    Attributes:
        rows: Columns of `portfolio_positions`, `position_type` as String, and protocol_name and chain_name String
            where the ledger says them; empty where nothing was held or where `reason` says that it is not known.
        origin: Whose account the rows are: the platform's table, the ledger, or nobody's.
        reason: Why what was held is not known; empty where it is.
    """

    rows: pl.DataFrame
    origin: Literal["platform", "ledger", "nobody"]
    reason: str = ""


def holdings(
    listed: pl.DataFrame,
    moved: pl.DataFrame,
    *,
    snapshots: pl.DataFrame,
    quotes: pl.DataFrame,
    assets: pl.DataFrame,
    done: pl.DataFrame,
    contracts: Callable[[], pl.DataFrame],
    read: datetime | None = None,
    span: Span,
) -> Holdings:
    """What one portfolio held at the end of a week, by the rule of this module.

    Args:
        listed: `portfolio_positions` of the portfolio.
        moved: What `ledger.legs` gave.
        snapshots: `portfolio_snapshots` of the portfolio.
        quotes: `market_data` of every asset listed or moved.
        assets: `assets`.
        done: What `activity.with_gas` gave, for the chain of each movement.
        contracts: Gives what `contracts` does; asked only where the ledger has to say what was held.
        read: When the stores were read; None where they are read as one goes.
        span: The week.
    """
    moved, quotes, snapshots = (
        frame.filter(pl.col("timestamp") < span.end) for frame in (moved, quotes.drop_nulls("price"), snapshots)
    )
    known = pl.concat([frame.select("timestamp") for frame in (snapshots, quotes)])
    last: Any = known["timestamp"].max()
    if last is not None and last < span.start and (listed.height or moved.height):
        return _unknown(f"nothing is stored of the week: the last price or value is of {last:%Y-%m-%d %H:%M} UTC")
    close = snapshots.sort("timestamp").select("timestamp", "total_value").tail(1).rows()
    own = _listed(listed, end=span.end)
    early = read is not None and read <= span.end
    if own and (early or (close and _agrees(own.rows, quotes, *close[0]))):
        return own
    if not close:
        if moved.is_empty() and listed.filter(pl.col("last_updated") < span.end).is_empty():
            return Holdings(pl.DataFrame(schema=_ROWS), "ledger")
        return _unknown("no value is stored before the end of the week that could prove what was held")
    if reason := _unproved(moved, quotes, assets, *close[0]):
        return _unknown(reason)
    found = _ledger(moved, quotes, assets, done=done, contracts=contracts(), at=last)
    return replace(found, rows=found.rows.with_columns(portfolio_id=pl.lit(str(snapshots["portfolio_id"][0]))))


def contracts(listed: pl.DataFrame, protocols: pl.DataFrame) -> pl.DataFrame:
    """The one contract that each asset sits in under a protocol: asset_id, position, protocol, protocol_address.

    Args:
        listed: `portfolio_positions` of everybody: which contract an asset sits in is no secret of one portfolio.
        protocols: What `holdings.protocol_names` gave.
    """
    return (
        listed.select("asset_id", "protocol_address", position=pl.col("position_type").cast(pl.String))
        .drop_nulls()
        .unique()
        .join(protocols, on="protocol_address", how="inner")
        .filter(pl.len().over("asset_id", "position", "protocol") == 1)
    )


def _unknown(reason: str) -> Holdings:
    return Holdings(pl.DataFrame(schema=_ROWS), "nobody", reason)


def _listed(listed: pl.DataFrame, *, end: datetime) -> Holdings | None:
    """The platform's rows, where there are any and none was valued after the week."""
    if listed.is_empty() or listed["last_updated"].null_count() or listed.filter(pl.col("last_updated") >= end).height:
        return None
    unsaid = pl.lit(None, pl.String)
    rows = listed.with_columns(pl.col("position_type").cast(pl.String), protocol_name=unsaid, chain_name=unsaid)
    return Holdings(rows, "platform")


def _agrees(listed: pl.DataFrame, quotes: pl.DataFrame, moment: datetime, total: Decimal) -> bool:
    """Whether the platform's rows are worth what the last snapshot says."""
    change = pl.when(pl.col("position_type") == _DEBT).then(-pl.col("quantity")).otherwise("quantity")
    worth = _worth(listed.select("asset_id", change=change), quotes, at=moment)
    return worth is not None and abs(worth - total) <= tolerance(total)


def _unproved(moved: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, moment: datetime, total: Decimal) -> str:
    """Why the ledger does not explain the last value before the week's end; empty where it does."""
    then = ledger.held(moved, at=moment)
    names = dict(assets.select("id", "symbol").iter_rows())
    bare = _priced(then, quotes, at=moment).filter(pl.col("price").is_null())["asset_id"].unique(maintain_order=True)
    if bare.len():
        listed = ", ".join(sorted({names.get(asset, "an unknown asset") for asset in bare}))
        return f"no price within 24 hours of the last value of the week for {listed}"
    worth = _worth(then, quotes, at=moment) or Decimal(0)
    if abs(worth - total) > tolerance(total):
        return (
            f"the platform's positions are not of this week, and its transactions account for {worth:,.2f} of the"
            f" {total:,.2f} USD it was worth on {moment:%Y-%m-%d %H:%M} UTC"
        )
    return ""


def _ledger(
    moved: pl.DataFrame,
    quotes: pl.DataFrame,
    assets: pl.DataFrame,
    *,
    done: pl.DataFrame,
    contracts: pl.DataFrame,
    at: datetime,
) -> Holdings:
    """What the transactions add up to, priced and placed."""
    end = moved["timestamp"].max()
    found = ledger.held(moved, at=end) if isinstance(end, datetime) else ledger.held(moved, at=at)
    names = dict(assets.select("id", "symbol").iter_rows())
    short = found.filter((pl.col("change") < 0) & (pl.col("position") != _DEBT))
    if short.height:
        listed = ", ".join(sorted({names.get(asset, "an unknown asset") for asset in short["asset_id"]}))
        return _unknown(f"its transactions take out more {listed} than they bring in")
    priced = _priced(_placed(found, done, assets), quotes, at=at)
    if priced["price"].null_count():
        bare = priced.filter(pl.col("price").is_null())["asset_id"].unique()
        listed = ", ".join(sorted({names.get(asset, "an unknown asset") for asset in bare}))
        return _unknown(f"no price within 24 hours of the end of the week for {listed}")
    value = (pl.col("change") * pl.col("price")).cast(MONEY)
    rows = (
        priced.with_columns(current_value=value)
        .join(_protocols(moved), on=["asset_id", "position"], how="left", maintain_order="left", nulls_equal=True)
        .join(contracts, on=["asset_id", "position", "protocol"], how="left", maintain_order="left")
        .join(_costs(moved, quotes), on=["asset_id", "position"], how="left", maintain_order="left", nulls_equal=True)
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


def _placed(found: pl.DataFrame, done: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """Each holding with its asset's chain; a coin of several chains is split by the chain of what moved it.

    A bridge does not say to which chain it took a coin, so that a coin once bridged is on several chains.
    """
    home = assets.select("chain_id", asset_id="id", several=pl.col("metadata").str.contains("native_of_chains"))
    bridged = done.filter(
        (pl.col("transaction_type").cast(pl.String) == "bridge") & (pl.col("from_asset_id") == pl.col("to_asset_id"))
    )
    coins = home.filter("several").join(bridged, left_on="asset_id", right_on="from_asset_id", how="anti")
    whole = ["asset_id", "position"]
    parts = (
        _by_chain(done, assets)
        .join(coins.select("asset_id"), on="asset_id", how="semi")
        .group_by(*whole, "chain_id", maintain_order=True)
        .agg(part=pl.col("change").sum())
        .filter(pl.col("part") != 0)
        .join(found, on=whole, how="inner", nulls_equal=True)
    )
    agreed = (pl.col("part").sum().over(whole) == pl.col("change")) & (
        (pl.col("part").sign() == pl.col("change").sign()).all().over(whole)
    )
    split = parts.filter(agreed).select(*whole, "chain_id", change="part")
    rest = found.join(split, on=whole, how="anti", nulls_equal=True, maintain_order="left").join(
        home, on="asset_id", how="left", maintain_order="left"
    )
    return pl.concat(
        [
            split.with_columns(chain_name=pl.lit(None, pl.String)),
            rest.select(*whole, "chain_id", "change", chain_name=pl.when("several").then(pl.lit(_SEVERAL))),
        ]
    )


def _by_chain(done: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """What `ledger.legs` gives, with the chain of each movement's transaction."""
    parts = [
        ledger.legs(part, assets).with_columns(chain_id=pl.lit(chain, pl.Int32))
        for (chain,), part in done.group_by("chain_id", maintain_order=True)
    ]
    empty = ledger.legs(done.clear(), assets).with_columns(chain_id=pl.lit(None, pl.Int32))
    return pl.concat([empty, *parts])


def _protocols(moved: pl.DataFrame) -> pl.DataFrame:
    """The protocol that each holding outside a wallet last moved through: asset_id, position, protocol."""
    return (
        moved.filter(pl.col("protocol").is_not_null() & (pl.col("position").is_null() | (pl.col("position") != _SPOT)))
        .sort("timestamp")
        .group_by("asset_id", "position", maintain_order=True)
        .agg(pl.col("protocol").last())
    )


def _costs(moved: pl.DataFrame, quotes: pl.DataFrame) -> pl.DataFrame:
    """Average price of all that came in, or was borrowed, in USD: asset_id, position, average_cost; null unpriced."""
    debt = (pl.col("position") == _DEBT).fill_null(value=False)
    came = moved.filter(pl.when(debt).then(pl.col("change") < 0).otherwise(pl.col("change") > 0))
    came = quoted(came, quotes, "asset_id", at=pl.col("timestamp"), called="price")
    paid = (pl.col("change").cast(pl.Float64) * pl.col("price").cast(pl.Float64)).sum()
    return (
        came.group_by("asset_id", "position", maintain_order=True)
        .agg(paid=paid, units=pl.col("change").cast(pl.Float64).sum(), bare=pl.col("price").null_count())
        .select(
            "asset_id", "position",
            average_cost=pl.when(pl.col("bare") == 0).then(pl.col("paid") / pl.col("units")).cast(MONEY),
        )
    )  # fmt: skip


def _priced(found: pl.DataFrame, quotes: pl.DataFrame, *, at: datetime) -> pl.DataFrame:
    return quoted(found, quotes, "asset_id", at=pl.lit(at, TIME), called="price")


def _worth(found: pl.DataFrame, quotes: pl.DataFrame, *, at: datetime) -> Decimal | None:
    """Holdings in USD at a moment; None where one has no price."""
    priced = _priced(found, quotes, at=at)
    if priced["price"].null_count():
        return None
    worth: Decimal = priced.select((pl.col("change") * pl.col("price")).cast(MONEY).sum()).item()
    return worth
