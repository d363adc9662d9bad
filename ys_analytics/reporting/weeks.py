"""Which weeks can be printed, and which only provisionally.

Depends on calendars and what a run holds. Does not freeze or print. The time now is an argument.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ys_analytics.errors import UsageError
from ys_analytics.schemas import Span, Week
from ys_analytics.views import formats

if TYPE_CHECKING:
    from ys_analytics.frames import Run
    from ys_analytics.stores import Stores

# Tables whose rows show that a week has begun: a portfolio's value, or a price.
_EVIDENCE = ("portfolio_snapshots", "market_data")
_HISTORY = ("portfolio_snapshots", "transactions")
_SECOND = timedelta(seconds=1)


def refuse_future(stores: "Stores", *, week: Week, now: datetime) -> None:
    """Refuse a week that has not begun, before anything is frozen.

    A demo, or a replay, may be ahead of the clock: a week that the stores have data of has begun.

    Raises:
        UsageError: it lies in the future.
    """
    from ys_analytics import frames

    if now >= week.start or any(frames.load(stores, name, span=week.span).height for name in _EVIDENCE):
        return
    raise UsageError(
        f"week {week} has not begun: it starts on {_day(week.start)}, and nothing is stored of it; "
        f"the week now is {Week.of(now.date())}"
    )


def refuse_empty(stores: "Stores", *, week: Week) -> None:
    """Refuse a week before whose end no portfolio has data, before anything is frozen.

    Raises:
        UsageError: no portfolio has a snapshot or a transaction before the week's end.
    """
    from ys_analytics import frames

    before = Span.until(week.end)
    if any(frame.height for name in _HISTORY for frame in frames.batches(stores, name, span=before)):
        return
    raise UsageError(_nothing_to_print(week))


def refuse_empty_run(run: "Run") -> None:
    """Refuse to print a run in which no portfolio has data before the week's end.

    Raises:
        UsageError: no portfolio has a snapshot or a transaction before the week's end.
    """
    if any(run.manifest.frames[name].rows for name in _HISTORY if name in run.manifest.frames):
        return
    raise UsageError(_nothing_to_print(run.week))


def _nothing_to_print(week: Week) -> str:
    return (
        f"nothing to print of {week}: no portfolio has a snapshot or a transaction before "
        f"{_day(week.end)}; name a later week, import data (ys import), or make some (ys demo)"
    )


def opened_later(run: "Run") -> dict[str, str]:
    """When each portfolio was opened that was opened only after the week ended, by its id."""
    end = run.week.end
    portfolios = run.frame("portfolios").select("id", "created_at").drop_nulls().iter_rows()
    return {portfolio_id: _day(opened_at) for portfolio_id, opened_at in portfolios if opened_at >= end}


def why_not_final(run: "Run") -> str:
    """Why the week's numbers will still change; empty when it is over, or all of its data are there already."""
    end = run.week.end
    return _running(as_of=run.manifest.as_of, latest=[frame.latest for frame in run.manifest.frames.values()], end=end)


def _running(*, as_of: datetime, latest: list[datetime | None], end: datetime) -> str:
    """The reason in words.

    >>> from datetime import UTC
    >>> thursday, end = datetime(2026, 11, 19, 9, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    >>> _running(as_of=thursday, latest=[thursday], end=end).replace(formats.HARD_SPACE, " ")
    'the week runs until 22 Nov 2026, and was read on 19 Nov 2026 09:00 UTC'
    >>> _running(as_of=thursday, latest=[end - _SECOND], end=end)
    ''
    """
    # A demo may be ahead of the clock: data up to the week's last second are all there will be.
    latest_known = max((moment for moment in latest if moment is not None), default=as_of)
    if as_of >= end or latest_known + _SECOND >= end:
        return ""
    return f"the week runs until {_day(end - _SECOND)}, and was read on {formats.moment(as_of)} UTC"


def _day(moment: datetime) -> str:
    return formats.day(moment.date())
