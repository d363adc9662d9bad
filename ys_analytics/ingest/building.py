"""What a report needs of a portfolio, from its transactions and prices: positions, snapshots, risk, and coverage.

Depends on the stores, and on the same metrics that a report recomputes. Does not value what has no price: such a day
has no snapshot and is named.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import polars as pl

from ys_analytics import metrics, migrations
from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import portfolio_files
from ys_analytics.ingest.import_log import ImportLog
from ys_analytics.metrics import chains
from ys_analytics.schemas import MONEY, TABLES, TIME, Progress, silent
from ys_analytics.schemas.coins import FEES_BESIDE_GAS
from ys_analytics.schemas.outcomes import MOVING, PAYING

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

# The moment of a day's close: no quote of the day is later.
_CLOSE = time(23, 59, 59, 999_000, tzinfo=UTC)
_FRESH = timedelta(days=1)
_YEAR = 365
# Returns below which nothing is claimed of risk, as the catalogue asks for as many.
_ENOUGH = 30
_TAIL = 0.05
_SHARE = Decimal(1).scaleb(-8)
_WEIGHT = Decimal(1).scaleb(-4)
_WEI = Decimal(1).scaleb(-18)
_RATE_MOST = 9e9
_DIGITS = 60
_SPOT, _DEBT = "spot", "borrowing"
_SOURCE = "definition"
_NAMED = 5

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Days on which an asset that was held had no price.

    Attributes:
        symbol: Of which asset.
        first: The first of the days.
        last: The last of them; all between lack it too.
    """

    symbol: str
    first: date
    last: date

    def __str__(self) -> str:
        """For a person."""
        days = (self.last - self.first).days + 1
        when = f"{self.first}" if days == 1 else f"{self.first} to {self.last}, {days} days"
        return f"no price of {self.symbol} on {when}: no snapshot there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A balance that goes below zero: more left than came.

    Attributes:
        symbol: Of which asset.
        position: How it is held.
        time: When it first went below zero.
        lowest: How far below zero it goes at most, in units of the asset.
    """

    symbol: str
    position: str
    time: datetime
    lowest: Decimal

    def __str__(self) -> str:
        """For a person."""
        return (
            f"{self.symbol} ({self.position}) goes below zero on {self.time:%Y-%m-%d %H:%M:%S} and to "
            f"{self.lowest.normalize():f}: what came before is missing"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A balance that a file states and the transactions do not come to.

    Attributes:
        account: Of which account.
        symbol: Of which asset.
        time: After which moment.
        stated: What the file states.
        found: What the transactions of the account come to.
    """

    account: str
    symbol: str
    time: datetime
    stated: Decimal
    found: Decimal

    def __str__(self) -> str:
        """For a person."""
        off = (self.found - self.stated).normalize()
        return f"{self.account} states {self.stated.normalize():f} {self.symbol}, transactions come to {off:+f} of that"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What was built, and what it rests on.

    Attributes:
        portfolio: Its id.
        first: The first day with a snapshot; None without one.
        last: The last day.
        snapshots: Days with a snapshot.
        days: Days from the first transaction to the last day.
        positions: How many are held.
        value: Net value at the last day, in USD; None where it has no snapshot.
        gaps: Days without a price of what was held.
        shortages: Balances below zero.
        differences: Balances that files state otherwise.
        agreed: Balances that files state and transactions come to.
    """

    portfolio: str
    first: date | None
    last: date
    snapshots: int
    days: int
    positions: int
    value: Decimal | None
    gaps: tuple[Gap, ...] = ()
    shortages: tuple[Shortage, ...] = ()
    differences: tuple[Difference, ...] = ()
    agreed: int = 0

    def __str__(self) -> str:
        """The coverage and the result, a line each."""
        lines = [str(one) for one in (*self.gaps, *self.shortages, *self.differences)]
        if self.agreed or self.differences:
            lines.append(
                f"{self.agreed} of {self.agreed + len(self.differences)} stated balances agree to the last digit"
            )
        worth = "no value on the last day" if self.value is None else f"{self.value:,.2f} USD on {self.last}"
        lines.append(f"{self.snapshots} of {self.days} days have a snapshot; {self.positions} positions; {worth}")
        return "\n".join(lines)


@dataclass(slots=True)
class _Held:
    """What a portfolio holds as its transactions pass, and what it had cost."""

    amounts: dict[Key, Decimal] = field(default_factory=dict)
    came: dict[Key, tuple[Decimal, Decimal]] = field(default_factory=dict)
    accounts: dict[Key, Decimal] = field(default_factory=dict)
    first: dict[Key, datetime] = field(default_factory=dict)
    lowest: dict[Key, Decimal] = field(default_factory=dict)

    def move(self, key: Key, change: Decimal) -> None:
        """Add to a balance; a debt is a negative one."""
        self.amounts[key] = self.amounts.get(key, Decimal(0)) + change

    def look(self, at: datetime) -> None:
        """Note every balance that is below zero and should not be."""
        for key, amount in self.amounts.items():
            if amount < 0 and key[1] != _DEBT:
                self.first.setdefault(key, at)
                self.lowest[key] = min(amount, self.lowest.get(key, Decimal(0)))


def build(
    stores: "Stores",
    portfolio: str,
    *,
    until: date | None = None,
    log: ImportLog | None = None,
    replace: bool = False,
    progress: Progress = silent,
) -> Built:
    """Write positions, daily snapshots and risk metrics of a portfolio from its transactions and the market's prices.

    A day is valued at each asset's last price within the 24 hours before its last millisecond, as a report does. A day
    on which something held has no price has no snapshot. What was built before is replaced.

    Args:
        stores: PostgreSQL and ClickHouse, as the owner.
        portfolio: Id or name.
        until: The last day; when left out the last one on which all that is held has a price.
        log: Where imports are written down, for the balances that files state.
        replace: Whether snapshots that a platform wrote may be replaced.
        progress: Called with every step.

    Returns:
        What was built, with its coverage.

    Raises:
        UsageError: there is no such portfolio, it has no transaction, or its snapshots are a platform's.
        ContractError: a balance goes below zero; nothing was written.
        StoreError: a store refused.
    """
    migrations.require_schema(stores)
    id_ = portfolio_files.find(stores, portfolio)
    if id_ is None:
        raise UsageError(f"no portfolio is called {portfolio!r}; `ys load portfolios` lists them")
    if not replace and not portfolio_files.imported(stores, id_):
        raise UsageError(
            f"{portfolio}: is a platform's portfolio with snapshots of its own; add --replace to build over them"
        )
    progress("transactions", 0, 4)
    done = stores.postgres.scan(
        "transactions", "portfolio_id::text = %(id)s", {"id": id_}, schema=TABLES["transactions"].schema
    )
    if done.is_empty():
        raise UsageError(f"{portfolio}: has no transaction; import its files first")
    assets = stores.postgres.scan("assets", schema=TABLES["assets"].schema)
    progress("prices", 1, 4)
    work = _Work(stores, id_, done, assets)
    last = until or work.last_priced()
    held, days = work.replay(last)
    shortages = work.shortages(held)
    differences, agreed = work.compared(log)
    if shortages:
        listed = "; ".join(map(str, shortages[:_NAMED]))
        more = f"; and {len(shortages) - _NAMED} more" if len(shortages) > _NAMED else ""
        raise ContractError(f"{portfolio}: nothing was built: {listed}{more}")
    progress("values", 2, 4)
    values, gaps = work.values(days)
    snapshots = work.snapshots(values)
    positions = work.positions(held, days[-1])
    progress("writing", 3, 4)
    _write(stores, id_, positions, snapshots, work.risk(snapshots, values), work.definitions(days))
    total = values[-1].total if values and values[-1].day == last else None
    return Built(
        portfolio=id_, first=values[0].day if values else None, last=last, snapshots=len(values), days=len(days),
        positions=positions.height, value=total, gaps=gaps, differences=differences, agreed=agreed,
    )  # fmt: skip


def outdated(stores: "Stores", portfolio: str) -> str:
    """Why what was built of a portfolio is not what its ledger and the prices say now; empty where it is.

    Only a portfolio that an import opened is compared: another one's snapshots are a platform's.

    Args:
        stores: PostgreSQL and ClickHouse.
        portfolio: Id or name.
    """
    id_ = portfolio_files.find(stores, portfolio)
    if id_ is None or not portfolio_files.opened(stores, id_):
        return ""
    done = stores.postgres.scan(
        "transactions", "portfolio_id::text = %(id)s", {"id": id_}, schema=TABLES["transactions"].schema
    )
    if done.is_empty():
        return ""
    wanted = {"timestamp": TIME, "total_value": MONEY}
    built = stores.clickhouse.read(
        "SELECT timestamp, total_value FROM portfolio_snapshots WHERE portfolio_id = {id:String} ORDER BY timestamp",
        {"id": id_},
        schema=wanted,
    )
    return _difference(stores, id_, done, built) if built.height else "it was not built yet"


def _difference(stores: "Stores", id_: str, done: pl.DataFrame, built: pl.DataFrame) -> str:
    """How a ledger and its snapshots differ: in what they reach, or in a value; empty where they do not."""
    ends, first = built["timestamp"].max().date(), done["timestamp"].min().date()  # type: ignore[union-attr]
    if newer := done.filter(pl.col("timestamp").dt.date() > ends).height:
        return f"{newer:,} transactions are newer than its last snapshot, of {ends}"
    work = _Work(stores, id_, done, stores.postgres.scan("assets", schema=TABLES["assets"].schema))
    if (last := work.last_priced()) > ends:
        return f"prices reach {last}, its snapshots {ends}"
    if ends < first:
        return f"its ledger begins on {first}, after its last snapshot"
    snapshots = work.snapshots(work.values(work.replay(ends)[1])[0])
    same = snapshots.sort("timestamp").select(pl.col(name).cast(dtype) for name, dtype in built.schema.items())
    return "" if same.equals(built) else "its transactions or prices were changed since"


@dataclass(frozen=True, slots=True)
class _Day:
    """What was held at the end of a day."""

    day: date
    amounts: Mapping[Key, Decimal]


@dataclass(frozen=True, slots=True)
class _Value:
    """What a day's holdings were worth in USD, by asset."""

    day: date
    total: Decimal
    parts: Mapping[str, Decimal]


