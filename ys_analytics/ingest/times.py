"""Read times of files: with a zone, as a count since 1970, or without a zone where that means UTC.

Depends on `numbers`. Does not know tables or stores, and guesses neither the order of day and month nor a zone.

A count since 1970 is UTC by definition. Its unit follows from its size: 10 digits are seconds, 13 milliseconds,
16 microseconds, 19 nanoseconds (2001 to 2286); another size is no time. A file has one unit, that of its first
time; a row in another unit, or written out where the first is a count, is a fault of its line.
"""

import polars as pl

from ys_analytics.ingest import numbers
from ys_analytics.ingest.parsed import Parsed, nulls, where_true
from ys_analytics.schemas import TIME

_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
_ZONE = r"\s?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$"
_UTC = r"\s?(Z|UTC|[+-]00(:?00)?)$"
_COUNT = r"^[0-9]{10,19}(\.[0-9]+)?$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_SLASHED = r"^[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{2}|[0-9]{4})([ T,]|$)"
_UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "UCT", "GMT", "Etc/GMT", "Etc/Zulu", "Zulu", "+00:00"})

# Digits of a count since 1970: its unit, and how many of its decimals make a microsecond.
_UNITS = {10: ("seconds", 6), 13: ("milliseconds", 3), 16: ("microseconds", 0), 19: ("nanoseconds", -3)}

# The years that ClickHouse's DateTime64 can hold.
_FIRST, _LAST = 1900, 2299


def moments(raw: pl.Series, *, naive_is_utc: bool, milliseconds: bool, exact: bool) -> Parsed:
    """Parse a column into UTC times, to the microsecond, or to the millisecond where the store keeps no more.

    Args:
        raw: Text, whole numbers, or a time of any unit.
        naive_is_utc: Whether a time without a zone is UTC; else it is a fault.
        milliseconds: Whether the store keeps milliseconds (and the years 1900 to 2299).
        exact: Whether a finer time is a fault; else it is cut, never rounded up: 23:59:59.999999 stays in its day.

    >>> read = moments(pl.Series(["1735689599999"]), naive_is_utc=False, milliseconds=True, exact=True)
    >>> read.values.dt.to_string("iso").to_list(), read.remarks
    (['2024-12-31 23:59:59.999000+00:00'], [('read as milliseconds since 1970', 0)])
    """
    if (all_counts := _all_counts(raw)) is not None:
        parsed, is_finer = all_counts
        if is_finer is None:
            return parsed
    elif raw.dtype == pl.String:
        parsed, is_finer = _from_text(raw, naive_is_utc=naive_is_utc)
    elif isinstance(raw.dtype, pl.Datetime):
        parsed, is_finer = _from_datetimes(raw, naive_is_utc=naive_is_utc)
    elif raw.dtype.is_integer() or raw.dtype.is_float():
        parsed, is_finer = _from_text(numbers.written_out(numbers.as_text(raw)), naive_is_utc=naive_is_utc)
    else:
        absent = pl.Series(raw.name, [None], dtype=TIME).new_from_index(0, raw.len())
        return Parsed(absent, [(raw.is_not_null(), f"is {raw.dtype}, not a time")])
    if milliseconds:
        is_finer = is_finer | (parsed.values.dt.microsecond() % 1_000 != 0)
        parsed.values = parsed.values.dt.truncate("1ms")
        years = parsed.values.dt.year()
        parsed.wrong.append(((years < _FIRST) | (years > _LAST), f"is outside the years {_FIRST} to {_LAST}"))
    precision = "millisecond" if milliseconds else "microsecond"
    if exact:
        parsed.wrong.append((is_finer, f"is finer than a {precision}"))
    elif cut := int(is_finer.sum()):
        parsed.remarks.append((f"cut to the {precision}", cut))
    return parsed


def _all_counts(raw: pl.Series) -> tuple[Parsed, pl.Series | None] | None:
    """Times that are whole seconds, milliseconds or microseconds since 1970, all in one unit; None for others.

    The second is whether each is finer than a microsecond; None where none is finer than a millisecond or outside the
    years that a store holds: counts of that many digits are of 2001 to 2286.
    """
    if raw.dtype == pl.Int64 and raw.len() and not raw.null_count():
        return _all_whole_numbers(raw)
    if raw.dtype != pl.String or raw.null_count() or not raw.len():
        return None
    digits = len(str(raw[0]))
    if digits not in _UNITS or digits > 16 or not raw.str.contains(rf"^[0-9]{{{digits}}}$").all():  # noqa: PLR2004
        return None
    return _counted(raw.cast(pl.Int64), digits)


def _counted(counts: pl.Series, digits: int) -> tuple[Parsed, pl.Series | None]:
    unit, places = _UNITS[digits]
    values = (counts * 10**places).cast(TIME)
    finer = pl.repeat(False, counts.len(), eager=True) if places < 3 else None  # noqa: FBT003, PLR2004 - a column of no
    return Parsed(values, [], [(f"read as {unit} since 1970", 0)]), finer


def _all_whole_numbers(raw: pl.Series) -> tuple[Parsed, pl.Series | None] | None:
    """`_all_counts` of a column of whole numbers."""
    lowest, highest = str(raw.min()), str(raw.max())
    if len(lowest) != len(highest) or len(highest) not in _UNITS or len(highest) > 16:  # noqa: PLR2004 - microseconds
        return None
    return _counted(raw, len(highest))


