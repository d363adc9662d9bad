"""Attribution of the change in value by asset, kind of position, protocol, chain, strategy or satellite.

Depends on the ledger, the bridge and `metrics.attribution`; opens nothing. Money stays exact: the parts, the external
flows and the residual add up to the change of the bridge to the last decimal. A swap is no gain of what was bought
and no loss of what was sold: each counts from the moment it was held, and only what the trade cost is its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any, Literal, get_args

import polars as pl

from ys_analytics.desk import bridge
from ys_analytics.errors import UsageError
from ys_analytics.schemas import CHAINS, MONEY, TIME

By = Literal["asset", "kind", "protocol", "chain", "strategy", "satellite"]

OWNER = "no strategy (owner)"
WALLET = "wallet"
_SPOT = "spot"
_SEVERAL = "several chains"
_SMALLEST_AMOUNT = Decimal(1).scaleb(-18)
_DIGITS = 90

# The parts of a gain, in the order they are read; what takes away is negative.
PARTS = ("market", "trading", "yield", "rewards", "lp_fees", "impermanent_loss", "pool", "gas")

_ATTRIBUTED: dict[str, pl.DataType | type[pl.DataType]] = {
    "name": pl.String,
    "row": pl.String,
    **dict.fromkeys((*PARTS, "gain"), MONEY),
    "contribution": pl.Float64,
    "reason": pl.String,
}
_PIECES: dict[str, pl.DataType | type[pl.DataType]] = {
    "timestamp": TIME,
    "asset_id": pl.String,
    "position": pl.String,
    "protocol": pl.String,
    "cause": pl.String,
    "change": MONEY,
    "paid": MONEY,
    "transaction": pl.Int64,
    "protocol_held": pl.String,
    "chain_held": pl.String,
    "strategy_held": pl.String,
    "chain_done": pl.String,
    "strategy_done": pl.String,
}
_HELD_AT: dict[str, pl.DataType | type[pl.DataType]] = {
    "at": TIME,
    **dict.fromkeys(("asset_id", "position", "protocol", "chain"), pl.String),
    "change": MONEY,
}
_LABEL_COLUMNS = (
    "transaction",
    "protocol_held",
    "chain_held",
    "strategy_held",
    "chain_done",
    "strategy_done",
    "timestamp",
)


def movements(itemised: pl.DataFrame, legs: pl.DataFrame) -> pl.DataFrame:
    """Every movement with its transaction's place, chain and strategy; growth of balances has none of them.

    Args:
        itemised: What `ledger.itemised` gave.
        legs: What `rebasing.with_growth` gave of the same movements.
    """
    growth = legs.filter(pl.col("cause") == "rebase")
    return pl.concat([itemised, growth], how="diagonal").sort("timestamp", maintain_order=True)


def pieces(
    movements: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """What each holding and each movement added between two moments, with the labels it may be summed by.

    A holding is known by asset, position, protocol and chain, and shared by the strategies that brought it: what
    leaves is taken from the part of the strategy that took it out, and beyond that from all in proportion.

    Args:
        movements: What `movements` gave.
        quotes: As for `bridge.attributed`.
        assets: `assets`.
        start: Of the period; movements at it have happened.
        end: Of the period, inclusive.

    Returns:
        What `bridge.attributed` gives, and transaction Int64, protocol_held, chain_held, strategy_held (an id; empty
        for the owner), chain_done, strategy_done String (of the transaction; null where there is none).
    """
    holdings = _HoldingsByStrategy(_Locations(assets, movements))
    for row in movements.filter(pl.col("timestamp") <= start).iter_rows(named=True):
        holdings.move(row)
    holdings.open(start)
    for row in movements.filter((pl.col("timestamp") > start) & (pl.col("timestamp") <= end)).iter_rows(named=True):
        holdings.pieces += holdings.move(row)
    rows = pl.DataFrame(holdings.pieces, schema=_PIECES, orient="row")
    return bridge.valued(rows, quotes, assets, end=end, keep=_LABEL_COLUMNS)


def holdings_at(movements: pl.DataFrame, assets: pl.DataFrame, moments: Sequence[datetime]) -> pl.DataFrame:
    """What was held just before each of several moments, by asset, position, protocol and chain.

    Args:
        movements: What `movements` gave.
        assets: `assets`.
        moments: In any order.

    Returns:
        at Datetime, asset_id, position, protocol, chain String, change Decimal (what is held; negative for a debt).
    """
    running, rows = (
        _HoldingsByStrategy(_Locations(assets, movements)),
        movements.sort("timestamp", maintain_order=True).iter_rows(named=True),
    )
    rows_found: list[tuple[Any, ...]] = []
    row = next(rows, None)
    for at in sorted(moments):
        while row is not None and row["timestamp"] < at:
            running.move(row)
            row = next(rows, None)
        for (asset, position, protocol, chain), parts in running.held.items():
            held = sum(parts.values(), Decimal(0))
            if held and asset is not None:
                rows_found.append((at, asset, position, protocol, chain, held))
    return pl.DataFrame(rows_found, schema=_HELD_AT, orient="row")


_Key = tuple[str | None, str | None, str, str]


class _Locations:
    """The protocol and the chain of each movement, by name."""

    def __init__(self, assets: pl.DataFrame, movements: pl.DataFrame) -> None:
        # A bridge gives and brings one coin in one position; gas paid in a coin that is traded is no part of a trade.
        trades = movements.filter(pl.col("cause") == "trade")
        bridged = trades.filter(pl.len().over("place", "asset_id", "position") > 1)
        self._home = dict(assets.select("id", "chain_id").iter_rows())
        native = assets.filter(pl.col("metadata").fill_null("").str.contains("native_of_chains"))["id"]
        self._native, self._bridged = set(native), set(bridged["asset_id"].drop_nulls())
        self._last: dict[tuple[str | None, str | None], str] = {}

    def protocol(self, row: Mapping[str, Any]) -> str:
        """The protocol that holds a movement's asset: its transaction's, else the last one the asset moved through."""
        asset, position = row["asset_id"], row["position"]
        if position == _SPOT:
            return WALLET
        protocol = (row["protocol"] or "").strip()
        if protocol:
            self._last[asset, position] = protocol
        return protocol or self._last.get((asset, position), WALLET if position is None else "not stated")

    def chain(self, row: Mapping[str, Any]) -> str:
        """The chain of a movement's asset: its contract's; of a coin of several chains, its transaction's."""
        asset = row["asset_id"]
        home = self._home.get(asset)
        if home is None and asset in self._native:
            return _SEVERAL if asset in self._bridged else chain_label(row["chain_id"]) or _SEVERAL
        return chain_label(home or 0) or _SEVERAL