class _Work:
    """The transactions and prices of one portfolio."""

    def __init__(self, stores: "Stores", id_: str, done: pl.DataFrame, assets: pl.DataFrame) -> None:
        self.id = id_
        self.done = done.sort("timestamp", "block_number", "id", maintain_order=True)
        self.symbols = dict(assets.select("id", "symbol").iter_rows())
        self.chains = dict(assets.select("id", "chain_id").iter_rows())
        notes = {row["id"]: json.loads(row["metadata"] or "{}") for row in assets.iter_rows(named=True)}
        self.dollars = {one for one, note in notes.items() if note.get("fiat") and note.get("peg") == "USD"}
        natives = chains.native_assets(assets)
        self.natives = list(natives.iter_rows(named=True))
        named = {*done["from_asset_id"].drop_nulls(), *done["to_asset_id"].drop_nulls()}
        self.named = sorted({*named, *(row["asset_id"] for row in self.natives)})
        self.quotes = stores.clickhouse.read(
            "SELECT asset_id, timestamp, price FROM market_data WHERE asset_id IN {ids:Array(String)}"
            " ORDER BY asset_id, timestamp, source",
            {"ids": self.named},
            schema={"asset_id": pl.String(), "timestamp": TIME, "price": MONEY},
        )
        self.accounts: dict[str, list[tuple[datetime, str, Decimal]]] = {}

    # What is held

    def last_priced(self) -> date:
        """The last day on which every asset held at the end has a price; the last transaction's where none has."""
        held, days = self.replay(self.done["timestamp"].max().date())  # type: ignore[union-attr]
        del held
        left = {asset for (asset, _), amount in days[-1].amounts.items() if amount and asset not in self.dollars}
        found = self.quotes.filter(pl.col("asset_id").is_in(list(left)))
        ends = found.group_by("asset_id").agg(pl.col("timestamp").max().dt.date())["timestamp"].to_list()
        last = days[-1].day
        return max(last, min(ends)) if len(ends) == len(left) and ends else last

    def replay(self, last: date) -> tuple[_Held, list[_Day]]:
        """Every transaction in order; what is held after each day up to the last."""
        held = _Held()
        self.accounts = {}
        first = self.done["timestamp"].min().date()  # type: ignore[union-attr]
        if last < first:
            raise UsageError(f"until {last}: is before the first transaction, of {first}")
        rows = [row for row in self.done.iter_rows(named=True) if row["timestamp"].date() <= last]
        by_day = {day: list(group) for day, group in groupby(rows, key=lambda row: row["timestamp"].date())}
        days = []
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            for row in by_day.get(day, ()):
                self._apply(held, row)
                held.look(row["timestamp"])
            days.append(_Day(day, {key: amount for key, amount in held.amounts.items() if amount}))
        return held, days

    def _apply(self, held: _Held, row: dict[str, Any]) -> None:
        note = json.loads(row["metadata"] or "{}")
        for key, change in _legs(row, note):
            held.move(key, change)
            self._account(note, row["timestamp"], key[0], change)
            if change > 0 or key[1] == _DEBT:
                price = self._price(key[0], row["timestamp"])
                if price is not None:
                    units, paid = held.came.get(key, (Decimal(0), Decimal(0)))
                    held.came[key] = (units + abs(change), paid + abs(change) * price)
        if row["status"] in PAYING and (gas := _gas(row, note)):
            coin = self._native(row["chain_id"], row["timestamp"])
            if coin is None:
                raise ContractError(f"chain {row['chain_id']}: its coin is not among the assets; register it first")
            held.move((coin, _SPOT), -gas)
            self._account(note, row["timestamp"], coin, -gas)

    def _account(self, note: Mapping[str, Any], at: datetime, asset: str, change: Decimal) -> None:
        name = note.get("account")
        if change > 0 and note.get("to_account"):
            name = note["to_account"]
        if name:
            self.accounts.setdefault(name, []).append((at, asset, change))

    def _native(self, chain: int, at: datetime) -> str | None:
        for row in self.natives:
            after, before = row["since"] is None or at >= row["since"], row["until"] is None or at < row["until"]
            if row["chain_id"] == chain and after and before:
                return str(row["asset_id"])
        return None

    def _price(self, asset: str, at: datetime) -> Decimal | None:
        """The last price within a day before a moment."""
        if asset in self.dollars:
            return Decimal(1)
        times, prices = self._series(asset)
        place = _last_before(times, at)
        return prices[place] if place >= 0 and at - times[place] <= _FRESH else None

    def _series(self, asset: str) -> tuple[list[datetime], list[Decimal]]:
        if not hasattr(self, "_by_asset"):
            self._by_asset = {
                str(key): (group["timestamp"].to_list(), group["price"].to_list())
                for (key,), group in self.quotes.group_by("asset_id", maintain_order=True)
            }
        return self._by_asset.get(asset, ([], []))

    def shortages(self, held: _Held) -> tuple[Shortage, ...]:
        """Every balance that was below zero at some moment."""
        return tuple(
            Shortage(symbol=self.symbols.get(key[0], key[0]), position=key[1], time=at, lowest=held.lowest[key])
            for key, at in sorted(held.first.items(), key=lambda one: one[1])
        )

    def compared(self, log: ImportLog | None) -> tuple[tuple[Difference, ...], int]:
        """Balances that files state, compared with what the transactions of their accounts come to."""
        entries = (
            [] if log is None else [one for one in log.entries() if one.portfolio == self.id and one.state == "done"]
        )
        stated = [kept for one in entries if (kept := one.kept("stated")) is not None]
        if not stated:
            return (), 0
        latest = pl.concat(stated).sort("timestamp").group_by("account", "asset_id", maintain_order=True).last()
        found, agreed = [], 0
        for account, asset, at, balance in latest.select("account", "asset_id", "timestamp", "balance").iter_rows():
            moved = (change for when, one, change in self.accounts.get(account, ()) if one == asset and when <= at)
            total = sum(moved, Decimal(0))
            if total == balance:
                agreed += 1
                continue
            symbol = self.symbols.get(asset, asset)
            found.append(Difference(account=account, symbol=symbol, time=at, stated=balance, found=total))
        return tuple(found), agreed

    # What it is worth

    def values(self, days: Sequence[_Day]) -> tuple[list[_Value], tuple[Gap, ...]]:
        """The value of every day on which all that was held had a price, and the days on which not."""
        found: list[_Value] = []
        lacking: dict[str, list[date]] = {}
        for one in days:
            close = datetime.combine(one.day, _CLOSE)
            parts: dict[str, Decimal] = {}
            whole = True
            for (asset, _), amount in one.amounts.items():
                price = self._price(asset, close)
                if price is None:
                    lacking.setdefault(asset, []).append(one.day)
                    whole = False
                else:
                    parts[asset] = parts.get(asset, Decimal(0)) + _exact(amount, price)
            if whole:
                found.append(_Value(one.day, sum(parts.values(), Decimal(0)), parts))
        return found, tuple(gap for asset, missing in lacking.items() for gap in _gaps(self.symbols[asset], missing))

    def snapshots(self, values: Sequence[_Value]) -> pl.DataFrame:
        """Rows of `portfolio_snapshots`: exact values, and returns and risk by the kit's own metrics."""
        closes = pl.DataFrame(
            {
                "portfolio_id": [self.id] * len(values),
                "day": [one.day for one in values],
                "value": pl.Series([one.total for one in values], dtype=MONEY),
                "closed_at": pl.Series([datetime.combine(one.day, _CLOSE) for one in values], dtype=TIME),
            }
        )
        returns = metrics.flows.daily_returns(closes, self._flows()) if values else pl.DataFrame({"ret": []})
        claims = list(_running([None if one is None else float(one) for one in returns["ret"].to_list()]))
        rows = [
            {
                "timestamp": datetime.combine(one.day, _CLOSE),
                "portfolio_id": self.id,
                "total_value": one.total,
                "total_return": _rate(said["growth"]),
                "daily_return": _rate(said["ret"]),
                "sharpe_ratio": _rate(said["sharpe"]),
                "max_drawdown": _rate(said["drawdown"]),
                "volatility": _rate(said["volatility"]),
                "asset_allocation": _shares(one),
            }
            for one, said in zip(values, claims, strict=True)
        ]
        return pl.DataFrame(rows, schema=TABLES["portfolio_snapshots"].schema)

    def _flows(self) -> pl.DataFrame:
        dollars = [
            pl.DataFrame({"asset_id": one, "timestamp": self.done["timestamp"], "price": Decimal(1)}).cast(
                {"price": MONEY, "timestamp": TIME}
            )
            for one in sorted(self.dollars)
        ]
        quotes = pl.concat([self.quotes, *dollars])
        return metrics.flows.external_flows(metrics.flows.classify_flows(self.done), quotes)

    def risk(self, snapshots: pl.DataFrame, values: Sequence[_Value]) -> pl.DataFrame:
        """Rows of `risk_metrics`, from the thirtieth return on: historical, over all returns so far."""
        returns = [float(one) for one in snapshots["daily_return"].to_list()]
        rows = []
        for place in range(len(values)):
            window = returns[1 : place + 1]
            total = values[place].total
            if len(window) < _ENOUGH or total <= 0:
                continue
            quantile = _quantile(window, _TAIL)
            beyond = [one for one in window if one <= quantile]
            worst = math.fsum(beyond) / len(beyond)
            rows.append(
                {
                    "timestamp": datetime.combine(values[place].day, _CLOSE),
                    "portfolio_id": self.id,
                    "var_95": _dollars(-quantile * float(total)),
                    "cvar_95": _dollars(-worst * float(total)),
                    "correlation_score": _rate(self._correlation(values, place)),
                    "liquidation_distance": Decimal(1),
                    "protocol_risk_score": Decimal(0),
                }
            )
        return pl.DataFrame(rows, schema=TABLES["risk_metrics"].schema)

    def _correlation(self, values: Sequence[_Value], place: int) -> float:
        """Mean correlation of the daily returns of what is held, over up to 90 days; 0 where fewer than two move."""
        days = [datetime.combine(one.day, _CLOSE) for one in values[max(0, place - 90) : place + 1]]
        moves = []
        for asset in values[place].parts:
            prices = [self._price(asset, day) for day in days]
            if None in prices:
                continue
            floats = [float(one) for one in prices if one is not None]
            steps = [after / before - 1 for before, after in pairwise(floats)]
            if len(steps) >= _ENOUGH and max(steps) - min(steps) > 1e-3:  # noqa: PLR2004 - a pegged price moves by its noise
                moves.append(steps)
        pairs = [_pearson(one, other) for at, one in enumerate(moves) for other in moves[at + 1 :]]
        return math.fsum(pairs) / len(pairs) if pairs else 0.0

    def positions(self, held: _Held, last: _Day) -> pl.DataFrame:
        """Rows of `portfolio_positions`: what is held or owed at the end of the last day."""
        close = datetime.combine(last.day, _CLOSE)
        prices = {key: self._price(key[0], close) for key in last.amounts}
        worth = {key: _exact(amount, prices[key] or Decimal(0)) for key, amount in last.amounts.items()}
        total = sum(worth.values(), Decimal(0))
        rows = []
        for key, amount in sorted(last.amounts.items()):
            units, paid = held.came.get(key, (Decimal(0), Decimal(0)))
            with localcontext(prec=_DIGITS):
                cost = (paid / units).quantize(_WEI) if units else Decimal(0)
                share = (worth[key] / total).quantize(_WEIGHT) if total else Decimal(0)
            rows.append(
                {
                    "id": str(uuid5(NAMESPACE_URL, f"ys-analytics/position/{self.id}/{key[0]}/{key[1]}")),
                    "portfolio_id": self.id,
                    "asset_id": key[0],
                    "quantity": abs(amount),
                    "average_cost": cost,
                    "current_value": worth[key],
                    "allocation_percentage": max(min(share, Decimal("9.9999")), Decimal("-9.9999")),
                    "position_type": key[1],
                    "protocol_address": None,
                    "chain_id": self.chains.get(key[0]),
                    "last_updated": close,
                }
            )
        return pl.DataFrame(rows, schema=TABLES["portfolio_positions"].schema)

    def definitions(self, days: Sequence[_Day]) -> pl.DataFrame:
        """Rows of `market_data` for US dollars held: one dollar is worth one, from the start of each day."""
        used = sorted({asset for one in days for asset, _ in one.amounts} & self.dollars)
        named = {*self.done["from_asset_id"], *self.done["to_asset_id"]} & self.dollars
        moments = [datetime.combine(one.day, time(0, tzinfo=UTC)) for one in days]
        rows = [
            {
                "timestamp": moment, "asset_id": asset, "chain_id": 0, "price": Decimal(1), "volume_24h": Decimal(0),
                "market_cap": Decimal(0), "price_change_24h": Decimal(0), "source": _SOURCE,
            }
            for asset in sorted({*used, *named})
            for moment in moments
        ]  # fmt: skip
        return pl.DataFrame(rows, schema=TABLES["market_data"].schema)


