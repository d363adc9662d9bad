"""Lots of one asset: what was bought when and for how much, and which of it was sold.

Plain arithmetic on Decimals, one event after another, in the order given. Knows no store, clock, price or asset.
"""

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Literal

Matching = Literal["fifo", "lifo", "hifo", "average"]

# Decimal(38, 18): a quotient is cut here, and what was cut stays in the remaining lots.
AMOUNT_STEP = Decimal(1).scaleb(-18)
DIGITS = 76
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Trade:
    """Something bought (positive quantity) or sold (negative).

    Attributes:
        time: When, UTC.
        quantity: How much.
        price: Of one, in USD, positive.
        fee: Paid on top, in USD: part of a purchase's cost, taken off a sale's proceeds.
    """

    time: datetime
    quantity: Decimal
    price: Decimal
    fee: Decimal = Decimal(0)


@dataclass(slots=True)
class Lot:
    """What is left of a purchase.

    Attributes:
        time: When it was bought.
        quantity: How much is left.
        cost: What that cost in all, fees included, in USD; None where it is not known.
        origin: How it came: purchase, deposit, income, loan, or another word of the caller's.
        source: The coin it was made from, where it stands for coins put into a position; else empty.
        acquired_cost: How much of that coin was put in; None where it was not made from any.
    """

    time: datetime
    quantity: Decimal
    cost: Decimal | None
    origin: str = "purchase"
    source: str = ""
    acquired_cost: Decimal | None = None


@dataclass(slots=True)
class Inventory:
    """The lots of one asset; `add` and `take` are the only things that change them.

    Attributes:
        matching: Which lot goes first: the oldest (fifo), the latest (lifo), the dearest of one unit (hifo; of equal
            ones the oldest, a lot of unknown cost last), or all at their average cost, in one lot that keeps the time
            of the first.
        lots: What is left, by the time it was bought.
    """

    matching: Matching
    lots: list[Lot] = field(default_factory=list)

    def add(self, lot: Lot) -> None:
        """Put in a lot; under average cost it joins the one made from the same coin."""
        if self.matching == "average":
            for existing in self.lots:
                if existing.source == lot.source:
                    existing.quantity += lot.quantity
                    existing.cost = None if existing.cost is None or lot.cost is None else existing.cost + lot.cost
                    existing.acquired_cost = (
                        None
                        if existing.acquired_cost is None or lot.acquired_cost is None
                        else existing.acquired_cost + lot.acquired_cost
                    )
                    existing.origin = existing.origin if existing.origin == lot.origin else "several"
                    return
        # A lot that was elsewhere for a while comes back to its place; of one moment, in the order they came.
        insort(self.lots, lot, key=lambda existing: existing.time)

    def take(self, quantity: Decimal, preferred: Callable[[Lot], bool] | None = None) -> tuple[list[Lot], Decimal]:
        """Take a quantity out, lot by lot.

        Args:
            quantity: How much, positive.
            preferred: Lots for which it is true go before all others.

        Returns:
            The parts taken, each with its share of its lot's cost, and what no lot was left for.
        """
        parts: list[Lot] = []
        while quantity > 0 and self.lots:
            lot = self._next(
                [existing for existing in self.lots if preferred(existing)] if preferred else []
            ) or self._next(self.lots)
            if lot is None:
                break
            if lot.quantity <= quantity:
                # By identity: two lots may be equal.
                del self.lots[next(place for place, other in enumerate(self.lots) if other is lot)]
                part = lot
            else:
                cost, acquired_cost = (
                    None if whole is None else (whole * quantity / lot.quantity).quantize(AMOUNT_STEP)
                    for whole in (lot.cost, lot.acquired_cost)
                )  # fmt: skip
                part = Lot(lot.time, quantity, cost, lot.origin, lot.source, acquired_cost)
                lot.quantity -= quantity
                lot.cost = None if lot.cost is None or cost is None else lot.cost - cost
                lot.acquired_cost = (
                    None if lot.acquired_cost is None or acquired_cost is None else lot.acquired_cost - acquired_cost
                )
            parts.append(part)
            quantity -= part.quantity
        return parts, quantity

    def _next(self, lots: Sequence[Lot]) -> Lot | None:
        if not lots:
            return None
        if self.matching == "lifo":
            return lots[-1]
        if self.matching == "hifo":
            return max(lots, key=lambda lot: -1 if lot.cost is None else lot.cost / lot.quantity)
        return lots[0]


