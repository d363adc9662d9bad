"""Who made the change in value, in plain Python: holdings shared by strategies, and days against a target.

Written from what `desk.attribution` and `desk.target` state; shares no line with the package. Shares of holdings are
fractions, so that nothing is rounded before it is compared.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from . import plain_bridge
from .plain_ledger import Leg, flow_and_rule, gas_of, moving, said
from .plain_market import DAY, Row

OWNER = "no strategy (owner)"
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True)
class Moved:
    """A movement, and its transaction where it has one."""

    leg: Leg
    transaction: Row | None


def movements(r: Any) -> list[Moved]:
    """Every movement with its transaction, oldest first; growth of balances after what moved at its moment."""
    homes = {asset["id"]: said(asset).get("protocol") for asset in r.assets}
    found: list[Moved] = []
    for transaction in sorted(r.transactions, key=lambda transaction: transaction["timestamp"]):
        at, gas = transaction["timestamp"], gas_of(transaction, r.assets, r.market)
        if gas.spent is not None:
            found.append(
                Moved(Leg(at, gas.coin, "spot", transaction["protocol_name"], "gas", -gas.spent, gas.usd), transaction)
            )
        flow, claim = flow_and_rule(transaction)[0], transaction["transaction_type"] == "claim"
        target = transaction["to_asset_id"]
        home = target is None or (
            transaction["protocol_name"] is not None and homes[target] == transaction["protocol_name"]
        )
        cause = "flow" if flow == "external" else ("yield" if home else "rewards") if claim else "trade"
        for side, asset, change in moving(transaction) if flow != "none" else ():
            position = said(transaction).get(f"{side}_position")
            found.append(Moved(Leg(at, asset, position, transaction["protocol_name"], cause, change), transaction))
    found += [Moved(leg, None) for leg in r.legs if leg.cause == "rebase"]
    return sorted(found, key=lambda one: one.leg.at)


@dataclass(frozen=True)
class Piece:
    """Part of a holding or movement, with the labels it may be summed by, and what it added."""

    lot: plain_bridge.Lot
    at: datetime
    protocol: str
    strategy: str
    transaction: Row | None


def pieces(r: Any, start: datetime, end: datetime) -> list[Piece]:
    """What each part of a holding at `start`, and of each movement after it, added up to `end`."""
    held: dict[tuple[Any, ...], dict[str, Fraction]] = {}
    last: dict[tuple[Any, ...], str] = {}
    later: list[tuple[Leg, str, str, Row | None]] = []
    opening: list[tuple[Leg, str, str, Row | None]] | None = None
    moved = movements(r)
    chain = chains(r, moved)
    for one in moved:
        leg = one.leg
        if leg.at > end:
            break
        if leg.at > start and opening is None:
            opening = _opening(held, start)
        protocol = holder(leg, last)
        parts = held.setdefault((leg.asset, leg.position, protocol, chain(one)), {})
        strategy = (one.transaction or {}).get("strategy_id") or ""
        spread = _spread(Fraction(leg.change), parts, strategy, earned=leg.cause in {"yield", "rebase"})
        for name, part in spread.items():
            parts[name] = parts.get(name, Fraction(0)) + part
            share = part / Fraction(leg.change) if leg.change else Fraction(1)
            paid = None if leg.paid is None else _exact(Fraction(leg.paid) * share)
            cut = Leg(leg.at, leg.asset, leg.position, leg.protocol, leg.cause, _exact(part), paid)
            if leg.at > start:
                later.append((cut, protocol, name, one.transaction))
    listed = [*(_opening(held, start) if opening is None else opening), *later]
    lots = plain_bridge.lots([leg for leg, *_ in listed], r.assets, r.market, start=start - _MICRO, end=end)
    return [Piece(lot, leg.at, protocol, name, transaction)
            for lot, (leg, protocol, name, transaction) in zip(lots, listed, strict=True)]  # fmt: skip


def chains(r: Any, moved: list[Moved]) -> Callable[[Moved], int | None]:
    """The chain of a movement: its contract's; of a coin of several chains its transaction's, if none was bridged."""
    home = {asset["id"]: asset["chain_id"] for asset in r.assets}
    native = {asset["id"] for asset in r.assets if "native_of_chains" in said(asset)}
    bridges = [one.transaction for one in moved if one.transaction and one.transaction["transaction_type"] == "bridge"]
    bridged = {row["from_asset_id"] for row in bridges if row["from_asset_id"] == row["to_asset_id"]}

    def chain(one: Moved) -> int | None:
        if home[one.leg.asset] is None and one.leg.asset in native:
            return None if one.leg.asset in bridged or one.transaction is None else one.transaction["chain_id"]
        return home[one.leg.asset] or 0

    return chain


def _opening(
    held: dict[tuple[Any, ...], dict[str, Fraction]], start: datetime
) -> list[tuple[Leg, str, str, Row | None]]:
    """What is held as the period begins."""
    return [
        (Leg(start, asset, position, None, "held", _exact(part)), protocol, name, None)
        for (asset, position, protocol, _), parts in held.items()
        for name, part in parts.items()
        if part
    ]


def holder(leg: Leg, last: dict[tuple[Any, ...], str]) -> str:
    """The protocol a movement is held by: its own, else the last one its holding moved through."""
    if leg.position == "spot":
        return "wallet"
    named = (leg.protocol or "").strip()
    if named:
        last[leg.asset, leg.position] = named
    unnamed = "wallet" if leg.position is None else "not stated"
    return named or last.get((leg.asset, leg.position), unnamed)


def _exact(part: Fraction) -> Decimal:
    """With eighteen decimals, as money has."""
    with localcontext(prec=90):
        return Decimal(round(part * 10**18)).scaleb(-18)


def _spread(change: Fraction, parts: dict[str, Fraction], own: str, *, earned: bool) -> dict[str, Fraction]:
    """Who a change belongs to: who brought it; of what is earned by no one's act, all; of what leaves, who took it."""
    whole = sum(parts.values(), Fraction(0))
    same = whole * change > 0
    if whole == 0 or (same and not (earned and not own)):
        return {own: change}
    if same:
        return {name: change * part / whole for name, part in parts.items() if part}
    mine = parts.get(own, Fraction(0))
    taken = min(abs(mine), abs(change)) if mine * whole > 0 else Fraction(0)
    sign = -1 if change < 0 else 1
    found = {own: sign * taken}
    left, rest = whole + sign * taken, change - sign * taken
    spread = rest if abs(rest) <= abs(left) else -left
    if left and spread:
        for name, part in parts.items():
            now = part + (sign * taken if name == own else 0)
            found[name] = found.get(name, Fraction(0)) + spread * now / left
    found[own] += rest - spread
    return {name: part for name, part in found.items() if part} or {own: change}


