"""Spans of time and ISO weeks.

Knows ISO weeks and UTC; reads no clock.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Self

from ys_analytics.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A quarter of a year in whole weeks: the period that pages call recent.
QUARTER = timedelta(weeks=13)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of time, `start` inclusive to `end` exclusive, in UTC.

    >>> Span.week("2026-W47")
    Span(2026-11-16T00:00+00:00 to 2026-11-23T00:00+00:00)
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse naive times and spans that run backwards."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise UsageError(f"{self.start} to {self.end}: a span needs times with a zone")
        if self.end < self.start:
            raise UsageError(f"{self.start} to {self.end}: a span cannot end before it starts")

    def __repr__(self) -> str:
        """Both ends, to the minute."""
        return f"Span({self.start.isoformat(timespec='minutes')} to {self.end.isoformat(timespec='minutes')})"

    @classmethod
    def week(cls, week: str) -> Self:
        """The ISO week written `2026-W47`: Monday 00:00 to Monday 00:00.

        Raises:
            UsageError: it is not an ISO week, or that year has no such week.
        """
        match_ = re.fullmatch(r"(\d{4})-W(\d{2})", week)
        if match_ is None:
            raise UsageError(f"week {week!r}: write an ISO week like 2026-W47")
        try:
            monday = date.fromisocalendar(int(match_[1]), int(match_[2]), 1)
            start = datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
            return cls(start, start + timedelta(days=7))
        except (ValueError, OverflowError) as error:  # the last week of 9999 ends in no year
            raise UsageError(f"week {week!r}: {error}") from None

    @classmethod
    def until(cls, end: datetime) -> Self:
        """Everything before `end`."""
        return cls(_EPOCH, end)

    @classmethod
    def of_week_or_until(cls, *, week: str = "", until: str = "") -> Self | None:
        """The span that two words mean everywhere: `week` is that ISO week itself, `until` all before its end.

        Raises:
            UsageError: both were written, or one is not an ISO week.

        >>> Span.of_week_or_until(until="2026-W47")
        Span(1970-01-01T00:00+00:00 to 2026-11-23T00:00+00:00)
        """
        if week and until:
            raise UsageError(f"week {week} and until {until}: a week itself or all before its end; choose one")
        if until:
            return cls.until(cls.week(until).end)
        return cls.week(week) if week else None

    def contains(self, column: str, *, days: bool = False) -> "pl.Expr":
        """Whether a column of times, or of days, lies in the span."""
        import polars as pl

        start, end = (self.start.date(), self.end.date()) if days else (self.start, self.end)
        return pl.col(column).is_between(pl.lit(start), pl.lit(end), closed="left")

    @property
    def last_day(self) -> date:
        """The last calendar day inside the span."""
        return (self.end - timedelta(microseconds=1)).date()


class Week(str):
    """An ISO week by its name, such as `2026-W47`, and the days it has; made where a name comes in, and handed on.

    >>> week = Week("2026-W47")
    >>> week.monday, week.before, week.span.last_day
    (datetime.date(2026, 11, 16), '2026-W46', datetime.date(2026, 11, 22))

    Attributes:
        span: Monday 00:00 to Monday 00:00, UTC.
    """

    __slots__ = ("span",)
    span: Span

    def __new__(cls, name: str) -> Self:
        """The week of that name.

        Raises:
            UsageError: it is not an ISO week, or that year has no such week.
        """
        if isinstance(name, cls):
            return name
        week = super().__new__(cls, name)
        week.span = Span.week(name)
        return week

    @classmethod
    def of(cls, day: date) -> Self:
        """The week a day lies in.

        >>> Week.of(date(2026, 11, 22))
        '2026-W47'
        """
        year, week, _ = day.isocalendar()
        return cls(f"{year}-W{week:02}")

    @property
    def start(self) -> datetime:
        """Its first moment, UTC."""
        return self.span.start

    @property
    def end(self) -> datetime:
        """The first moment after it, UTC."""
        return self.span.end

    @property
    def monday(self) -> date:
        """Its first day."""
        return self.span.start.date()

    @property
    def before(self) -> Self:
        """The week before."""
        return self.of(self.monday - timedelta(days=1))
