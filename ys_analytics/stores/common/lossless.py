"""Values that a store would change on their way in, refused before they are sent: a server rounds and says nothing.

Does not know any store: what a column keeps of each value is the store's to say.
"""

import polars as pl

from ys_analytics.errors import ContractError

# Decimal places of a second that a moment of ours has.
MICROSECONDS = 6
_MAX_CHARACTERS = 60


def refuse_change(values: pl.Series, stored: pl.Series, *, column: str, native: str) -> None:
    """Refuse values that differ from what would be there of them.

    Args:
        values: What is to be written; null is no value.
        stored: What the column keeps of each; null for what it cannot.
        column: Its name.
        native: Its type, as the store calls it.

    Raises:
        ContractError: naming the column and the first value that would change.

    >>> refuse_change(pl.Series([1.5, None, 2.25]), pl.Series([1.5, None, 2.2]), column="fee", native="numeric(9,1)")
    Traceback (most recent call last):
    ...
    ys_analytics.errors.ContractError: column fee: 2.25 would change in numeric(9,1); round or correct it before it is \
written
    """
    changed = values.filter(values.is_not_null() & ~(values == stored).fill_null(value=False))
    if changed.len():
        first_changed = repr(changed[0]) if isinstance(changed[0], str) else str(changed[0])
        raise ContractError(
            f"column {column}: {first_changed:.{_MAX_CHARACTERS}} would change in {native}; "
            "round or correct it before it is written"
        )


def to_places(values: pl.Series, places: int) -> pl.Series:
    """Moments as a column keeps them that has so many decimal places of a second.

    >>> from datetime import datetime
    >>> to_places(pl.Series([datetime(2026, 11, 16, 12, 0, 0, 123_456)]), 3)[0].microsecond
    123000
    """
    return values if places >= MICROSECONDS else values.dt.truncate(f"{10 ** (MICROSECONDS - places)}us")