def bridge_of(r: Any, *, inception: bool) -> plain_bridge.Bridge:
    """The week's bridge; or from the first movement on."""
    if not inception or not r.legs or min(leg.at for leg in r.legs) >= r.monday:
        return r.bridge
    first = min(leg.at for leg in r.legs)
    inside = sorted((row for row in r.snapshots if first <= row["timestamp"] < r.end), key=lambda row: row["timestamp"])
    before = [row for row in r.snapshots if row["timestamp"] < first]
    if not inside:
        return plain_bridge.Bridge(why="no snapshot")
    opened = max(before, key=lambda row: row["timestamp"]) if before else None
    start = opened["timestamp"] if opened else first - _MICRO
    was, now = opened["total_value"] if opened else Decimal(0), inside[-1]["total_value"]
    found = plain_bridge.Bridge(before=was, after=now, start=start, end=inside[-1]["timestamp"])
    lots = plain_bridge.lots(r.legs, r.assets, r.market, start=start, end=found.end)
    if any(lot.unpriced for lot in lots):
        found.why = "no price"
        return found
    found.terms = {term: sum((lot.terms[term] for lot in lots), Decimal(0)) for term in plain_bridge.TERMS}
    gained = sum((found.terms[name] for name in ("price", "yield", "rewards", "lp_fees", "pool", "flows")), Decimal(0))
    found.residual = now - was - (gained - found.terms["impermanent_loss"] - found.terms["gas"])
    return found


@dataclass
class Part:
    """What one label added."""

    market: float = 0.0
    trading: float = 0.0
    yield_: float = 0.0
    rewards: float = 0.0
    lp_fees: float = 0.0
    impermanent_loss: float = 0.0
    pool: float = 0.0
    gas: float = 0.0

    @property
    def gain(self) -> float:
        """All of it."""
        return math.fsum(vars(self).values())


