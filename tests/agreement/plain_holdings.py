"""What a portfolio held when a week ended, in plain Python: the platform's table of that week, or the ledger.

Both are taken only where they are worth what the week's last snapshot says; else, and where nothing is stored of the
week, nothing is known. Shares no line with the package.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from .plain_ledger import Leg, held, legs, said
from .plain_market import Market, Row, added, times

_DEBT = "borrowing"
CHAINS = {
    0: "own chain", 1: "Ethereum", 10: "Optimism", 56: "BNB Chain", 100: "Gnosis", 137: "Polygon", 250: "Fantom",
    324: "zkSync", 8453: "Base", 42161: "Arbitrum", 43114: "Avalanche", 59144: "Linea",
}  # fmt: skip


@dataclass(frozen=True)
class Position:
    """Something held at the week's end."""

    asset: str
    symbol: str
    kind: str
    chain: str
    protocol: str | None
    address: str | None
    chain_id: int
    quantity: Decimal
    value: Decimal
    cost: Decimal | float | None
    price: Decimal | None


@dataclass(frozen=True)
class Holdings:
    """Positions, or None where they are not known; and whether they are the platform's own."""

    positions: list[Position] | None
    platform: bool


def tolerance(total: Decimal) -> Decimal:
    """A cent and a basis point."""
    return Decimal("0.01") + Decimal("0.0001") * abs(total)


def holdings(r: Any) -> Holdings:
    """What was held when the week of a `plain_run.Report` ended."""
    close = r.closes[-1] if r.closes else None
    listed = r.mine("portfolio_positions")
    stored = [row["timestamp"] for row in r.snapshots] + _quoted(r, listed)
    if stored and max(stored) < r.monday and (listed or r.legs):
        return Holdings(None, platform=False)
    early = datetime.fromisoformat(r.run.manifest["as_of"]) <= r.end
    own = listed and all(row["last_updated"] < r.end for row in listed)
    if own and (early or (close and _agrees(listed, r.market, close.at, close.value))):
        return Holdings(_ordered(_of_platform(r, listed)), platform=True)
    if close is None:
        before = any(row["last_updated"] < r.end for row in listed)
        return Holdings(None if r.legs or before else [], platform=False)
    at = max(stored)
    then = held(r.legs, close.at)
    worth = [times(quantity, r.market.at(asset, close.at)) for (asset, _), quantity in then.items()]
    if None in worth or abs(added(worth) - close.value) > tolerance(close.value):
        return Holdings(None, platform=False)
    now = held(r.legs, r.end - timedelta(microseconds=1))
    if any(quantity < 0 and position != _DEBT for (_, position), quantity in now.items()):
        return Holdings(None, platform=False)
    rows = _of_ledger(r, now, at)
    return Holdings(None if any(row.price is None for row in rows) else _ordered(rows), platform=False)


def _quoted(r: Any, listed: Iterable[Row]) -> list[datetime]:
    """When each asset listed or moved was last quoted before the week's end."""
    assets = {row["asset_id"] for row in listed} | {leg.asset for leg in r.legs}
    last = r.end - timedelta(microseconds=1)
    return [at for asset in assets if asset and (at := r.market.quoted(asset, last)) is not None]


def _agrees(listed: Iterable[Row], market: Market, at: datetime, total: Decimal) -> bool:
    signed = [(row["asset_id"], -row["quantity"] if row["position_type"] == _DEBT else row["quantity"])
              for row in listed]  # fmt: skip
    worth = [times(quantity, market.at(asset, at)) for asset, quantity in signed]
    return None not in worth and abs(added(worth) - total) <= tolerance(total)


def _ordered(rows: list[Position]) -> list[Position]:
    return sorted(rows, key=lambda one: (-abs(one.value), one.symbol))