def chain_label(number: int | None) -> str | None:
    """A chain's name by its number; None without one.

    >>> chain_label(1), chain_label(5), chain_label(None)
    ('Ethereum', 'chain 5', None)
    """
    return None if number is None else CHAINS.get(number, f"chain {number}")


@dataclass(slots=True)
class _HoldingsByStrategy:
    """Running holdings by asset, position, protocol and chain, each split by the strategies that brought it."""

    places: _Locations
    held: dict[_Key, dict[str, Decimal]] = field(default_factory=dict)
    pieces: list[tuple[Any, ...]] = field(default_factory=list)

    def move(self, row: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Apply a movement; returns it in pieces, one for each strategy whose holding it changes."""
        place = (row["asset_id"], row["position"], self.places.protocol(row), self.places.chain(row))
        parts = self.held.setdefault(place, {})
        change = row["change"]
        if row["asset_id"] is None or change is None:
            by_strategy = {row["strategy_id"] or "": change}
        else:
            by_strategy = _split_by_strategy(
                change, parts, row["strategy_id"], earned=row["cause"] in {"yield", "rebase"}
            )
            for name, part in by_strategy.items():
                parts[name] = parts.get(name, Decimal(0)) + part
        return [
            (
                row["timestamp"],
                row["asset_id"],
                row["position"],
                row["protocol"],
                row["cause"],
                part,
                paid,
                row["place"],
                place[2],
                place[3],
                name,
                chain_label(row["chain_id"]),
                row["strategy_id"],
            )
            for (name, part), paid in zip(
                by_strategy.items(), _split_gas(row["paid"], by_strategy, change), strict=True
            )
        ]

    def open(self, start: datetime) -> None:
        """Set the pieces to the opening holdings of a period."""
        self.pieces = [
            (start, asset, position, None, "held", part, None, None, protocol, chain, name, None, None)
            for (asset, position, protocol, chain), parts in self.held.items()
            for name, part in parts.items()
            if part and asset is not None
        ]


def _split_by_strategy(
    change: Decimal, parts: Mapping[str, Decimal], strategy: str | None, *, earned: bool
) -> dict[str, Decimal]:
    """Split a change of a holding by strategy: what comes to the one that brought it, earnings in proportion."""
    with localcontext(prec=_DIGITS):
        held = sum(parts.values(), Decimal(0))
        owner = strategy or ""
        if held == 0 or (held * change > 0 and not (earned and strategy is None)):
            return {owner: change}
        if held * change > 0:
            return _in_proportion(change, parts, held)
        from_own = max(min(abs(parts.get(owner, Decimal(0))), abs(change)), Decimal(0))
        from_own = from_own if parts.get(owner, Decimal(0)) * held > 0 else Decimal(0)
        own_part = from_own.copy_sign(change)
        other_part = change - own_part
        if other_part == 0:
            return {owner: change}
        others = {name: part - (-own_part if name == owner else Decimal(0)) for name, part in parts.items()}
        held_by_others = held + own_part
        # Beyond what all hold together, the transaction's own strategy goes into the negative.
        shared = other_part if abs(other_part) <= abs(held_by_others) else -held_by_others
        split = _in_proportion(shared, others, held_by_others) if held_by_others and shared else {}
        split[owner] = split.get(owner, Decimal(0)) + own_part + (other_part - shared)
        return {name: part for name, part in split.items() if part} or {owner: change}


def _in_proportion(change: Decimal, parts: Mapping[str, Decimal], total: Decimal) -> dict[str, Decimal]:
    """Split an amount in proportion to parts; the rounding remainder goes to the largest."""
    split = {name: (change * part / total).quantize(_SMALLEST_AMOUNT) for name, part in parts.items() if part}
    largest = max(split, key=lambda name: abs(split[name]))
    split[largest] += change - sum(split.values(), Decimal(0))
    return split


def _split_gas(
    paid: Decimal | None, by_strategy: Mapping[str, Decimal], change: Decimal | None
) -> list[Decimal | None]:
    """Split the cost of gas in USD as the tokens are split."""
    if paid is None or not change:
        return [paid] * len(by_strategy) if len(by_strategy) == 1 else [None] * len(by_strategy)
    with localcontext(prec=_DIGITS):
        return list(_in_proportion(paid, by_strategy, change).values())


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of assets, strategies and satellites to sum by.

    Attributes:
        symbols: By asset id.
        strategies: Kind of each strategy, by id.
        satellites: Name of each strategy's satellite, by the strategy's id.
    """

    symbols: Mapping[str, str]
    strategies: Mapping[str, str]
    satellites: Mapping[str, str]

    @classmethod
    def of(cls, assets: pl.DataFrame, strategies: pl.DataFrame, agents: pl.DataFrame) -> "Labels":
        """Read from `assets`, `trading_strategies` and `satellite_agents`."""
        ambiguous = assets.filter(pl.struct("symbol", "chain_id").is_duplicated())["id"].to_list()
        symbols = {
            asset: f"{symbol} (…{asset[-6:]})" if asset in ambiguous else symbol
            for asset, symbol in assets.select("id", "symbol").iter_rows()
        }
        names = dict(agents.select("id", "name").iter_rows())
        return cls(
            symbols=symbols,
            strategies={row["id"]: str(row["strategy_type"]).replace("_", " ") for row in strategies.to_dicts()},
            satellites={
                row["id"]: names.get(row["satellite_id"], row["satellite_id"]) for row in strategies.to_dicts()
            },
        )

    def holding_label(self, by: By) -> pl.Expr:
        """The label of the holding that a piece belongs to."""
        match by:
            case "asset":
                return pl.col("asset_id").replace(self.symbols)
            case "kind":
                return pl.col("position").fill_null("not stated").str.replace_all("_", " ")
            case "protocol" | "chain":
                return pl.col(f"{by}_held")
            case _:
                return self._strategy(by, pl.col("strategy_held"))

    def transaction_label(self, by: By) -> pl.Expr:
        """The label of a piece's transaction: the protocol or chain it ran on, or the strategy that made it."""
        match by:
            case "protocol":
                protocol = pl.col("protocol").str.strip_chars()
                return pl.when(protocol != "").then(protocol).otherwise("protocol_held")
            case "chain":
                return pl.coalesce("chain_done", "chain_held")
            case "strategy" | "satellite":
                earned = pl.col("cause").is_in(["yield", "rebase"]) & pl.col("strategy_done").is_null()
                return pl.when(earned).then(self.holding_label(by)).otherwise(
                    self._strategy(by, pl.col("strategy_done").fill_null(""))
                )  # fmt: skip
            case _:
                return self.holding_label(by)

    def _strategy(self, by: By, strategy: pl.Expr) -> pl.Expr:
        names = self.strategies if by == "strategy" else self.satellites
        return strategy.replace_strict(
            {"": OWNER, **names}, default=pl.format("unknown strategy {}", strategy.str.head(8)), return_dtype=pl.String
        )


def attribution(
    valued_pieces: pl.DataFrame | None, bridge_rows: pl.DataFrame, labels: Labels, *, by: By
) -> pl.DataFrame:
    """What each asset, kind of position, protocol, chain, strategy or satellite added to the change of value.

    Args:
        valued_pieces: What `pieces` gave; None where the bridge cannot be stated.
        bridge_rows: What `bridge.bridge` gave: the period, its values and its residual.
        labels: What to call what is summed by.
        by: What to sum by. Gas and what trades cost count under the transaction's protocol, chain or strategy; by asset
            and kind, gas under what it was paid in and the cost of a trade under what was received.

    Returns:
        name, row String (part, flows, residual, change), market, trading, yield, rewards, lp_fees, impermanent_loss,
        pool, gas, gain Decimal(38, 18) in USD (what takes away is negative; the parts of a row add up to its gain, and
        the gains of all rows but the last to the last, which is the bridge's change to the last decimal), contribution
        Float64: gain over the period's average capital by Modified Dietz; null with a reason. Largest gain first. One
        row with the reason where the bridge cannot be stated.

    Raises:
        UsageError: there is no such thing to sum by.
    """
    if by not in get_args(By):
        raise UsageError(f"attribution by {by!r}: choose one of {', '.join(get_args(By))}")
    period = bridge_rows.row(0, named=True)
    if valued_pieces is None:
        return pl.DataFrame([{"name": "Change in value", "row": "change", "reason": period["reason"]}],
                            schema=_ATTRIBUTED)  # fmt: skip
    amounts = dict(bridge_rows.select("term", "amount").iter_rows())
    parts = _summed_by_label(_with_bought_asset(valued_pieces), labels, by)
    flows: Any = valued_pieces["flows"].sum() or Decimal(0)
    with localcontext(prec=_DIGITS):
        change = amounts["after"] - amounts["before"]
        residual = change - flows - sum(parts["gain"], Decimal(0))
    total_rows = [("External flows", "flows", flows), ("Residual", "residual", residual),
            ("Change in value", "change", change)]  # fmt: skip
    totals = pl.DataFrame(total_rows, schema={"name": pl.String, "row": pl.String, "gain": MONEY}, orient="row")
    capital = average_capital(valued_pieces, before=amounts["before"], start=period["start"], end=period["end"])
    share = pl.when(pl.lit(capital > 0) & pl.col("row").is_in(["part", "residual"])).then(
        pl.col("gain").cast(pl.Float64) / (capital or 1.0)
    )
    no_capital = pl.lit("the average capital of the period is not above zero" if capital <= 0 else None, pl.String)
    table = pl.concat([parts.sort(pl.col("gain").abs(), "name", descending=[True, False]), totals], how="diagonal")
    return table.with_columns(contribution=share, reason=no_capital).select(
        pl.col(name).cast(dtype) if name in table.columns or name in {"contribution", "reason"}
        else pl.lit(None, dtype).alias(name)
        for name, dtype in _ATTRIBUTED.items()
    )  # fmt: skip


def average_capital(valued_pieces: pl.DataFrame, *, before: Decimal, start: datetime, end: datetime) -> float:
    """The period's average capital by Modified Dietz: the opening value and each flow by the time it was in.

    Args:
        valued_pieces: What `pieces` gave.
        before: Value in USD at the start.
        start: Of the period.
        end: Of the period.
    """
    flows = valued_pieces.filter(pl.col("cause") == "flow").select("timestamp", pl.col("flows").cast(pl.Float64))
    seconds = (end - start).total_seconds()
    weighted_flows = (
        sum(amount * (end - at).total_seconds() / seconds for at, amount in flows.iter_rows()) if seconds else 0.0
    )
    return float(before) + weighted_flows


def _with_bought_asset(valued_pieces: pl.DataFrame) -> pl.DataFrame:
    """Add bought_asset and bought_position: what each piece's transaction bought, null where it bought nothing."""
    bought = (
        valued_pieces.filter(
            (pl.col("cause") == "trade") & (pl.col("traded") > 0) & pl.col("transaction").is_not_null()
        )
        .sort(pl.col("traded"), descending=True, maintain_order=True)
        .unique("transaction", keep="first", maintain_order=True)
        .select("transaction", bought_asset="asset_id", bought_position="position")
    )
    return valued_pieces.join(bought, on="transaction", how="left", maintain_order="left")


def _summed_by_label(valued_pieces: pl.DataFrame, labels: Labels, by: By) -> pl.DataFrame:
    """One row per label: its parts and their sum."""
    by_holding = valued_pieces.group_by(name=labels.holding_label(by), maintain_order=True).agg(
        market=(pl.col("price") - pl.col("traded")).sum(),
        lp_fees=pl.col("lp_fees").sum(),
        impermanent_loss=-pl.col("impermanent_loss").sum(),
        pool=pl.col("pool").sum(),
    )
    bought = valued_pieces.with_columns(
        asset_id=pl.coalesce("bought_asset", "asset_id"),
        position=pl.when(pl.col("bought_asset").is_not_null()).then("bought_position").otherwise("position"),
    )
    traded = bought.group_by(name=labels.transaction_label(by), maintain_order=True).agg(trading=pl.col("traded").sum())
    by_transaction = valued_pieces.group_by(name=labels.transaction_label(by), maintain_order=True).agg(
        pl.col("yield", "rewards").sum(), gas=-pl.col("gas").sum()
    )
    rows = by_holding
    for other in (traded, by_transaction):
        rows = rows.join(other, on="name", how="full", coalesce=True, maintain_order="left_right")
    filled = rows.with_columns(pl.col(PARTS).fill_null(Decimal(0)))
    with localcontext(prec=_DIGITS):
        gains = [sum(row, Decimal(0)) for row in filled.select(PARTS).iter_rows()]
    return filled.with_columns(pl.Series("gain", gains, dtype=MONEY), row=pl.lit("part")).filter(
        pl.any_horizontal(pl.col(PARTS) != 0)
    )


def largest(attributed: pl.DataFrame, *, top: int = 5) -> pl.DataFrame:
    """The largest contributors up and down.

    Args:
        attributed: What `attribution` gave.
        top: How many of each.

    Returns:
        The rows, those that gained by gain, then those that lost, the largest loss last; rank Int64 from 1 on each
        side and side String (up, down).
    """
    parts = attributed.filter((pl.col("row") == "part") & (pl.col("gain") != 0))
    up = parts.filter(pl.col("gain") > 0).sort("gain", "name", descending=[True, False]).head(top)
    down = parts.filter(pl.col("gain") < 0).sort("gain", "name").head(top)
    return pl.concat([_ranked(up, "up"), _ranked(down, "down")])


def _ranked(rows: pl.DataFrame, side: str) -> pl.DataFrame:
    return rows.with_columns(rank=pl.int_range(1, rows.height + 1, dtype=pl.Int64), side=pl.lit(side))