def shared(whole: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split an amount by weights, to 18 decimals; the last part takes what rounding leaves, so that they add up.

    >>> [str(part.normalize()) for part in shared(Decimal(10), [Decimal(1), Decimal(3)])]
    ['2.5', '7.5']
    """
    with localcontext(prec=DIGITS):
        total = sum(weights, _NOTHING)
        parts = [(whole * weight / total).quantize(AMOUNT_STEP) for weight in weights[:-1]]
        return [*parts, whole - sum(parts, _NOTHING)]


@dataclass(frozen=True, slots=True)
class Gains:
    """What trades brought, exactly.

    Attributes:
        realised: Proceeds less fees and cost of everything sold that had been bought, in USD.
        unrealised: Worth less cost of everything left, in USD; None without a price.
        quantity: What is left.
        cost: What that cost, in USD.
        unmatched: Sold beyond what had ever been bought; no part of it is in `realised`.
        unmatched_proceeds: What that brought, its share of the fee taken off, in USD: whether it is profit is unknown.
        lots: What is left, lot by lot, in the order it was bought.
    """

    realised: Decimal
    unrealised: Decimal | None
    quantity: Decimal
    cost: Decimal
    unmatched: Decimal
    unmatched_proceeds: Decimal
    lots: tuple[Lot, ...]


def match_lots(trades: Iterable[Trade], *, matching: Matching = "fifo", price: Decimal | None = None) -> Gains:
    """Match sales to purchases of one asset, and value what is left.

    Args:
        trades: By time, or in any order; trades of one moment happened in the order given, so that a sale never
            takes what was bought after it.
        matching: The oldest lot first, the latest, the dearest, or all at their average cost.
        price: Of one now, in USD.

    Returns:
        `Gains`, in which realised + unmatched_proceeds + unrealised = proceeds - purchases - fees + worth, to the
        last decimal. A sale's fee is shared between what was matched and what was not by quantity.

    Raises:
        ValueError: a price is negative, or a price or quantity is not a number.

    >>> from datetime import UTC
    >>> day = lambda n: datetime(2025, 1, n, tzinfo=UTC)
    >>> bought = [Trade(day(1), Decimal(1), Decimal(100)), Trade(day(2), Decimal(1), Decimal(200))]
    >>> sold = Trade(day(3), Decimal(-1), Decimal(250))
    >>> [str(match_lots([*bought, sold], matching=how).realised) for how in ("fifo", "lifo", "average")]
    ['150', '50', '100.000000000000000000']
    """
    book = Inventory(matching)
    realised = unmatched = uncovered = _NOTHING
    with localcontext(prec=DIGITS):
        for trade in sorted(trades, key=lambda trade: trade.time):
            if not (trade.price.is_finite() and trade.price >= 0 and trade.quantity.is_finite()):
                raise ValueError(
                    f"a trade at {trade.time:%Y-%m-%d %H:%M} has price {trade.price}; it must be a number >= 0"
                )
            if trade.quantity > 0:
                book.add(Lot(trade.time, trade.quantity, trade.quantity * trade.price + trade.fee))
            elif trade.quantity < 0:
                parts, short = book.take(-trade.quantity)
                proceeds = -trade.quantity * trade.price - trade.fee
                shortfall = _NOTHING if not short else shared(proceeds, [short, -trade.quantity - short])[0]
                if short == -trade.quantity:
                    shortfall = proceeds
                realised += proceeds - shortfall - _sum(part.cost for part in parts)
                unmatched += short
                uncovered += shortfall
        quantity = _sum(lot.quantity for lot in book.lots)
        cost = _sum(lot.cost for lot in book.lots)
        unrealised = None if price is None else quantity * price - cost
    return Gains(realised, unrealised, quantity, cost, unmatched, uncovered, tuple(book.lots))


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), _NOTHING)