def attributed(r: Any, by: str, *, inception: bool) -> tuple[dict[str, Part], float, float, plain_bridge.Bridge] | None:
    """Parts by label, external flows, average capital and the bridge; None where it cannot be stated."""
    found = bridge_of(r, inception=inception)
    if found.residual is None:
        return None
    listed = pieces(r, found.start, found.end)
    held_as, done_as = _labels(r, by)
    bought: dict[str, Piece] = {}
    for piece in listed:
        if piece.lot.cause == "trade" and piece.transaction is not None and piece.lot.traded > 0:
            best = bought.get(piece.transaction["id"])
            if best is None or piece.lot.traded > best.lot.traded:
                bought[piece.transaction["id"]] = piece
    parts: dict[str, Part] = {}
    flows = capital = 0.0
    length = (found.end - found.start).total_seconds()
    for piece in listed:
        lot, terms = piece.lot, piece.lot.terms
        part = parts.setdefault(held_as(piece), Part())
        part.market += float(terms["price"] - lot.traded)
        part.lp_fees += float(terms["lp_fees"])
        part.impermanent_loss -= float(terms["impermanent_loss"])
        part.pool += float(terms["pool"])
        done = parts.setdefault(done_as(piece), Part())
        done.yield_ += float(terms["yield"])
        done.rewards += float(terms["rewards"])
        done.gas -= float(terms["gas"])
        target = (
            bought.get(piece.transaction["id"], piece) if piece.transaction is not None and by == "asset" else piece
        )
        parts.setdefault(held_as(target) if by == "asset" else done_as(piece), Part()).trading += float(lot.traded)
        flows += float(terms["flows"])
        if lot.cause == "flow":
            capital += float(terms["flows"]) * (found.end - piece.at).total_seconds() / length
    kept = {name: part for name, part in parts.items() if any(abs(v) > 5e-19 for v in vars(part).values())}
    return kept, flows, float(found.before) + capital, found


def called(r: Any, asset: str | None) -> str:
    """An asset's symbol; with the end of its id where another contract of its chain has the same."""
    row = next(one for one in r.assets if one["id"] == asset)
    alike = [one for one in r.assets if (one["symbol"], one["chain_id"]) == (row["symbol"], row["chain_id"])]
    return f"{row['symbol']} (…{row['id'][-6:]})" if len(alike) > 1 else str(row["symbol"])


def _labels(r: Any, by: str) -> tuple[Callable[[Piece], str], Callable[[Piece], str]]:
    """What a piece is held under, and what its transaction counts under."""
    agents = {row["id"]: row["name"] for row in r.run.rows("satellite_agents")}
    known = {row["id"]: agents.get(row["satellite_id"], row["satellite_id"]) for row in r.mine("trading_strategies")}
    known[""] = OWNER
    if by == "asset":
        return (lambda p: called(r, p.lot.asset),) * 2
    if by == "protocol":
        return (lambda p: p.protocol), (lambda p: (p.lot.protocol or "").strip() or p.protocol)

    def held(piece: Piece) -> str:
        return known[piece.strategy]

    def done(piece: Piece) -> str:
        own = (piece.transaction or {}).get("strategy_id")
        return held(piece) if own is None and piece.lot.cause in {"yield", "rebase"} else known[own or ""]

    return held, done


def targets(r: Any) -> dict[str, float]:
    """The owner's target weights."""
    return {symbol: float(weight) for symbol, weight in json.loads(r.portfolio["target_allocation"] or "{}").items()}


def asset_of(r: Any, symbol: str) -> str:
    """The asset that a symbol means: one that moved, one without a chain, the most quoted."""
    own = {leg.asset for leg in r.legs if leg.cause != "rebase"}
    named = [asset for asset in r.assets if asset["symbol"] == symbol]
    best = max(named, key=lambda a: (a["id"] in own, a["chain_id"] is None, len(r.market.days(a["id"])), a["id"]))
    return str(best["id"])


@dataclass
class Effects:
    """Brinson-Fachler, linked by Carino: by symbol allocation, selection, interaction; means of weights; excess."""

    parts: dict[str, list[float]]
    weights: dict[str, float]
    wanted: dict[str, float]
    excess: float
    days: int


