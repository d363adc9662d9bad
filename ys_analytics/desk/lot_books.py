"""The books of lots: what each transaction does to what is held and owed, lot by lot.

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
from ys_analytics.metrics.lots import CENT, Inventory, Lot, Matching, shared
from ys_analytics.schemas.coins import NATIVE_COINS

_BORROWING = "borrowing"
# Kinds of rows: of lots that are left, and of parts whose gain counts.
LEFT, TAXED = ("open", "aside"), ("sale", "exit", "gas")
_INTO, _OUT_OF = ("deposit", "stake"), ("withdraw", "unstake")

Leaving = Literal["transfer", "sale"]
Repaying = Literal["no_gain", "sale"]
Fees = Literal["in_gain", "expense"]

_NO_PRICE = "no price within 24 hours before it"
_NO_COST = "its cost is not known: it had no price when it came, or was never seen to come"
_NEVER_CAME = "left beyond what the transactions show to have come; it is in no gain"
_OVERPAID = "repaid beyond what the transactions show to have been borrowed"


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a transaction: a quantity of an asset, and its value in USD then, if it is known."""

    asset: str
    quantity: Decimal
    value: Decimal | None


class Event:
    """A transaction as the books read it."""

    def __init__(self, row: dict[str, Any]) -> None:
        """Read a row of transactions with the price of each side at its moment."""
        self.note: dict[str, Any] = _note_of(row["metadata"])
        self.time: datetime = row["timestamp"]
        self.hash: str | None = row["transaction_hash"]
        self.kind: str = row["kind"]
        self.external: bool = row["flow"] == "external"
        self.protocol: str = (row["protocol_name"] or "").strip()
        self.given, self.got = (_side(row, side) if row["moved"] else None for side in ("from", "to"))
        self.gas_asset: str | None = row["gas_asset_id"]
        self.gas: Decimal = row["gas_amount"] or Decimal(0)
        self.gas_cost: Decimal | None = row["gas"]
        self.gas_reason: str | None = row["gas_reason"]

    @property
    def borrows(self) -> bool:
        """Whether coins come in from a debt."""
        owed = self.note.get("from_position") == _BORROWING or self.note.get("action") == "borrow"
        return owed and self.got is not None

    @property
    def repays(self) -> bool:
        """Whether coins go out to end a debt."""
        owed = self.note.get("to_position") == _BORROWING or self.note.get("action") == "repay"
        return owed and self.given is not None

    @property
    def adds_interest(self) -> bool:
        """Whether a debt grows and nothing comes in."""
        return self.note.get("from_position") == _BORROWING and self.got is None and self.given is not None

    def cost_of(self, side: _Side) -> Decimal | None:
        """What coins that come over the edge had cost: as metadata states in USD, not known if that is no amount."""
        stated = self.note.get("cost_basis")
        if stated is None:
            return side.value
        try:
            cost = Decimal(str(stated))
            return cost.quantize(CENT) if cost.is_finite() and cost >= 0 else None
        except InvalidOperation:
            return None


def _note_of(text: str | None) -> dict[str, Any]:
    """Metadata as a mapping; nothing is stated by what is no JSON, as for legs and flows."""
    try:
        note = json.loads(text) if text else {}
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def _side(row: dict[str, Any], side: str) -> _Side | None:
    asset, quantity, price = (row[f"{side}_{name}"] for name in ("asset_id", "amount", "price"))
    if asset is None or not quantity:
        return None
    return _Side(asset, quantity, None if price is None else (quantity * price).quantize(CENT))