def _legs(row: Mapping[str, Any], note: Mapping[str, Any]) -> Iterator[tuple[Key, Decimal]]:
    """What a transaction moves, by asset and position; what crosses the border crosses it once."""
    if row["status"] not in MOVING:
        return
    bare = not (row["protocol_name"] or "").strip()
    edge = row["transaction_type"] in {"deposit", "withdraw"}
    external = note.get("flow") == "external" or (note.get("flow") != "internal" and edge and bare)
    sent = (row["from_asset_id"], row["from_amount"], note.get("from_position", _SPOT))
    came = (row["to_asset_id"], row["to_amount"], note.get("to_position", _SPOT))
    if external and row["transaction_type"] == "deposit":
        asset, amount, position = came if came[0] else sent
        yield (asset, position), amount
        return
    if external and row["transaction_type"] == "withdraw":
        asset, amount, position = sent if sent[0] else came
        yield (asset, position), -amount
        return
    if sent[0] and sent[1]:
        yield (sent[0], sent[2]), -sent[1]
    if came[0] and came[1]:
        yield (came[0], came[2]), came[1]


def _gas(row: Mapping[str, Any], note: Mapping[str, Any]) -> Decimal:
    paid = Decimal(0)
    if row["gas_used"] is not None and row["gas_price"] is not None:
        paid += row["gas_used"] * row["gas_price"]
    for name in FEES_BESIDE_GAS:
        if note.get(name) is not None:
            paid += Decimal(str(note[name]))
    return paid


