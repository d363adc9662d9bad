"""Who made the change in value: by asset, position, protocol, chain, strategy or satellite; and against the target.

Depends on the ledger, the bridge and `metrics.attribution`; opens nothing. Money stays exact: the parts, the external
flows and the residual add up to the change of the bridge to the last decimal. A swap is no gain of what was bought
and no loss of what was sold: each counts from the moment it was held, and only what the trade cost is its own.
"""

from collections.abc import Mapping
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
_SMALLEST = Decimal(1).scaleb(-18)
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
_LOTS: dict[str, pl.DataType | type[pl.DataType]] = {
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
_KEPT = ("transaction", "protocol_held", "chain_held", "strategy_held", "chain_done", "strategy_done", "timestamp")


def movements(itemised: pl.DataFrame, credited: pl.DataFrame) -> pl.DataFrame:
    """Every movement with its transaction's place, chain and strategy; growth of balances has none of them.

    Args:
        itemised: What `ledger.itemised` gave.
        credited: What `rebasing.credited` gave of the same movements.
    """
    grown = credited.filter(pl.col("cause") == "rebase")
    return pl.concat([itemised, grown], how="diagonal").sort("timestamp", maintain_order=True)


def lots(
    moved: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """What each holding and each movement added between two moments, with the labels it may be summed by.

    A holding is known by asset, position, protocol and chain, and shared by the strategies that brought it: what
    leaves is taken from the part of the strategy that took it out, and beyond that from all in proportion.

    Args:
        moved: What `movements` gave.
        quotes: As for `bridge.attributed`.
        assets: `assets`.
        start: Of the period; movements at it have happened.
        end: Of the period, inclusive.

    Returns:
        What `bridge.attributed` gives, and transaction Int64, protocol_held, chain_held, strategy_held (an id; empty
        for the owner), chain_done, strategy_done String (of the transaction; null where there is none).
    """
    walk = _Walk(_Places(assets, moved))
    for row in moved.filter(pl.col("timestamp") <= start).iter_rows(named=True):
        walk.move(row)
    walk.open(start)
    for row in moved.filter((pl.col("timestamp") > start) & (pl.col("timestamp") <= end)).iter_rows(named=True):
        walk.pieces += walk.move(row)
    found = pl.DataFrame(walk.pieces, schema=_LOTS, orient="row")
    return bridge.valued(found, quotes, assets, end=end, keep=_KEPT)


_Key = tuple[str | None, str | None, str, str]


class _Places:
    """Where a movement is held: protocol and chain, by name."""

    def __init__(self, assets: pl.DataFrame, moved: pl.DataFrame) -> None:
        bridged = moved.filter((pl.col("cause") == "trade") & (pl.len().over("place", "asset_id") > 1))
        self._home = dict(assets.select("id", "chain_id").iter_rows())
        native = assets.filter(pl.col("metadata").fill_null("").str.contains("native_of_chains"))["id"]
        self._native, self._bridged = set(native), set(bridged["asset_id"].drop_nulls())
        self._last: dict[tuple[str | None, str | None], str] = {}

    def protocol(self, row: Mapping[str, Any]) -> str:
        """The protocol that holds it: of its transaction, else the last one it moved through."""
        asset, position = row["asset_id"], row["position"]
        if position == _SPOT:
            return WALLET
        named = (row["protocol"] or "").strip()
        if named:
            self._last[asset, position] = named
        return named or self._last.get((asset, position), WALLET if position is None else "not stated")

    def chain(self, row: Mapping[str, Any]) -> str:
        """The chain it is on: its contract's; of a coin native to several, its transaction's unless once bridged."""
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
class _Walk:
    """Holdings as time goes by, each shared by the strategies that brought it."""

    places: _Places
    held: dict[_Key, dict[str, Decimal]] = field(default_factory=dict)
    pieces: list[tuple[Any, ...]] = field(default_factory=list)

    def move(self, row: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Count a movement, and give it in pieces: one for each strategy whose holding it changes."""
        key = (row["asset_id"], row["position"], self.places.protocol(row), self.places.chain(row))
        parts = self.held.setdefault(key, {})
        change = row["change"]
        if row["asset_id"] is None or change is None:
            shares = {row["strategy_id"] or "": change}
        else:
            shares = _shared(change, parts, row["strategy_id"], earned=row["cause"] in {"yield", "rebase"})
            for name, part in shares.items():
                parts[name] = parts.get(name, Decimal(0)) + part
        return [
            (
                row["timestamp"], row["asset_id"], row["position"], row["protocol"], row["cause"], part, paid,
                row["place"], key[2], key[3], name, chain_label(row["chain_id"]), row["strategy_id"],
            )
            for (name, part), paid in zip(shares.items(), _of_gas(row["paid"], shares, change), strict=True)
        ]  # fmt: skip

    def open(self, start: datetime) -> None:
        """What is held as the period begins."""
        self.pieces = [
            (start, asset, position, None, "held", part, None, None, protocol, chain, name, None, None)
            for (asset, position, protocol, chain), parts in self.held.items()
            for name, part in parts.items()
            if part and asset is not None
        ]


def _shared(change: Decimal, parts: Mapping[str, Decimal], strategy: str | None, *, earned: bool) -> dict[str, Decimal]:
    """A change of a holding by strategy: what comes belongs to who brought it, what is earned to all by their parts."""
    with localcontext(prec=_DIGITS):
        whole = sum(parts.values(), Decimal(0))
        own = strategy or ""
        if whole == 0 or (whole * change > 0 and not (earned and strategy is None)):
            return {own: change}
        if whole * change > 0:
            return _in_proportion(change, parts, whole)
        taken = max(min(abs(parts.get(own, Decimal(0))), abs(change)), Decimal(0))
        taken = taken if parts.get(own, Decimal(0)) * whole > 0 else Decimal(0)
        first = taken.copy_sign(change)
        rest = change - first
        if rest == 0:
            return {own: change}
        others = {name: part - (-first if name == own else Decimal(0)) for name, part in parts.items()}
        left = whole + first
        # Beyond what all hold together, the transaction's own strategy goes into the negative.
        spread = rest if abs(rest) <= abs(left) else -left
        found = _in_proportion(spread, others, left) if left and spread else {}
        found[own] = found.get(own, Decimal(0)) + first + (rest - spread)
        return {name: part for name, part in found.items() if part} or {own: change}


def _in_proportion(change: Decimal, parts: Mapping[str, Decimal], whole: Decimal) -> dict[str, Decimal]:
    """An amount split by parts, the last digit to the largest."""
    found = {name: (change * part / whole).quantize(_SMALLEST) for name, part in parts.items() if part}
    largest = max(found, key=lambda name: abs(found[name]))
    found[largest] += change - sum(found.values(), Decimal(0))
    return found


def _of_gas(paid: Decimal | None, shares: Mapping[str, Decimal], change: Decimal | None) -> list[Decimal | None]:
    """What gas cost in USD, split as the tokens are."""
    if paid is None or not change:
        return [paid] * len(shares) if len(shares) == 1 else [None] * len(shares)
    with localcontext(prec=_DIGITS):
        return list(_in_proportion(paid, shares, change).values())


@dataclass(frozen=True, slots=True)
class Labels:
    """Names to sum by.

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
        twins = assets.filter(pl.struct("symbol", "chain_id").is_duplicated())["id"].to_list()
        symbols = {
            asset: f"{symbol} (…{asset[-6:]})" if asset in twins else symbol
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

    def held(self, by: By) -> pl.Expr:
        """What holds a lot, by the label that is asked for."""
        match by:
            case "asset":
                return pl.col("asset_id").replace(self.symbols)
            case "kind":
                return pl.col("position").fill_null("not stated").str.replace_all("_", " ")
            case "protocol" | "chain":
                return pl.col(f"{by}_held")
            case _:
                return self._strategy(by, pl.col("strategy_held"))

    def done(self, by: By) -> pl.Expr:
        """What a lot's transaction counts under: where it was done, or who did it."""
        match by:
            case "protocol":
                named = pl.col("protocol").str.strip_chars()
                return pl.when(named != "").then(named).otherwise("protocol_held")
            case "chain":
                return pl.coalesce("chain_done", "chain_held")
            case "strategy" | "satellite":
                earned = pl.col("cause").is_in(["yield", "rebase"]) & pl.col("strategy_done").is_null()
                return pl.when(earned).then(self.held(by)).otherwise(
                    self._strategy(by, pl.col("strategy_done").fill_null(""))
                )  # fmt: skip
            case _:
                return self.held(by)

    def _strategy(self, by: By, named: pl.Expr) -> pl.Expr:
        known = self.strategies if by == "strategy" else self.satellites
        return named.replace_strict({"": OWNER, **known}, default=pl.format("unknown strategy {}", named.str.head(8)),
                                    return_dtype=pl.String)  # fmt: skip


def attribution(found: pl.DataFrame | None, bridged: pl.DataFrame, labels: Labels, *, by: By) -> pl.DataFrame:
    """What each asset, kind of position, protocol, chain, strategy or satellite added to the change of value.

    Args:
        found: What `lots` gave; None where the bridge cannot be stated.
        bridged: What `bridge.bridge` gave: the period, its values and its residual.
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
    facts = bridged.row(0, named=True)
    if found is None:
        return pl.DataFrame([{"name": "Change in value", "row": "change", "reason": facts["reason"]}],
                            schema=_ATTRIBUTED)  # fmt: skip
    amounts = dict(bridged.select("term", "amount").iter_rows())
    parts = _summed(_received(found), labels, by)
    flows: Any = found["flows"].sum() or Decimal(0)
    with localcontext(prec=_DIGITS):
        change = amounts["after"] - amounts["before"]
        residual = change - flows - sum(parts["gain"], Decimal(0))
    rest = [("External flows", "flows", flows), ("Residual", "residual", residual),
            ("Change in value", "change", change)]  # fmt: skip
    more = pl.DataFrame(rest, schema={"name": pl.String, "row": pl.String, "gain": MONEY}, orient="row")
    capital = average_capital(found, before=amounts["before"], start=facts["start"], end=facts["end"])
    share = pl.when(pl.lit(capital > 0) & pl.col("row").is_in(["part", "residual"])).then(
        pl.col("gain").cast(pl.Float64) / (capital or 1.0)
    )
    no_capital = pl.lit("the average capital of the period is not above zero" if capital <= 0 else None, pl.String)
    whole = pl.concat([parts.sort(pl.col("gain").abs(), "name", descending=[True, False]), more], how="diagonal")
    return whole.with_columns(contribution=share, reason=no_capital).select(
        pl.col(name).cast(dtype) if name in whole.columns or name in {"contribution", "reason"}
        else pl.lit(None, dtype).alias(name)
        for name, dtype in _ATTRIBUTED.items()
    )  # fmt: skip


def average_capital(found: pl.DataFrame, *, before: Decimal, start: datetime, end: datetime) -> float:
    """The period's average capital by Modified Dietz: the opening value and each flow by the time it was in.

    Args:
        found: What `lots` gave.
        before: Value in USD at the start.
        start: Of the period.
        end: Of the period.
    """
    moved = found.filter(pl.col("cause") == "flow").select("timestamp", pl.col("flows").cast(pl.Float64))
    whole = (end - start).total_seconds()
    weighed = sum(amount * (end - at).total_seconds() / whole for at, amount in moved.iter_rows()) if whole else 0.0
    return float(before) + weighed


def _received(found: pl.DataFrame) -> pl.DataFrame:
    """The lots with bought_asset and bought_position: what the lot's transaction brought; itself where nothing."""
    came = (
        found.filter((pl.col("cause") == "trade") & (pl.col("traded") > 0) & pl.col("transaction").is_not_null())
        .sort(pl.col("traded"), descending=True, maintain_order=True)
        .unique("transaction", keep="first", maintain_order=True)
        .select("transaction", bought_asset="asset_id", bought_position="position")
    )
    return found.join(came, on="transaction", how="left", maintain_order="left")


def _summed(found: pl.DataFrame, labels: Labels, by: By) -> pl.DataFrame:
    """One row a label: its parts and their sum."""
    held = found.group_by(name=labels.held(by), maintain_order=True).agg(
        market=(pl.col("price") - pl.col("traded")).sum(),
        lp_fees=pl.col("lp_fees").sum(),
        impermanent_loss=-pl.col("impermanent_loss").sum(),
        pool=pl.col("pool").sum(),
    )
    bought = found.with_columns(
        asset_id=pl.coalesce("bought_asset", "asset_id"),
        position=pl.when(pl.col("bought_asset").is_not_null()).then("bought_position").otherwise("position"),
    )
    traded = bought.group_by(name=labels.done(by), maintain_order=True).agg(trading=pl.col("traded").sum())
    done = found.group_by(name=labels.done(by), maintain_order=True).agg(
        pl.col("yield", "rewards").sum(), gas=-pl.col("gas").sum()
    )
    rows = held
    for other in (traded, done):
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
