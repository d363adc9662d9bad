"""How old the last row of a table is, in words."""

from collections.abc import Iterable
from datetime import datetime, timedelta


def ago(last: datetime, as_of: datetime) -> str:
    """How long before `as_of` something was, in its largest unit.

    >>> from datetime import UTC
    >>> ago(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, 5, tzinfo=UTC))
    '2 days ago'
    """
    age = as_of - last
    if age < timedelta():
        return "ahead of the clock"
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        count = age // length
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def latest(ends: Iterable[tuple[str, datetime | None]], as_of: datetime) -> str:
    """The last row of each table and its age, in one line."""
    return "; ".join(
        f"{name}: {'empty' if last is None else f'{last:%Y-%m-%d %H:%M} ({ago(last, as_of)})'}" for name, last in ends
    )