def _last_before(times: Sequence[datetime], at: datetime) -> int:
    from bisect import bisect_right

    return bisect_right(times, at) - 1


def _exact(amount: Decimal, price: Decimal) -> Decimal:
    with localcontext(prec=_DIGITS):
        return (amount * price).quantize(_WEI)


def _gaps(symbol: str, days: Sequence[date]) -> Iterator[Gap]:
    """Days in a row as one gap."""
    first = last = days[0]
    for day in days[1:]:
        if day - last > timedelta(days=1):
            yield Gap(symbol=symbol, first=first, last=last)
            first = day
        last = day
    yield Gap(symbol=symbol, first=first, last=last)


def _running(returns: Sequence[float | None]) -> Iterator[dict[str, float]]:
    """Growth, drawdown, volatility and Sharpe ratio of the returns so far, as the catalogue defines them."""
    growth = peak = 1.0
    deepest = 0.0
    seen: list[float] = []
    for ret in returns:
        if ret is not None:
            seen.append(ret)
            growth *= 1 + ret
            peak = max(peak, growth)
            deepest = min(deepest, growth / peak - 1)
        mean = math.fsum(seen) / len(seen) if seen else 0.0
        spread = math.sqrt(math.fsum((one - mean) ** 2 for one in seen) / (len(seen) - 1)) if len(seen) > 1 else 0.0
        enough = len(seen) >= _ENOUGH and spread > 1e-12  # noqa: PLR2004 - below it a deviation is rounding
        yield {
            "ret": ret or 0.0,
            "growth": growth - 1,
            "drawdown": deepest,
            "volatility": spread * math.sqrt(_YEAR) if enough else 0.0,
            "sharpe": mean / spread * math.sqrt(_YEAR) if enough else 0.0,
        }


