"""What an analyst holds: one portfolio and one week, the same verbs on a frozen run and on the live stores.

    import ys_analytics as ys
    desk = ys.open("reports/out/2026-W47", portfolio_id="Harbour Income")
    desk.daily_returns, desk.performance(), desk.drawdowns(), desk.positions(), desk.sql("SELECT ...")

Reads, joins and calls metrics; defines none and draws nothing. Nothing is read
before it is asked for.
"""

from pathlib import Path

import polars as pl

from ys_analytics.desk.seat import Desk
from ys_analytics.desk.sources import Frozen, Live, Source
from ys_analytics.errors import UsageError
from ys_analytics.schemas import Limits, Span
from ys_analytics.settings import Settings, load_settings

__all__ = ["Desk", "load", "open_desk", "sql"]


def open_desk(
    run: str | Path = "", *, portfolio_id: str = "", week: str = "", settings: Settings | None = None
) -> Desk:
    """Sit down to one portfolio's week.

    Args:
        run: Folder of a frozen run; empty reads the live stores.
        portfolio_id: An id, or a name no other portfolio has, whole or in part; empty takes the largest.
        week: ISO week such as `2026-W47`; empty takes the run's own.
        settings: Where live stores are; the environment's when None.

    Raises:
        UsageError: there is no such portfolio, several have that name, or the run is of another week.
        RunError: the folder is no whole, unaltered run.
    """
    settings = settings or load_settings()
    if not run and not week:
        raise UsageError("reading the live stores needs a week, such as 2026-W47")
    source = _source(run, week, settings)
    return Desk(source=source, portfolio_id=portfolio_id, week=source.week or week, settings=settings)


def _source(run: str | Path, week: str, settings: Settings) -> Source:
    if not run:
        return Live(settings, Span.until(Span.week(week).end) if week else None)
    from ys_analytics import frames

    frozen = frames.open_run(Path(run))
    if week and week != frozen.week:
        raise UsageError(
            f"the run in {Path(run).name} is of {frozen.week}, not of {week}; name no run, or freeze that week"
        )
    return Frozen(frozen)


def load(name: str, *, run: str | Path = "", week: str = "", portfolio: str | None = None) -> pl.DataFrame:
    """The rows of any table, key family or collection, without sitting down to a portfolio.

    Args:
        name: The kit's name for it; `ys catalog` lists them.
        run: Folder of a frozen run; empty reads the live stores.
        week: Only rows before the end of this ISO week, when live.
        portfolio: Only rows of this portfolio's id, where rows belong to one.

    Raises:
        UsageError: there is no such table.
    """
    return _source(run, week, load_settings()).rows(name, portfolio=portfolio)


def sql(query: str, *, run: str | Path = "", week: str = "") -> pl.DataFrame:
    """One SELECT in DuckDB's SQL over the fleet: the frames of a run, or the live tables the query names."""
    settings = load_settings()
    return _source(run, week, settings).sql(query, limits=Limits(seconds=settings.statement_timeout))