def effects(r: Any, *, inception: bool) -> Effects | None:
    """Each day from close to close; None where there is no return, no target or no price."""
    known = [day for day in r.daily if day.ret is not None and (inception or r.first <= day.day)]
    wanted = targets(r)
    whole = sum(wanted.values())
    if not known or whole <= 0:
        return None
    closes = {close.day: close.at for close in r.closes}
    chosen = {symbol: asset_of(r, symbol) for symbol in wanted}
    moved, place = movements(r), 0
    quantity: dict[str, Decimal] = {}

    def upto(moment: datetime) -> dict[str, Decimal]:
        nonlocal place
        while place < len(moved) and moved[place].leg.at <= moment:
            leg = moved[place].leg
            quantity[leg.asset] = quantity.get(leg.asset, Decimal(0)) + leg.change
            place += 1
        return {asset: held for asset, held in quantity.items() if held}

    days = []
    for day in known:
        start, end = closes[day.day - DAY * day.days], closes[day.day]
        before = _worth(r, upto(start), start)
        inside = [one for one in moved if start < one.leg.at <= end and one.leg.cause in {"trade", "flow"}]
        after = _worth(r, upto(end), end)
        amounts = _amounts(r, inside)
        capital: dict[str, float] = {}
        gain: dict[str, float] = {}
        for asset in {*before, *after, *(asset for asset, _, _ in amounts)}:
            mine = [(at, amount) for one, at, amount in amounts if one == asset]
            name = r.symbols[asset]
            inflow = math.fsum(amount for _, amount in mine)
            weighed = math.fsum(a * (end - at).total_seconds() / (end - start).total_seconds() for at, a in mine)
            capital[name] = capital.get(name, 0.0) + before.get(asset, 0.0) + weighed
            gain[name] = gain.get(name, 0.0) + after.get(asset, 0.0) - before.get(asset, 0.0) - inflow
        total = math.fsum(capital.values())
        prices = {name: (r.market.at(asset, start), r.market.at(asset, end)) for name, asset in chosen.items()}
        if any(None in pair for pair in prices.values()):
            return None
        moves = {name: float(now) / float(was) - 1 for name, (was, now) in prices.items()}
        days.append((capital, gain, total, moves))
    return _linked_effects(days, {name: weight / whole for name, weight in wanted.items()}, known)


def _linked_effects(days: list[Any], wanted: dict[str, float], known: list[Any]) -> Effects:
    names = {name for capital, *_ in days for name in capital} | set(wanted)
    singles, own, its = [], 1.0, 1.0
    weights = dict.fromkeys(names, 0.0)
    for capital, gain, total, moves in days:
        benchmark = math.fsum(weight * moves[name] for name, weight in wanted.items())
        row, mine = {}, 0.0
        for name in names:
            w = capital.get(name, 0.0) / total if total else 0.0
            target = wanted.get(name, 0.0)
            w = w if abs(w) > 1e-9 else 0.0
            r = gain[name] / capital[name] if w else None
            b = moves.get(name) if target else None
            r, b = (b if w == 0 else r), (r if target == 0 else b)
            mine += w * (r or 0.0)
            weights[name] += w / len(days)
            if r is not None and b is not None:
                row[name] = ((w - target) * (b - benchmark), target * (r - b), (w - target) * (r - b))
        singles.append((row, mine, benchmark))
        own *= 1 + mine
        its *= 1 + benchmark
    scale = _carino(own - 1, its - 1)
    parts = {name: [0.0, 0.0, 0.0] for name in names}
    for row, mine, benchmark in singles:
        factor = _carino(mine, benchmark) / scale
        for name, three in row.items():
            parts[name] = [sofar + one * factor for sofar, one in zip(parts[name], three, strict=True)]
    reported = math.prod(1 + day.ret for day in known)
    return Effects(parts, weights, wanted, reported - its, len(days))


def _carino(r: float, b: float) -> float:
    return 1 / (1 + r) if abs(r - b) < 1e-15 else (math.log1p(r) - math.log1p(b)) / (r - b)


def _worth(r: Any, held: dict[str, Decimal], at: datetime) -> dict[str, float]:
    return {asset: float(quantity) * float(r.market.at(asset, at)) for asset, quantity in held.items()}


def _amounts(r: Any, inside: list[Moved]) -> list[tuple[str, datetime, float]]:
    """What came into each asset; what was bought counts as what was given for it."""
    rows = [[one, float(one.leg.change) * float(r.market.at(one.leg.asset, one.leg.at))] for one in inside]
    for transaction in {
        one.transaction["id"] for one in inside if one.leg.cause == "trade" and one.transaction is not None
    }:
        mine = [row for row in rows if row[0].transaction is not None and row[0].transaction["id"] == transaction]
        best = max(mine, key=lambda row: row[1])
        if best[1] > 0:
            best[1] -= math.fsum(row[1] for row in mine)
    return [(one.leg.asset, one.leg.at, amount) for one, amount in rows]