def _shares(value: _Value) -> list[dict[str, object]]:
    """Share of the net value by asset; the largest takes what rounding leaves."""
    if value.total <= 0:
        return []
    with localcontext(prec=_DIGITS):
        shares = {asset: (part / value.total).quantize(_SHARE) for asset, part in sorted(value.parts.items())}
    largest = max(shares, key=lambda asset: abs(shares[asset]))
    shares[largest] += 1 - sum(shares.values(), Decimal(0))
    return [{"key": asset, "value": share} for asset, share in shares.items()]


def _quantile(values: Sequence[float], at: float) -> float:
    """The linearly interpolated quantile."""
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _pearson(one: Sequence[float], other: Sequence[float]) -> float:
    first, second = math.fsum(one) / len(one), math.fsum(other) / len(other)
    both = math.fsum((a - first) * (b - second) for a, b in zip(one, other, strict=True))
    size = math.sqrt(math.fsum((a - first) ** 2 for a in one) * math.fsum((b - second) ** 2 for b in other))
    return both / size if size else 0.0


def _rate(value: float) -> Decimal:
    return Decimal(repr(max(min(value, _RATE_MOST), -_RATE_MOST))).quantize(_SHARE)


def _dollars(value: float) -> Decimal:
    return Decimal(repr(value)).quantize(_WEI)


