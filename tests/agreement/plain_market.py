"""Exact money and prices in plain Python: the second implementation's arithmetic.

Shares no line with the package: Decimals, dicts and loops over rows as the tables hold them.
"""

from bisect import bisect_right
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any

Row = dict[str, Any]

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
_LAST_DIGIT = Decimal(1).scaleb(-18)


def money(amount: Decimal) -> Decimal:
    """An amount with eighteen decimals, a half to the even digit."""
    with localcontext(prec=90):
        return amount.quantize(_LAST_DIGIT, rounding=ROUND_HALF_EVEN)


def times(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    """A product of money, or None where one side is unknown."""
    if first is None or second is None:
        return None
    with localcontext(prec=90):
        return money(first * second)


def added(amounts: list[Decimal]) -> Decimal:
    """A sum without rounding."""
    with localcontext(prec=90):
        return sum(amounts, Decimal(0))


class Market:
    """Prices by asset, found by their time."""

    def __init__(self, quotes: list[Row]) -> None:
        """Sort the rows of `market_data`; of equal times the later row counts."""
        self._times: dict[str, list[datetime]] = {}
        self._prices: dict[str, list[Decimal]] = {}
        self._closes: dict[tuple[str, date], Decimal] = {}
        for row in sorted((row for row in quotes if row["price"] is not None), key=lambda row: row["timestamp"]):
            self._times.setdefault(row["asset_id"], []).append(row["timestamp"])
            self._prices.setdefault(row["asset_id"], []).append(row["price"])
            self._closes[row["asset_id"], row["timestamp"].date()] = row["price"]
        self._days: dict[str, list[tuple[date, Decimal]]] = {}
        for (asset, day), price in self._closes.items():
            self._days.setdefault(asset, []).append((day, price))

    def at(self, asset: str | None, moment: datetime, *, oldest: timedelta | None = DAY) -> Decimal | None:
        """The last price at or before a moment; None where it is older than allowed."""
        times_of = self._times.get(asset or "", [])
        place = bisect_right(times_of, moment) - 1
        if place < 0 or (oldest is not None and moment - times_of[place] > oldest):
            return None
        return self._prices[asset][place]

    def quoted(self, asset: str, moment: datetime) -> datetime | None:
        """When the last price at or before a moment was quoted."""
        place = bisect_right(self._times.get(asset, []), moment) - 1
        return None if place < 0 else self._times[asset][place]

    def close(self, asset: str | None, day: date) -> Decimal | None:
        """The last price of a day."""
        return self._closes.get((asset or "", day))

    def days(self, asset: str) -> list[tuple[date, Decimal]]:
        """Each day's last price, oldest first."""
        return self._days.get(asset, [])