@dataclass(slots=True)
class Book:
    """All lots and debts of a portfolio; `enter` is the only thing that changes them."""

    registry: Registry
    matching: Matching
    leaving: Leaving
    repaying: Repaying
    gas: Fees
    held: dict[str, Inventory] = field(default_factory=dict)
    aside: dict[tuple[str, str], Inventory] = field(default_factory=dict)
    owed: dict[str, Inventory] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    income: list[dict[str, Any]] = field(default_factory=list)
    expenses: list[dict[str, Any]] = field(default_factory=list)
    debts: list[dict[str, Any]] = field(default_factory=list)

    def enter(self, event: Event) -> None:
        """One transaction: its gas, then what it moved."""
        self._pay_gas(event)
        given, got = event.given, event.got
        trades = given is not None and got is not None and self._trades(event, given, got)
        fee = event.gas_cost if event.gas and trades and self.gas == "in_gain" else None
        if event.repays or event.borrows or event.adds_interest:
            self._lend(event)
        elif event.external:
            self._cross(event)
        elif given is None or got is None:
            self._one_side(event)
        elif trades:
            self._trade(event, given, got, fee)
        else:
            self._move(event, given, got)
        if event.gas and fee is None:
            side = _Side(event.gas_asset or "", event.gas, event.gas_cost)
            self._note(self.expenses, event, side, "gas", event.gas_reason)

    def close(self, prices: dict[str, Decimal]) -> None:
        """State what is left and what is owed at the end."""
        waiting = {asset: book for (asset, _), book in self.aside.items()}
        for kind, books in (("open", self.held.items()), ("aside", waiting.items())):
            for asset, book in books:
                for lot in book.lots:
                    self._open(kind, asset, lot, prices.get(asset))
        for asset, book in self.owed.items():
            for lot in book.lots:
                price = prices.get(asset)
                worth = None if price is None else (lot.quantity * price).quantize(CENT)
                self.debts.append({
                    "asset_id": asset, "symbol": self.registry.symbol(asset), "borrowed": lot.time,
                    "quantity": lot.quantity, "value": lot.cost, "worth": worth,
                    "unrealised": None if worth is None or lot.cost is None else lot.cost - worth,
                    "reason": _NO_PRICE if worth is None else _NO_COST if lot.cost is None else None,
                })  # fmt: skip

    # What an event is

    def _trades(self, event: Event, given: _Side, got: _Side) -> bool:
        """Whether two sides are a purchase and a sale inside the portfolio, and not a move or a loan."""
        if event.external or event.repays or event.borrows:
            return False
        same = self._family(given.asset) == self._family(got.asset)
        if event.kind == "swap":
            return not (same and given.quantity == got.quantity)
        return event.kind == "claim" or (event.kind == "bridge" and not same)

    def _family(self, asset: str) -> str:
        """The coin an asset is, or is a receipt of, by the name it has now."""
        while (claim := self.registry.claims.get(asset)) is not None and claim.pool is None:
            asset = claim.legs[0]
        symbol = self.registry.symbol(asset).upper()
        return _RENAMED.get(symbol, symbol)

    # What it does

    def _trade(self, event: Event, given: _Side, got: _Side, fee: Decimal | None) -> None:
        money, coins = self.registry.pegged(given.asset), not self.registry.pegged(got.asset)
        main, spare = (given, got) if money and coins else (got, given)
        value = spare.value if main.value is None else main.value
        buys = money and coins
        self._part(event, "sale", given, given.quantity, value, fee=None if buys else fee)
        cost = value + fee if value is not None and fee is not None and buys else value
        self._hold(got.asset).add(Lot(event.time, got.quantity, cost, "purchase"))

    def _move(self, event: Event, given: _Side, got: _Side) -> None:
        """Lots that change their place, or the token that stands for them."""
        coin, own = self._family(got.asset), self._family(given.asset)
        out = event.kind in _OUT_OF and given.asset != got.asset
        parts, short = self._hold(given.asset).take(given.quantity, lambda lot: lot.source == coin)
        pieces = shared(got.quantity, [*(part.quantity for part in parts), *([short] if short else [])])
        worths = [None] * len(pieces) if got.value is None else shared(got.value, pieces)
        for part, piece, worth in zip(parts, pieces, worths, strict=False):
            if out and part.source == coin and part.put_in is not None:
                self._come_back(event, given.asset, got.asset, part, piece, worth)
            elif out and own != coin:
                self._row(event, "sale", given.asset, part, worth)
                self._hold(got.asset).add(Lot(event.time, piece, worth, "purchase"))
            elif event.kind in _INTO and given.asset != got.asset and not part.source:
                came = Lot(part.time, piece, part.cost, part.origin, own, part.quantity)
                self._hold(got.asset).add(came)
            else:
                self._hold(got.asset).add(replace(part, quantity=piece))
        if short:
            self._row(event, "move", given.asset, Lot(event.time, short, None), None, unmatched=True)
            self._hold(got.asset).add(Lot(event.time, pieces[-1], None, "unknown"))

    def _come_back(  # noqa: PLR0917 - two assets, and what left and came
        self, event: Event, share: str, asset: str, part: Lot, piece: Decimal, worth: Decimal | None
    ) -> None:
        """Coins that were put in keep date and cost; what came beyond them is gain, what is missing is loss."""
        put_in = part.put_in or piece
        kept = min(piece, put_in)
        cost = part.cost if piece >= put_in or part.cost is None else (part.cost * piece / put_in).quantize(CENT)
        self._hold(asset).add(Lot(part.time, kept, cost, part.origin))
        if piece > put_in:
            more = None if worth is None else shared(worth, [kept, piece - kept])[1]
            self._row(event, "exit", share, replace(part, cost=Decimal(0)), more)
            self._hold(asset).add(Lot(event.time, piece - kept, more, "income"))
        elif piece < put_in:
            lost = None if part.cost is None or cost is None else part.cost - cost
            self._row(event, "exit", share, replace(part, cost=lost), Decimal(0))

    def _cross(self, event: Event) -> None:
        """Over the edge, as the ruling on flows reads the sides."""
        given, got = event.given, event.got
        inward = {"deposit": got or given, "withdraw": None}.get(event.kind, got)
        outward = {"deposit": None, "withdraw": given or got}.get(event.kind, given)
        if outward:
            kind = "sale" if self.leaving == "sale" else "transfer"
            self._part(event, kind, outward, outward.quantity, outward.value)
        if inward:
            self._hold(inward.asset).add(Lot(event.time, inward.quantity, event.cost_of(inward), "deposit"))

    def _one_side(self, event: Event) -> None:
        """What came or left alone inside the portfolio: income, something spent, or coins that wait elsewhere."""
        given, got = event.given, event.got
        if got and event.kind == "claim":
            self._note(self.income, event, got, "rebase" if event.note.get("action") == "rebase" else "claim")
            self._hold(got.asset).add(Lot(event.time, got.quantity, got.value, "income"))
        elif given and event.kind in {"claim", "swap"}:
            self._part(event, "sale", given, given.quantity, given.value)
            self._note(self.expenses, event, given, event.kind)
        elif given or got:
            self._wait(event)

    def _lend(self, event: Event) -> None:
        """A loan taken, repaid, or grown by interest."""
        if event.repays:
            self._repay(event)
        elif event.borrows and event.got:
            self._owe(event, event.given or event.got)
            self._hold(event.got.asset).add(Lot(event.time, event.got.quantity, event.got.value, "loan"))
        else:
            self._owe(event, event.given)
            self._note(self.expenses, event, event.given, "interest")

    def _owe(self, event: Event, side: _Side | None) -> None:
        if side:
            self.owed.setdefault(side.asset, Inventory("fifo")).add(Lot(event.time, side.quantity, side.value, "loan"))

    def _repay(self, event: Event) -> None:
        given = event.given
        if given is None:
            return
        ended, beyond = self.owed.setdefault((event.got or given).asset, Inventory("fifo")).take(given.quantity)
        values = [one.cost for one in ended]
        value = None if None in values else sum((one for one in values if one is not None), Decimal(0))
        kind = "sale" if self.repaying == "sale" else "repayment"
        loans: Callable[[Lot], bool] = lambda lot: lot.origin == "loan"  # noqa: E731 - a test, given twice
        if ended:
            self._part(event, kind, given, given.quantity - beyond, value, first=loans)
        if beyond:
            self._part(event, "repayment", given, beyond, None, first=loans, reason=_OVERPAID)

    def _wait(self, event: Event) -> None:
        """One side inside the portfolio: coins wait under the protocol's name, or come back from there."""
        if event.given:
            parts, short = self._hold(event.given.asset).take(event.given.quantity)
            book = self._waiting(event.given.asset, event.protocol)
            for part in parts:
                book.add(part)
            if short:
                self._row(event, "move", event.given.asset, Lot(event.time, short, None), None, unmatched=True)
        if event.got:
            known = (event.got.asset, event.protocol) in self.aside
            parts, short = self._waiting(event.got.asset, event.protocol).take(event.got.quantity)
            for part in parts:
                self._hold(event.got.asset).add(part)
            if short and known:
                # What was put in is all back: the rest was earned there.
                more = (
                    None if event.got.value is None else shared(event.got.value, [event.got.quantity - short, short])[1]
                )
                self._note(self.income, event, _Side(event.got.asset, short, more), "exit")
                self._hold(event.got.asset).add(Lot(event.time, short, more, "income"))
            elif short:
                self._hold(event.got.asset).add(Lot(event.time, short, None, "unknown"))

    def _pay_gas(self, event: Event) -> None:
        if event.gas and event.gas_asset is not None:
            side = _Side(event.gas_asset, event.gas, event.gas_cost)
            self._part(event, "gas", side, event.gas, event.gas_cost)

    # How it is written down

    def _hold(self, asset: str) -> Inventory:
        return self.held.setdefault(asset, Inventory(self.matching))

    def _waiting(self, asset: str, protocol: str) -> Inventory:
        return self.aside.setdefault((asset, protocol), Inventory(self.matching))

    def _part(
        self, event: Event, kind: str, side: _Side, quantity: Decimal, value: Decimal | None, *,
        fee: Decimal | None = None, first: Callable[[Lot], bool] | None = None, reason: str = "",
    ) -> None:  # fmt: skip
        """Take a quantity out of the lots of an asset; a row for each part, and for what no lot was left for."""
        parts, short = self._hold(side.asset).take(quantity, first)
        parts = [*parts, *([Lot(event.time, short, None)] if short else [])]
        weights = [part.quantity for part in parts]
        values = [None] * len(parts) if value is None else shared(value, weights)
        fees = [Decimal(0)] * len(parts) if fee is None else shared(fee, weights)
        for place, (part, worth, paid) in enumerate(zip(parts, values, fees, strict=True)):
            beyond = bool(short) and place == len(parts) - 1
            self._row(event, kind, side.asset, part, worth, fee=paid, unmatched=beyond, reason=reason)

    def _row(
        self, event: Event, kind: str, asset: str, part: Lot, value: Decimal | None, *,
        fee: Decimal = Decimal(0), unmatched: bool = False, reason: str = "",
    ) -> None:  # fmt: skip
        taxed = kind in TAXED
        proceeds = value - fee if taxed and value is not None else None
        more = None if value is None or part.cost is None or unmatched else value - fee - part.cost
        if not reason and unmatched:
            reason = _NEVER_CAME
        if not reason and more is None:
            reason = _NO_COST if value is not None else _NO_PRICE
        if not reason and not taxed:
            reason = f"a {kind} is no sale"
        self.rows.append({
            "asset_id": asset, "symbol": self.registry.symbol(asset), "kind": kind,
            "origin": None if unmatched else part.origin, "acquired": None if unmatched else self._date(part),
            "disposed": event.time, "quantity": part.quantity, "cost": part.cost, "proceeds": proceeds, "fees": fee,
            "gain": more if taxed else None, "unrecognised": None if taxed else more, "unmatched": unmatched,
            "reason": reason or None, "transaction_hash": event.hash,
        })  # fmt: skip

    def _open(self, kind: str, asset: str, lot: Lot, price: Decimal | None) -> None:
        worth = None if price is None else (lot.quantity * price).quantize(CENT)
        known = worth is not None and lot.cost is not None
        self.rows.append({
            "asset_id": asset, "symbol": self.registry.symbol(asset), "kind": kind, "origin": lot.origin,
            "acquired": self._date(lot), "quantity": lot.quantity, "cost": lot.cost, "worth": worth,
            "unrealised": worth - lot.cost if worth is not None and lot.cost is not None else None,
            "unmatched": False, "reason": None if known else _NO_PRICE if worth is None else _NO_COST,
        })  # fmt: skip

    def _date(self, lot: Lot) -> datetime | None:
        """When a lot was acquired; lots at average cost have no date of their own."""
        return None if self.matching == "average" else lot.time

    def _note(
        self, where: list[dict[str, Any]], event: Event, side: _Side | None, kind: str, reason: str | None = None
    ) -> None:
        if side is not None:
            where.append({
                "timestamp": event.time, "asset_id": side.asset, "symbol": self.registry.symbol(side.asset),
                "kind": kind, "quantity": side.quantity, "value": side.value,
                "reason": (reason or _NO_PRICE) if side.value is None else None, "transaction_hash": event.hash,
            })  # fmt: skip


def _names() -> Iterator[tuple[str, str]]:
    """Each former name of a native coin with its last one."""
    for chain in {coin.chain for coin in NATIVE_COINS}:
        names = [coin.symbol for coin in NATIVE_COINS if coin.chain == chain]
        yield from ((name, names[-1]) for name in names[:-1])


_RENAMED = dict(_names())
