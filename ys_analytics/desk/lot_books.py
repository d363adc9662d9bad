"""Lot accounting: how each transaction changes the lots held and the debts owed.

Plain arithmetic on Decimals, one transaction after another; `desk.lots` states each treatment and frames the answer.
Depends on `metrics.lots` for matching and on the registry for what an asset stands for. Reads no frame.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from ys_analytics.desk.lookthrough import Registry
from ys_analytics.metrics.lots import AMOUNT_STEP, Inventory, Lot, Matching, shared
from ys_analytics.schemas.coins import NATIVE_COINS

_BORROWING = "borrowing"
# Kinds of rows: of lots that are left, and of parts whose gain counts.
OPEN_KINDS, TAXABLE_KINDS = ("open", "aside"), ("sale", "exit", "gas")
_INTO, _OUT_OF = ("deposit", "stake"), ("withdraw", "unstake")

Leaving = Literal["transfer", "sale"]
Repaying = Literal["no_gain", "sale"]
Fees = Literal["in_gain", "expense"]

_NO_PRICE = "no price within 24 hours before it"
_NO_COST = "its cost is not known: it had no price when it came, or was never seen to come"
_UNMATCHED = "left beyond what the transactions show to have come; it is in no gain"
_OVERPAID = "repaid beyond what the transactions show to have been borrowed"


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a transaction: a quantity of an asset, and its value in USD then, if it is known."""

    asset: str
    quantity: Decimal
    value: Decimal | None


class Event:
    """One transaction: its sides with their values, its gas and its metadata."""

    def __init__(self, row: dict[str, Any]) -> None:
        """Read a row of `lots._with_prices`."""
        self.metadata: dict[str, Any] = _parsed_metadata(row["metadata"])
        self.time: datetime = row["timestamp"]
        self.hash: str | None = row["transaction_hash"]
        self.kind: str = row["kind"]
        self.external: bool = row["flow"] == "external"
        self.protocol: str = (row["protocol_name"] or "").strip()
        self.sent, self.received = (_side(row, side) if row["moved"] else None for side in ("from", "to"))
        self.gas_asset: str | None = row["gas_asset_id"]
        self.gas: Decimal = row["gas_amount"] or Decimal(0)
        self.gas_cost: Decimal | None = row["gas"]
        self.gas_reason: str | None = row["gas_reason"]

    @property
    def borrows(self) -> bool:
        """Whether coins come in from a debt."""
        owed = self.metadata.get("from_position") == _BORROWING or self.metadata.get("action") == "borrow"
        return owed and self.received is not None

    @property
    def repays(self) -> bool:
        """Whether coins go out to end a debt."""
        owed = self.metadata.get("to_position") == _BORROWING or self.metadata.get("action") == "repay"
        return owed and self.sent is not None

    @property
    def adds_interest(self) -> bool:
        """Whether a debt grows and nothing comes in."""
        return self.metadata.get("from_position") == _BORROWING and self.received is None and self.sent is not None

    def cost_of(self, side: _Side) -> Decimal | None:
        """What coins that come over the edge had cost: as metadata states in USD, not known if that is no amount."""
        stated = self.metadata.get("cost_basis")
        if stated is None:
            return side.value
        try:
            cost = Decimal(str(stated))
            return cost.quantize(AMOUNT_STEP) if cost.is_finite() and cost >= 0 else None
        except InvalidOperation:
            return None


def _parsed_metadata(text: str | None) -> dict[str, Any]:
    """Metadata as a mapping; empty where the text is no JSON object, as for legs and flows."""
    try:
        metadata = json.loads(text) if text else {}
    except ValueError:
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _side(row: dict[str, Any], side: str) -> _Side | None:
    asset, quantity, price = (row[f"{side}_{name}"] for name in ("asset_id", "amount", "price"))
    if asset is None or not quantity:
        return None
    return _Side(asset, quantity, None if price is None else (quantity * price).quantize(AMOUNT_STEP))