def _from_text(raw: pl.Series, *, naive_is_utc: bool) -> tuple[Parsed, pl.Series]:
    text = raw.str.strip_chars()
    is_count = text.str.contains(_COUNT).fill_null(value=False)
    parsed, finer = _from_dates(where_true(text, ~is_count), naive_is_utc=naive_is_utc)
    if not is_count.any():
        return parsed, finer
    counts, counts_finer = _from_counts(where_true(text, is_count))
    values = counts.values.zip_with(counts.values.is_not_null(), parsed.values)
    wrong, remarks = parsed.wrong + counts.wrong, counts.remarks
    first = int(values.is_not_null().arg_true().head(1).item()) if values.count() else None
    if first is not None:
        other_form = values.is_not_null() & (is_count != is_count[first])
        wrong.append((other_form, "is written another way than the first time of the file"))
    return Parsed(values, wrong, remarks), finer | counts_finer


def _from_dates(text: pl.Series, *, naive_is_utc: bool) -> tuple[Parsed, pl.Series]:
    """Times as date and hour; and which of them are finer than a microsecond."""
    has_zone = text.str.contains(_MOMENT + _ZONE)
    is_utc = text.str.contains(_MOMENT + _UTC)
    is_naive = text.str.contains(_MOMENT + "$")
    is_readable = (is_utc | is_naive) if naive_is_utc else is_utc
    bodies = (
        where_true(text, is_readable).str.extract(r"^([0-9-]{10}[T ][0-9:]{8}(\.[0-9]{1,6})?)", 1).str.replace("T", " ")
    )
    values = bodies.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone="UTC", strict=False)
    is_finer = where_true(text, is_readable).str.contains(r"\.[0-9]{6}[0-9]*[1-9]").fill_null(value=False)
    no_time = text.is_not_null() & ~has_zone & ~is_naive
    is_day, is_slashed = (
        text.str.contains(_DAY).fill_null(value=False),
        text.str.contains(_SLASHED).fill_null(value=False),
    )
    wrong = [
        (no_time & ~is_day & ~is_slashed, "is not a time like 2026-11-22T00:00:00Z"),
        (is_day, "is not a time like 2026-11-22T00:00:00Z: which moment of the day does it mean?"),
        (is_slashed, "is not a time like 2026-11-22T00:00:00Z: day and month may be either way round"),
        (has_zone & ~is_utc, "is not in UTC"),
        (is_readable & values.is_null(), "is no moment of the calendar"),
    ]
    if not naive_is_utc:
        wrong.append((is_naive, "has no zone; write UTC, like 2026-11-22T00:00:00Z"))
    return Parsed(values.cast(TIME), wrong), is_finer


def _from_counts(text: pl.Series) -> tuple[Parsed, pl.Series]:
    """Counts since 1970, all in the unit of the first; and which of them are finer than a microsecond."""
    digit_counts = text.str.extract(r"^([0-9]+)", 1).str.len_chars()
    has_unit = digit_counts.is_in(list(_UNITS)).fill_null(value=False)
    wrong = [(text.is_not_null() & ~has_unit, "is not a time like 2026-11-22T00:00:00Z")]
    if not has_unit.any():
        return Parsed(nulls(text).cast(TIME), wrong), nulls(text).cast(pl.Boolean).fill_null(value=False)
    digits = int(digit_counts.filter(has_unit).head(1).item())
    unit, places = _UNITS[digits]
    first_unit = has_unit & (digit_counts == digits)
    wrong += [
        (has_unit & (digit_counts == other), f"is in {name} since 1970 where the file's first time is in {unit}")
        for other, (name, _) in _UNITS.items()
        if other != digits
    ]
    before = where_true(text, first_unit).str.extract("^([0-9]+)", 1)
    after = where_true(text, first_unit).str.extract(r"\.([0-9]*)$", 1).fill_null("")
    # Microseconds as text: the count, with the point moved to the right by `places`.
    if places >= 0:
        micros, beyond_micros = before + after.str.pad_end(places, "0").str.slice(0, places), after.str.slice(places)
    else:
        micros, beyond_micros = before.str.head(places), before.str.tail(-places) + after
    is_finer = beyond_micros.str.contains("[1-9]").fill_null(value=False)
    return Parsed(micros.cast(pl.Int64).cast(TIME), wrong, [(f"read as {unit} since 1970", 0)]), is_finer


def _from_datetimes(raw: pl.Series, *, naive_is_utc: bool) -> tuple[Parsed, pl.Series]:
    is_given = raw.is_not_null()
    absent = pl.Series(raw.name, [None], dtype=TIME).new_from_index(0, raw.len())
    assert isinstance(raw.dtype, pl.Datetime)  # noqa: S101 - only times come here
    zone = raw.dtype.time_zone
    nowhere = is_given & False
    if zone is None and not naive_is_utc:
        return Parsed(absent, [(is_given, "has no zone; write UTC")]), nowhere
    if zone is not None and zone not in _UTC_NAMES:
        return Parsed(absent, [(is_given, f"is in {zone}, not UTC")]), nowhere
    is_finer = raw.dt.nanosecond() % 1_000 != 0
    values = (raw.dt.convert_time_zone("UTC") if zone else raw.dt.replace_time_zone("UTC")).dt.truncate("1us")
    return Parsed(values.cast(TIME), []), is_finer