def _of_platform(r: Any, listed: Iterable[Row]) -> list[Position]:
    pools = {row["pool_address"]: row["protocol_name"] for row in reversed(r.run.rows("yield_metrics"))}
    about = {asset["id"]: said(asset).get("protocol") for asset in r.assets}
    found = []
    for row in listed:
        address, asset = row["protocol_address"], row["asset_id"]
        short = f"{address[:6]}…{address[-4:]}" if address else None
        found.append(Position(
            asset=asset, symbol=r.symbols.get(asset, asset), kind=row["position_type"],
            chain=CHAINS.get(row["chain_id"] or 0, f"chain {row['chain_id']}"),
            protocol=None if address is None else pools.get(address) or about.get(asset) or short, address=address,
            chain_id=row["chain_id"] or 0, quantity=row["quantity"], value=row["current_value"],
            cost=row["average_cost"], price=_last(r, asset),
        ))  # fmt: skip
    return found


def _last(r: Any, asset: str) -> Decimal | None:
    return r.market.at(asset, r.end - timedelta(microseconds=1), oldest=None)


def _of_ledger(r: Any, now: dict[tuple[str | None, str | None], Decimal], at: datetime) -> list[Position]:
    chains = {asset["id"]: asset["chain_id"] for asset in r.assets}
    pools = {row["pool_address"]: row["protocol_name"] for row in reversed(r.run.rows("yield_metrics"))}
    found = []
    for (asset, position), whole in now.items():
        through = [leg.protocol for leg in r.legs
                   if (leg.asset, leg.position) == (asset, position) and leg.protocol]  # fmt: skip
        protocol = through[-1] if through and position != "spot" else None
        seats = {
            row["protocol_address"]
            for row in r.run.rows("portfolio_positions")
            if (row["asset_id"], row["position_type"]) == (asset, position) and row["protocol_address"]
            and pools.get(row["protocol_address"]) == protocol
        }  # fmt: skip
        for chain, name, quantity in _places(r, asset, position, whole, chains.get(asset)):
            price = r.market.at(asset, at)
            found.append(Position(
                asset=asset, symbol=r.symbols.get(asset, asset), kind=position or "not stated", chain=name,
                protocol=protocol, address=seats.pop() if len(seats) == 1 and protocol else None,
                chain_id=chain or 0, quantity=abs(quantity), value=times(quantity, price) if price else Decimal(0),
                cost=_cost(r, asset, position), price=None if price is None else _last(r, asset),
            ))  # fmt: skip
    return found


def _places(
    r: Any, asset: str | None, position: str | None, whole: Decimal, home: int | None
) -> list[tuple[int | None, str, Decimal]]:
    """The chains of a holding: a coin native to several is split by what moved it there, unless it was bridged."""
    native = bool(said(next(one for one in r.assets if one["id"] == asset)).get("native_of_chains"))
    bridges = [row for row in r.transactions if row["transaction_type"] == "bridge"]
    bridged = any(row["from_asset_id"] == row["to_asset_id"] == asset for row in bridges)
    if native and not bridged:
        parts: dict[int, Decimal] = {}
        for chain in sorted({transaction["chain_id"] for transaction in r.transactions}):
            of_chain = [transaction for transaction in r.transactions if transaction["chain_id"] == chain]
            moved = held(legs(of_chain, r.assets, r.market), r.end - timedelta(microseconds=1))
            if part := moved.get((asset, position)):
                parts[chain] = part
        if added(list(parts.values())) == whole and all((part > 0) == (whole > 0) for part in parts.values()):
            return [(chain, CHAINS.get(chain, f"chain {chain}"), part) for chain, part in parts.items()]
    name = "several chains" if native else CHAINS.get(home or 0, f"chain {home}")
    return [(home, name, whole)]


def _cost(r: Any, asset: str | None, position: str | None) -> float | None:
    """Mean price of all that came in, or was borrowed."""
    sign = -1 if position == _DEBT else 1
    came: list[Leg] = [
        leg for leg in r.legs if (leg.asset, leg.position) == (asset, position) and leg.change * sign > 0
    ]
    prices = [r.market.at(asset, leg.at) for leg in came]
    if not came or None in prices:
        return None
    units = sum(float(leg.change) for leg in came)
    return sum(float(leg.change) * float(price) for leg, price in zip(came, prices, strict=True)) / units