@dataclass(slots=True)
class Book:
    """All lots and debts of a portfolio; only `record` changes them."""

    registry: Registry
    matching: Matching
    leaving: Leaving
    repaying: Repaying
    gas: Fees
    held: dict[str, Inventory] = field(default_factory=dict)
    set_aside: dict[tuple[str, str], Inventory] = field(default_factory=dict)
    owed: dict[str, Inventory] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    income: list[dict[str, Any]] = field(default_factory=list)
    expenses: list[dict[str, Any]] = field(default_factory=list)
    debts: list[dict[str, Any]] = field(default_factory=list)

    def record(self, event: Event) -> None:
        """Record one transaction: its gas, then its movements."""
        self._pay_gas(event)
        sent, received = event.sent, event.received
        trades = sent is not None and received is not None and self._is_trade(event, sent, received)
        fee = event.gas_cost if event.gas and trades and self.gas == "in_gain" else None
        if event.repays or event.borrows or event.adds_interest:
            self._record_loan(event)
        elif event.external:
            self._record_external_flow(event)
        elif sent is None or received is None:
            self._record_one_side(event)
        elif trades:
            self._trade(event, sent, received, fee)
        else:
            self._move(event, sent, received)
        if event.gas and fee is None:
            side = _Side(event.gas_asset or "", event.gas, event.gas_cost)
            self._record_event(self.expenses, event, side, "gas", event.gas_reason)

    def close(self, prices: dict[str, Decimal]) -> None:
        """Add rows for open lots and for debts at the end."""
        waiting = {asset: inventory for (asset, _), inventory in self.set_aside.items()}
        for kind, inventories in (("open", self.held.items()), ("aside", waiting.items())):
            for asset, inventory in inventories:
                for lot in inventory.lots:
                    self._add_open_lot(kind, asset, lot, prices.get(asset))
        for asset, inventory in self.owed.items():
            for lot in inventory.lots:
                price = prices.get(asset)
                value_part = None if price is None else (lot.quantity * price).quantize(AMOUNT_STEP)
                self.debts.append({
                    "asset_id": asset, "symbol": self.registry.symbol(asset), "borrowed": lot.time,
                    "quantity": lot.quantity, "value": lot.cost, "worth": value_part,
                    "unrealised": None if value_part is None or lot.cost is None else lot.cost - value_part,
                    "reason": _NO_PRICE if value_part is None else _NO_COST if lot.cost is None else None,
                })  # fmt: skip

    # Kind of event

    def _is_trade(self, event: Event, sent: _Side, received: _Side) -> bool:
        """Whether two sides are a purchase and a sale inside the portfolio, and not a move or a loan."""
        if event.external or event.repays or event.borrows:
            return False
        same = self._family(sent.asset) == self._family(received.asset)
        if event.kind == "swap":
            return not (same and sent.quantity == received.quantity)
        return event.kind == "claim" or (event.kind == "bridge" and not same)

    def _family(self, asset: str) -> str:
        """The coin an asset is, or is a receipt of, by the name it has now."""
        while (claim := self.registry.claims.get(asset)) is not None and claim.pool is None:
            asset = claim.legs[0]
        symbol = self.registry.symbol(asset).upper()
        return _CURRENT_COIN_NAMES.get(symbol, symbol)

    # Movements

    def _trade(self, event: Event, sent: _Side, received: _Side, fee: Decimal | None) -> None:
        pays_money, gets_coins = self.registry.is_pegged(sent.asset), not self.registry.is_pegged(received.asset)
        valued_side, other_side = (sent, received) if pays_money and gets_coins else (received, sent)
        value = other_side.value if valued_side.value is None else valued_side.value
        buys = pays_money and gets_coins
        self._dispose(event, "sale", sent, sent.quantity, value, fee=None if buys else fee)
        cost = value + fee if value is not None and fee is not None and buys else value
        self._inventory(received.asset).add(Lot(event.time, received.quantity, cost, "purchase"))

    def _move(self, event: Event, sent: _Side, received: _Side) -> None:
        """Lots that change their place, or the token that represents them."""
        received_family, sent_family = self._family(received.asset), self._family(sent.asset)
        leaves_position = event.kind in _OUT_OF and sent.asset != received.asset
        parts, shortfall = self._inventory(sent.asset).take(sent.quantity, lambda lot: lot.source == received_family)
        pieces = shared(received.quantity, [*(part.quantity for part in parts), *([shortfall] if shortfall else [])])
        value_parts = [None] * len(pieces) if received.value is None else shared(received.value, pieces)
        for part, piece, value_part in zip(parts, pieces, value_parts, strict=False):
            if leaves_position and part.source == received_family and part.acquired_cost is not None:
                self._leave_position(event, sent.asset, received.asset, part, piece, value_part)
            elif leaves_position and sent_family != received_family:
                self._add_row(event, "sale", sent.asset, part, value_part)
                self._inventory(received.asset).add(Lot(event.time, piece, value_part, "purchase"))
            elif event.kind in _INTO and sent.asset != received.asset and not part.source:
                receipt_lot = Lot(part.time, piece, part.cost, part.origin, sent_family, part.quantity)
                self._inventory(received.asset).add(receipt_lot)
            else:
                self._inventory(received.asset).add(replace(part, quantity=piece))
        if shortfall:
            self._add_row(event, "move", sent.asset, Lot(event.time, shortfall, None), None, unmatched=True)
            self._inventory(received.asset).add(Lot(event.time, pieces[-1], None, "unknown"))

    def _leave_position(  # noqa: PLR0917 - two assets, and what left and came
        self, event: Event, share: str, asset: str, part: Lot, piece: Decimal, value_part: Decimal | None
    ) -> None:
        """Coins that return from a position keep date and cost; what exceeds them is gain, what is missing is loss."""
        put_in = part.acquired_cost or piece
        returned = min(piece, put_in)
        cost = part.cost if piece >= put_in or part.cost is None else (part.cost * piece / put_in).quantize(AMOUNT_STEP)
        self._inventory(asset).add(Lot(part.time, returned, cost, part.origin))
        if piece > put_in:
            gain = None if value_part is None else shared(value_part, [returned, piece - returned])[1]
            self._add_row(event, "exit", share, replace(part, cost=Decimal(0)), gain)
            self._inventory(asset).add(Lot(event.time, piece - returned, gain, "income"))
        elif piece < put_in:
            loss = None if part.cost is None or cost is None else part.cost - cost
            self._add_row(event, "exit", share, replace(part, cost=loss), Decimal(0))

    def _record_external_flow(self, event: Event) -> None:
        """An external flow, by the ruling on flows: a deposit adds a lot, a withdrawal takes lots out."""
        sent, received = event.sent, event.received
        inward = {"deposit": received or sent, "withdraw": None}.get(event.kind, received)
        outward = {"deposit": None, "withdraw": sent or received}.get(event.kind, sent)
        if outward:
            kind = "sale" if self.leaving == "sale" else "transfer"
            self._dispose(event, kind, outward, outward.quantity, outward.value)
        if inward:
            self._inventory(inward.asset).add(Lot(event.time, inward.quantity, event.cost_of(inward), "deposit"))

    def _record_one_side(self, event: Event) -> None:
        """A transaction with one side inside the portfolio: income, an expense, or coins kept under a protocol."""
        sent, received = event.sent, event.received
        if received and event.kind == "claim":
            self._record_event(
                self.income, event, received, "rebase" if event.metadata.get("action") == "rebase" else "claim"
            )
            self._inventory(received.asset).add(Lot(event.time, received.quantity, received.value, "income"))
        elif sent and event.kind in {"claim", "swap"}:
            self._dispose(event, "sale", sent, sent.quantity, sent.value)
            self._record_event(self.expenses, event, sent, event.kind)
        elif sent or received:
            self._move_one_side(event)

    def _record_loan(self, event: Event) -> None:
        """A loan taken, repaid, or grown by interest."""
        if event.repays:
            self._repay(event)
        elif event.borrows and event.received:
            self._add_debt(event, event.sent or event.received)
            self._inventory(event.received.asset).add(
                Lot(event.time, event.received.quantity, event.received.value, "loan")
            )
        else:
            self._add_debt(event, event.sent)
            self._record_event(self.expenses, event, event.sent, "interest")

    def _add_debt(self, event: Event, side: _Side | None) -> None:
        if side:
            self.owed.setdefault(side.asset, Inventory("fifo")).add(Lot(event.time, side.quantity, side.value, "loan"))

    def _repay(self, event: Event) -> None:
        sent = event.sent
        if sent is None:
            return
        ended, excess = self.owed.setdefault((event.received or sent).asset, Inventory("fifo")).take(sent.quantity)
        values = [part.cost for part in ended]
        value = None if None in values else sum((part for part in values if part is not None), Decimal(0))
        kind = "sale" if self.repaying == "sale" else "repayment"
        loans: Callable[[Lot], bool] = lambda lot: lot.origin == "loan"  # noqa: E731 - a test, given twice
        if ended:
            self._dispose(event, kind, sent, sent.quantity - excess, value, preferred=loans)
        if excess:
            self._dispose(event, "repayment", sent, excess, None, preferred=loans, reason=_OVERPAID)

    def _move_one_side(self, event: Event) -> None:
        """One side inside the portfolio: lots kept aside under the protocol's name, or returned from there."""
        if event.sent:
            parts, shortfall = self._inventory(event.sent.asset).take(event.sent.quantity)
            waiting = self._waiting_inventory(event.sent.asset, event.protocol)
            for part in parts:
                waiting.add(part)
            if shortfall:
                self._add_row(event, "move", event.sent.asset, Lot(event.time, shortfall, None), None, unmatched=True)
        if event.received:
            was_sent_there = (event.received.asset, event.protocol) in self.set_aside
            parts, shortfall = self._waiting_inventory(event.received.asset, event.protocol).take(
                event.received.quantity
            )
            for part in parts:
                self._inventory(event.received.asset).add(part)
            if shortfall and was_sent_there:
                # What was put in is all back: the rest was earned there.
                gain = (
                    None
                    if event.received.value is None
                    else shared(event.received.value, [event.received.quantity - shortfall, shortfall])[1]
                )
                self._record_event(self.income, event, _Side(event.received.asset, shortfall, gain), "exit")
                self._inventory(event.received.asset).add(Lot(event.time, shortfall, gain, "income"))
            elif shortfall:
                self._inventory(event.received.asset).add(Lot(event.time, shortfall, None, "unknown"))

    def _pay_gas(self, event: Event) -> None:
        if event.gas and event.gas_asset is not None:
            side = _Side(event.gas_asset, event.gas, event.gas_cost)
            self._dispose(event, "gas", side, event.gas, event.gas_cost)

    # Rows

    def _inventory(self, asset: str) -> Inventory:
        return self.held.setdefault(asset, Inventory(self.matching))

    def _waiting_inventory(self, asset: str, protocol: str) -> Inventory:
        return self.set_aside.setdefault((asset, protocol), Inventory(self.matching))

    def _dispose(
        self, event: Event, kind: str, side: _Side, quantity: Decimal, value: Decimal | None, *,
        fee: Decimal | None = None, preferred: Callable[[Lot], bool] | None = None, reason: str = "",
    ) -> None:  # fmt: skip
        """Take a quantity out of the lots of an asset; a row for each part, and for what no lot was left for."""
        parts, shortfall = self._inventory(side.asset).take(quantity, preferred)
        parts = [*parts, *([Lot(event.time, shortfall, None)] if shortfall else [])]
        weights = [part.quantity for part in parts]
        values = [None] * len(parts) if value is None else shared(value, weights)
        fees = [Decimal(0)] * len(parts) if fee is None else shared(fee, weights)
        for index, (part, value_part, paid) in enumerate(zip(parts, values, fees, strict=True)):
            is_shortfall = bool(shortfall) and index == len(parts) - 1
            self._add_row(event, kind, side.asset, part, value_part, fee=paid, unmatched=is_shortfall, reason=reason)

    def _add_row(
        self, event: Event, kind: str, asset: str, part: Lot, value: Decimal | None, *,
        fee: Decimal = Decimal(0), unmatched: bool = False, reason: str = "",
    ) -> None:  # fmt: skip
        taxed = kind in TAXABLE_KINDS
        proceeds = value - fee if taxed and value is not None else None
        gain = None if value is None or part.cost is None or unmatched else value - fee - part.cost
        if not reason and unmatched:
            reason = _UNMATCHED
        if not reason and gain is None:
            reason = _NO_COST if value is not None else _NO_PRICE
        if not reason and not taxed:
            reason = f"a {kind} is no sale"
        self.rows.append({
            "asset_id": asset, "symbol": self.registry.symbol(asset), "kind": kind,
            "origin": None if unmatched else part.origin, "acquired": None if unmatched else self._acquired_at(part),
            "disposed": event.time, "quantity": part.quantity, "cost": part.cost, "proceeds": proceeds, "fees": fee,
            "gain": gain if taxed else None, "unrecognised": None if taxed else gain, "unmatched": unmatched,
            "reason": reason or None, "transaction_hash": event.hash,
        })  # fmt: skip

    def _add_open_lot(self, kind: str, asset: str, lot: Lot, price: Decimal | None) -> None:
        value_part = None if price is None else (lot.quantity * price).quantize(AMOUNT_STEP)
        known = value_part is not None and lot.cost is not None
        self.rows.append({
            "asset_id": asset, "symbol": self.registry.symbol(asset), "kind": kind, "origin": lot.origin,
            "acquired": self._acquired_at(lot), "quantity": lot.quantity, "cost": lot.cost, "worth": value_part,
            "unrealised": value_part - lot.cost if value_part is not None and lot.cost is not None else None,
            "unmatched": False, "reason": None if known else _NO_PRICE if value_part is None else _NO_COST,
        })  # fmt: skip

    def _acquired_at(self, lot: Lot) -> datetime | None:
        """When a lot was acquired; lots at average cost have no date of their own."""
        return None if self.matching == "average" else lot.time

    def _record_event(
        self, rows: list[dict[str, Any]], event: Event, side: _Side | None, kind: str, reason: str | None = None
    ) -> None:
        if side is not None:
            rows.append({
                "timestamp": event.time, "asset_id": side.asset, "symbol": self.registry.symbol(side.asset),
                "kind": kind, "quantity": side.quantity, "value": side.value,
                "reason": (reason or _NO_PRICE) if side.value is None else None, "transaction_hash": event.hash,
            })  # fmt: skip


def _former_coin_names() -> Iterator[tuple[str, str]]:
    """Each former name of a native coin with its last one."""
    for chain in {coin.chain for coin in NATIVE_COINS}:
        names = [coin.symbol for coin in NATIVE_COINS if coin.chain == chain]
        yield from ((name, names[-1]) for name in names[:-1])


_CURRENT_COIN_NAMES = dict(_former_coin_names())
