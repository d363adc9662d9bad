"""Lots in plain Python: which purchase a sale used up, event by event in the order given.

Cost is shared out exactly as the textbook says; a sale beyond what was ever bought is reported and earns nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, localcontext

from .plain_market import money


@dataclass
class Book:
    """What is left of purchases, and what sales brought."""

    lots: list[list[Decimal]] = field(default_factory=list)
    realised: Decimal = Decimal(0)
    unmatched: Decimal = Decimal(0)

    @property
    def quantity(self) -> Decimal:
        """What is left."""
        return sum((lot[0] for lot in self.lots), Decimal(0))

    @property
    def cost(self) -> Decimal:
        """What that cost."""
        return sum((lot[1] for lot in self.lots), Decimal(0))


def matched(trades: list[tuple[datetime, Decimal, Decimal, Decimal]], how: str) -> Book:
    """Match (time, signed quantity, price, fee) in order of time, those of one moment in the order given."""
    book = Book()
    with localcontext(prec=90):
        for _, quantity, price, fee in sorted(trades, key=lambda trade: trade[0]):
            if quantity > 0:
                bought = [quantity, quantity * price + fee]
                if how == "average" and book.lots:
                    book.lots[0] = [book.lots[0][0] + bought[0], book.lots[0][1] + bought[1]]
                else:
                    book.lots.append(bought)
                continue
            left, cost = -quantity, Decimal(0)
            while left > 0 and book.lots:
                lot = _chosen(book.lots, how)
                used = min(left, lot[0])
                part = lot[1] if used == lot[0] else money(lot[1] * used / lot[0])
                lot[0], lot[1], left, cost = lot[0] - used, lot[1] - part, left - used, cost + part
                book.lots = [one for one in book.lots if one[0] > 0]
            sold = -quantity - left
            book.unmatched += left
            if sold:
                book.realised += sold * price - fee - cost
    return book


def _chosen(lots: list[list[Decimal]], how: str) -> list[Decimal]:
    match how:
        case "lifo":
            return lots[-1]
        case "hifo":
            dearest = max(lot[1] / lot[0] for lot in lots)
            return next(lot for lot in lots if lot[1] / lot[0] == dearest)
    return lots[0]
