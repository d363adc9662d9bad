"""What an analyst holds: one portfolio and one week, the same verbs on a frozen run and on the live stores.

    import ys_analytics as ys
    desk = ys.open("reports/out/2026-W47", portfolio_id="Harbour Income")
    desk.daily_returns, desk.performance(), desk.drawdowns(), desk.positions(), desk.sql("SELECT ...")

Reads, joins and calls metrics; defines none and draws nothing. Nothing is read
before it is asked for.
"""

from pathlib import Path

import polars as pl

from ys_analytics.desk.desk import Desk
from ys_analytics.desk.sources import Frozen, Live, Source
from ys_analytics.errors import UsageError
from ys_analytics.schemas import Limits, Span, text
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
    _named(run, portfolio_id=portfolio_id, week=week)
    if not run and not week:
        raise UsageError("reading the live stores needs a week, such as 2026-W47")
    source = _source(run, settings, span=Span.asked(until=week))
    if week and source.week and week != source.week:
        raise UsageError(
            f"the run in {Path(run).name} is of {source.week}, not of {week}; name no run, or freeze that week"
        )
    if isinstance(source, Frozen):
        return _kept(source, portfolio_id, settings)
    return Desk(source=source, portfolio_id=portfolio_id, week=week, settings=settings)


# The desk opened last over a run, and of what: notebooks open theirs again and again, and a run does not change.
_last: list[tuple[object, Desk]] = []


def _kept(source: Frozen, portfolio_id: str, settings: Settings) -> Desk:
    """The desk opened last where it is of the same run, findings, portfolio and settings; else a new one."""
    asked = (source, portfolio_id, settings, _findings_written(source.folder))
    for known, desk in _last:
        if known == asked:
            return desk
    desk = Desk(source=source, portfolio_id=portfolio_id, week=source.week, settings=settings)
    _last[:] = [(asked, desk)]
    return desk


def _findings_written(folder: Path) -> list[tuple[int, int, int]]:
    """How the file system describes a run's findings: they change when the run is checked again."""
    found = [path.stat() for path in sorted(folder.glob("findings*.json"))]
    return [(one.st_size, one.st_mtime_ns, one.st_ino) for one in found]


def load(
    name: str, *, run: str | Path = "", week: str = "", until: str = "", portfolio: str | None = None
) -> pl.DataFrame:
    """The rows of any table, key family or collection, of the whole fleet or of one portfolio.

    `week`, `until` and `portfolio` mean what they mean to `ys load`.

    Args:
        name: The kit's name for it; `ys catalog` lists them.
        run: Folder of a frozen run; empty reads the live stores.
        week: Only rows of this ISO week itself; a table without time comes whole.
        until: Only rows before the end of this ISO week; a table without time comes whole.
        portfolio: Only rows of this portfolio, by id or name, where rows belong to one; None takes all.

    Raises:
        UsageError: there is no such table, portfolio or week; the line offers the names nearest to it.
    """
    _named(run, week=week, until=until, name=name, **({} if portfolio is None else {"portfolio": portfolio}))
    settings, span = load_settings(), Span.asked(week=week, until=until)
    source = _source(run, settings, span=span)
    return source.rows(name, portfolio=_whose(source, portfolio))


def sql(query: str, *, run: str | Path = "", week: str = "", until: str = "") -> pl.DataFrame:
    """One SELECT in DuckDB's SQL over the whole fleet; `desk.sql` asks one portfolio's rows.

    Args:
        query: The SELECT; each frame of the run, or live table, is a table under its name. Days are UTC days.
        run: Folder of a frozen run; empty loads the live tables the query names.
        week: Only rows of this ISO week itself, of tables with a time.
        until: Only rows before the end of this ISO week, of tables with a time.

    Raises:
        UsageError: the query is not one SELECT, is wrong, or takes longer or more than the settings allow.
    """
    _named(run, week=week, until=until, query=query)
    settings, span = load_settings(), Span.asked(week=week, until=until)
    return _source(run, settings, span=span).sql(query, limits=Limits(seconds=settings.statement_timeout))


def _source(run: str | Path, settings: Settings, *, span: Span | None) -> Source:
    if not run:
        return Live(settings, span)
    from ys_analytics import frames

    frozen = frames.open_run(Path(run))
    if span is not None and span.end > Span.week(frozen.week).end:
        raise UsageError(f"the run in {Path(run).name} holds nothing after {frozen.week}; name no later week")
    return Frozen(frozen, span)


def _whose(source: Source, portfolio: str | None) -> str | None:
    """The id of the portfolio a person means; None where nobody was named."""
    from ys_analytics import frames

    return frames.find_portfolio(source.rows("portfolios"), portfolio) if portfolio else None


def _named(run: str | Path, **given: object) -> None:
    """Refuse what is no text: a notebook's parameters may arrive as numbers.

    Raises:
        UsageError: one is not.
    """
    examples = {"week": "'2026-W47'", "until": "'2026-W47'", "query": "'SELECT 1'", "name": "'transactions'"}
    for what, value in given.items():
        text(value, what=what, example=examples.get(what, "'Alder Reserve'"))
    if not isinstance(run, Path):
        text(run, what="run", example="'reports/out/2026-W47'")
