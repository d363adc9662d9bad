"""When two answers are the same: money to the last digit, floats to 1e-9 of their size, refusals with refusals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

# What floats may differ by: of their own size, of the size of what they were made from, and of nothing.
RELATIVE, ROUNDING, NOTHING = 1e-9, 1e-13, 1e-12


class Sized(float):
    """A float made from larger numbers, so that some of its digits are theirs."""

    size: float

    def __new__(cls, value: float, size: float) -> Self:
        """A value, and how large what it was made from is."""
        made = super().__new__(cls, value)
        made.size = abs(size)
        return made


def close(one: float, other: float) -> bool:
    """Whether two floats agree; `other` may be `Sized`."""
    size = other.size if isinstance(other, Sized) else 0.0
    return abs(one - other) <= max(RELATIVE * max(abs(one), abs(other)), ROUNDING * size, NOTHING)


def same(one: Any, other: Any) -> bool:
    """Whether an answer is the other implementation's; JSON holds decimals and times as text."""
    if one is None or other is None:
        return one is other
    if isinstance(other, Decimal) and isinstance(one, str | Decimal):
        return Decimal(one) == other
    if isinstance(other, datetime | date) and isinstance(one, str):
        return one == other.isoformat()
    if isinstance(one, float) or isinstance(other, float):
        return close(float(one), other if isinstance(other, float) else float(other))
    return bool(one == other)
