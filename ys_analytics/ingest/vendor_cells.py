"""Parse cells of a vendor's file by the number and time formats of its layout.

Depends on `numbers`, `times` and `layout`. Does not know what a row means.
"""

from typing import cast as typed

import polars as pl

from ys_analytics.ingest import numbers, times
from ys_analytics.ingest.parsed import Parsed, nulls, where_true
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable
from ys_analytics.schemas import MONEY, TIME

_DATES = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %I-%p"]
_EPOCH = r"^[0-9]{10,19}(\.[0-9]+)?$"


class Cells:
    """The cells of one file, read field by field; what cannot be read is noted with its line and column."""

    def __init__(self, table: RawTable, problems: Problems) -> None:
        """Read from `table`, note in `problems`."""
        self.table = table
        self.problems = problems
        self._read: dict[str, pl.Series] = {}

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self.table.rows.height

    def has_column(self, field: str) -> bool:
        """Whether the file has a column for a field."""
        return field in self.table.columns

    def text(self, field: str) -> pl.Series:
        """A field as text; null where it is empty or the file has no such column."""
        if not self.has_column(field):
            return pl.Series(field, [None], dtype=pl.String).new_from_index(0, self.height)
        return numbers.as_text(self.table.rows[field]).replace("", None)

    def note(self, field: str, wrong: pl.Series, text: str, *, quoted: bool = True) -> None:
        """Note rows in which a field is wrong."""
        if not wrong.any():
            return
        column = self.table.columns.get(field, "")
        if self.table.headless and column:
            column = f"column {self.table.layout.headless.index(column) + 1} ({column})"
        values = self.text(field) if quoted and self.has_column(field) else None
        self.problems.add(self.table.origin, wrong, text, values=values, column=column)

    def accept(self, field: str, parsed: Parsed, *, needed: bool, raw: pl.Series | None = None) -> pl.Series:
        """Note the problems and remarks of a parsed column; returns its values.

        Args:
            field: Its name.
            parsed: The result of parsing it.
            needed: Whether an empty cell is a problem.
            raw: The cells that were parsed; the file's when left out.
        """
        for wrong, reason in parsed.wrong:
            self.note(field, wrong, reason)
        for remark, count in parsed.remarks:
            self.problems.remark(f"of {field} {remark}" if count else f"{field} {remark}", count)
        if raw is None:
            raw = self.table.rows[field] if self.has_column(field) else nulls(parsed.values)
        if needed:
            self.note(field, raw.is_null(), "is empty", quoted=False)
        lost = raw.is_not_null() & parsed.values.is_null()
        for mask, _ in parsed.wrong:
            lost &= ~mask.fill_null(value=False)
        self.note(field, lost, "cannot be read")
        return parsed.values

    def decimals(
        self, field: str, *, exact: bool, needed: bool = True, dtype: pl.DataType = MONEY, keep: pl.Series | None = None
    ) -> pl.Series:
        """Numbers of a field; the layout's words for unknown become null.

        Args:
            field: Its name.
            exact: Whether more decimals than the type keeps are refused; else they are rounded and counted.
            needed: Whether an empty cell is a problem.
            dtype: A Decimal type.
            keep: Rows to read; the others are null and no problem.
        """
        if not self.has_column(field):
            return pl.Series(field, [None], dtype=dtype).new_from_index(0, self.height)
        if field not in self._read:
            self._read[field] = self._decimals(field, exact=exact, needed=needed, dtype=dtype, keep=keep)
        return self._read[field]

    def _decimals(
        self, field: str, *, exact: bool, needed: bool, dtype: pl.DataType, keep: pl.Series | None
    ) -> pl.Series:
        raw = self.table.rows[field]
        decimal_type = typed("pl.Decimal", dtype)
        if raw.dtype == pl.String:
            raw = self._without_marks(raw)
        if unknown_words := self.table.layout.unknown.get(field):
            absent = numbers.as_text(raw).is_in(list(unknown_words)).fill_null(value=False)
            raw = where_true(raw, ~absent)
            needed = False
        if keep is not None:
            raw = where_true(raw, keep)
            needed = False
        parsed = numbers.decimals(
            raw, precision=decimal_type.precision or 38, scale=decimal_type.scale, dtype=dtype, exact=exact
        )
        if self.table.layout.units.get(field) == "percent":
            fractions = numbers.per_cent(raw)
            parsed = numbers.decimals(
                fractions, precision=decimal_type.precision or 38, scale=decimal_type.scale, dtype=dtype, exact=exact
            )
        return self.accept(field, parsed, needed=needed, raw=raw)

    def _without_marks(self, raw: pl.Series) -> pl.Series:
        """Numbers without the currency signs and separators of thousands that the layout says they may have."""
        number_format = self.table.layout.number
        if not number_format:
            return raw
        marks = "".join(number_format.get("marks", ()))
        currency_sign = rf"(?:{'|'.join([f'[{marks}]', *number_format.get('words', ())])})?" if marks else ""
        grouped = r"\d{1,3}(?:,\d{3})+" if number_format.get("thousands") == "," else r"\d+"
        pattern = rf"^([+-]?){currency_sign}([+-]?)({grouped}|\d+)(\.\d+)?$"
        matches = raw.str.contains(pattern).fill_null(value=False)
        if not matches.any():
            return raw
        parts = raw.str.extract_groups(pattern)
        joined = (
            parts.struct.field("1").fill_null("")
            + parts.struct.field("2").fill_null("")
            + parts.struct.field("3").str.replace_all(",", "")
            + parts.struct.field("4").fill_null("")
        )
        return joined.zip_with(matches, raw).alias(raw.name)

    def times(self, field: str = "time", *, milliseconds: bool = True, exact: bool = False) -> pl.Series:
        """Moments of a field in UTC, as the layout says they are written."""
        if field not in self._read:
            self._read[field] = self._times(field, milliseconds=milliseconds, exact=exact)
        return self._read[field]

    def _times(self, field: str, *, milliseconds: bool, exact: bool) -> pl.Series:
        raw, time_format = self.table.rows[field], self.table.layout.time
        form = time_format.get("format", "iso")
        if isinstance(form, list) and time_format.get("epoch") and raw.str.contains(_EPOCH).all():
            form = "epoch"
        if isinstance(form, list):
            return self.accept(field, _by_patterns(raw, form), needed=True)
        naive = time_format.get("zone") == "UTC"
        if raw.dtype == pl.Date:
            raw = raw.cast(pl.Datetime("us"))
        if raw.dtype == pl.String:
            counts = raw.str.contains(_EPOCH).fill_null(value=False)
            if form == "epoch":
                self.note(field, raw.is_not_null() & ~counts, "is no count since 1970")
                self.note(field, raw.is_null(), "is empty", quoted=False)
                raw = where_true(raw, counts)
                if self.has_column(time_format.get("checked_by", "")):
                    raw = self._in_one_unit(field, raw)
            else:
                day = raw.str.contains(r"^\d{4}-\d{2}-\d{2}$").fill_null(value=False)
                raw = (raw + " 00:00:00").zip_with(day, raw) if time_format.get("days") else raw
        parsed = times.moments(raw, naive_is_utc=naive, milliseconds=milliseconds, exact=exact)
        if self.has_column(other := time_format.get("checked_by", "")):
            stated = _by_patterns(self.text(other), _DATES).values
            self.note(
                other, stated.is_not_null() & (stated != parsed.values), f"is another moment than the row's {field}"
            )
        return self.accept(field, parsed, needed=form != "epoch", raw=raw)

    def _in_one_unit(self, field: str, raw: pl.Series) -> pl.Series:
        """Counts in seconds and in milliseconds as one unit, where the date of each row says which it is.

        Two units of one file differ in their digits alone, and that is enough only where another column states
        the same moment.
        """
        seconds = raw.str.contains(r"^[0-9]{10}(\.0*)?$").fill_null(value=False)
        milli = raw.str.contains(r"^[0-9]{13}(\.0*)?$").fill_null(value=False)
        if not (seconds.any() and milli.any()) or self.text(self.table.layout.time["checked_by"]).null_count():
            return raw
        column = self.table.columns[field]
        self.problems.remark(f"of {column} are in seconds, the others in milliseconds", int(seconds.sum()))
        plain = raw.str.replace(r"\.0*$", "")
        return (plain + "000").zip_with(seconds, plain).zip_with(seconds | milli, raw)


def _by_patterns(raw: pl.Series, patterns: list[str]) -> Parsed:
    """Moments written in the first of several patterns that reads every one of them; naive ones are UTC."""
    text = numbers.as_text(raw)
    best: pl.Series | None = None
    for pattern in patterns:
        # Polars reads an hour only with a minute.
        hourly = ("%I" in pattern or "%H" in pattern) and "%M" not in pattern
        written, first_pattern = (text + " 00", f"{pattern} %M") if hourly else (text, pattern)
        parsed = written.str.to_datetime(first_pattern, time_unit="us", time_zone="UTC", strict=False, exact=True)
        if parsed.null_count() == text.null_count():
            return Parsed(parsed.cast(TIME))
        best = parsed if best is None or parsed.null_count() < best.null_count() else best
    values = (best if best is not None else nulls(text)).cast(TIME)
    first_pattern = patterns[0]
    return Parsed(values, [(text.is_not_null() & values.is_null(), f"is not a time like {first_pattern}")])