def _write(  # noqa: PLR0917 - four tables of one portfolio
    stores: "Stores", id_: str, positions: pl.DataFrame, snapshots: pl.DataFrame, risk: pl.DataFrame,
    definitions: pl.DataFrame,
) -> None:  # fmt: skip
    """Replace what was built before."""
    for name, rows in (("portfolio_snapshots", snapshots), ("risk_metrics", risk)):
        migrations.delete_rows(stores.clickhouse, name, f"portfolio_id = '{id_}'")
        if rows.height:
            stores.clickhouse.write(name, rows)
    if definitions.height:
        ids = ", ".join(f"'{one}'" for one in definitions["asset_id"].unique().sort())
        known = stores.clickhouse.read(
            f"SELECT asset_id, timestamp FROM market_data WHERE source = '{_SOURCE}' AND asset_id IN ({ids})",  # noqa: S608 - ids of our own registry
            schema={"asset_id": pl.String(), "timestamp": TIME},
        )
        fresh = definitions.join(known, on=["asset_id", "timestamp"], how="anti", maintain_order="left")
        if fresh.height:
            stores.clickhouse.write("market_data", fresh)
    with stores.postgres.transaction():
        stores.postgres.run("DELETE FROM portfolio_positions WHERE portfolio_id::text = %(id)s", {"id": id_})
        if positions.height:
            stores.postgres.write("portfolio_positions", positions)
    migrations.refresh(stores)
