"""Values as text: digits, signs, units and dates, the same in every table and chart.

Depends on nothing. Does not know where a value came from. Rates are fractions and print as per cent; a minus is a
minus sign, not a hyphen; null is a dash.
"""

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

MINUS, DASH, HARD_SPACE = "\N{MINUS SIGN}", "\N{EM DASH}", "\N{NO-BREAK SPACE}"

Value = Decimal | float | int | str | bool | date | datetime | None

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: Decimal | float, places: int, *, sign: bool = False) -> str:
    """A number with thousands commas, a true minus and a fixed number of decimals.

    >>> number(-1234.5, 2)
    '−1,234.50'
    >>> number(0.004, 2, sign=True)
    '0.00'
    """  # noqa: RUF002 - a minus is a minus sign
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    # Context-free: thirty-eight digits do not fit the default context's twenty-eight.
    rounded = Decimal(f"{exact:.{places}f}") if exact.adjusted() > 20 else _rounded(exact, places)  # noqa: PLR2004
    text = f"{abs(rounded):,.{places}f}"
    if rounded == 0:
        return text
    return (MINUS if rounded < 0 else "+" if sign else "") + text


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)


def day(value: date) -> str:
    """A day, without padding.

    >>> day(date(2026, 11, 2)).replace(HARD_SPACE, " ")
    '2 Nov 2026'
    """
    return f"{value.day}{HARD_SPACE}{MONTHS[value.month - 1]}{HARD_SPACE}{value.year}"


def moment(value: datetime) -> str:
    """A time to the minute; always UTC.

    >>> moment(datetime(2026, 11, 2, 7, 5)).replace(HARD_SPACE, " ")
    '2 Nov 2026 07:05'
    """
    return f"{day(value)}{HARD_SPACE}{value:%H:%M}"


def days_between(start: date, end: date) -> str:
    """A range of days; the month and year they share stand once.

    >>> days_between(date(2026, 11, 16), date(2026, 11, 22)).replace(HARD_SPACE, " ")
    '16–22 Nov 2026'
    >>> days_between(date(2026, 10, 26), date(2026, 11, 1)).replace(HARD_SPACE, " ")
    '26 Oct – 1 Nov 2026'
    """  # noqa: RUF002 - a dash is a dash
    dash = "\N{EN DASH}"
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}{dash}{day(end)}"
    if start.year == end.year:
        return f"{start.day}{HARD_SPACE}{MONTHS[start.month - 1]} {dash} {day(end)}"
    return f"{day(start)} {dash} {day(end)}"


def count(value: int, singular: str, plural: str = "") -> str:
    """A count with its noun.

    >>> count(1, "alert"), count(3, "alert")
    ('1 alert', '3 alerts')
    """
    return f"{value:,} {singular if value == 1 else plural or singular + 's'}"


def name(value: str) -> str:
    """A stored name as text for people.

    >>> name("yield_farm")
    'Yield farm'
    """
    words = value.replace("_", " ").strip()
    return {"lp token": "LP token", "rwa token": "RWA token"}.get(words.lower(), words[:1].upper() + words[1:])


def short(value: str, *, max_length: int = 40) -> str:
    """The text, or its beginning and an ellipsis."""
    return value if len(value) <= max_length else value[: max_length - 1].rstrip() + "…"


def _per_cent(places: int, *, sign: bool = False) -> Callable[[Decimal | float], str]:
    # Shifting the decimal point of an exact value, so that 0.285 does not become 28.4 %.
    return lambda value: number(_decimal(value).scaleb(2), places, sign=sign) + HARD_SPACE + "%"


def _decimal(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def price(value: Decimal | float) -> str:
    """A price with about five digits that matter, of any size.

    >>> price(64250.1), price(1.00031), price(0.000012345)
    ('64,250.10', '1.0003', '0.000012345')
    """
    size = abs(float(value))
    if size >= 1000 or size == 0:  # noqa: PLR2004
        places = 2
    else:
        places = max(2, 4 - math.floor(math.log10(size))) if size < 1 else 4 - min(2, math.floor(math.log10(size)))
    return number(value, min(places, 18))


def quantity(value: Decimal | float) -> str:
    """A quantity of tokens: four decimals, more for a speck, fewer for a heap."""
    size = abs(float(value))
    if size == 0 or size >= 10_000:  # noqa: PLR2004
        return number(value, 2)
    return number(value, 4 if size >= 0.01 else min(18, 3 - math.floor(math.log10(size))))  # noqa: PLR2004


# The function that formats each unit. A unit that is not here is text.
_FORMATTERS: dict[str, Callable[..., str]] = {
    "USD": lambda value: number(value, 2),
    "USD signed": lambda value: number(value, 2, sign=True),
    "USD whole": lambda value: number(value, 0),
    "USD whole signed": lambda value: number(value, 0, sign=True),
    "price": price,
    "asset units": quantity,
    "quantity": quantity,
    "decimal": lambda value: number(value, 1),
    "fraction": _per_cent(2, sign=True),
    "fraction per year": _per_cent(2, sign=True),
    "rate": _per_cent(2),
    "share": _per_cent(1),
    "ratio": lambda value: number(value, 2),
    "score": lambda value: number(value, 2),
    "score signed": lambda value: number(value, 2, sign=True),
    "days": lambda value: number(value, 0),
    "periods": lambda value: number(value, 0),
    "count": lambda value: number(value, 0),
    "hours": lambda value: number(value, 1),
    "seconds": lambda value: number(value, 0),
    "date": day,
    "UTC": moment,
}

# The label of a unit in a table's head; units that a cell shows itself are left out.
_UNIT_LABELS = dict.fromkeys(("USD", "USD signed", "USD whole", "USD whole signed", "price"), "USD") | {
    "days": "days",
    "hours": "hours",
    "seconds": "s",
}

NUMERIC = frozenset(_FORMATTERS) - {"date", "UTC"}


def unit_label(unit: str) -> str:
    """The unit as a reader sees it; empty for labels, dates and counts."""
    return _UNIT_LABELS.get(unit, "")


def text(value: Value, unit: str) -> str:
    """A value in its unit; a dash for null, NaN and infinity.

    >>> text(-0.0123, "fraction").replace(HARD_SPACE, " ")
    '−1.23 %'
    >>> text(None, "USD")
    '—'
    """  # noqa: RUF002 - a minus is a minus sign
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    formatter = _FORMATTERS.get(unit)
    return str(value) if formatter is None or isinstance(value, str) else formatter(value)


def join_words(parts: Iterable[str]) -> str:
    """Words in a row: a, b and c.

    >>> join_words(["a", "b", "c"])
    'a, b and c'
    """
    *rest, last = [part for part in parts if part] or [""]
    return f"{', '.join(rest)} and {last}" if rest else last
