"""The analyst's interface: a desk is one portfolio and one week, over a frozen run or the live stores.

    import ys_analytics as ys
    desk = ys.open("reports/out/2026-W47", portfolio_id="Harbour Income")
    desk.daily_returns, desk.performance(), desk.drawdowns(), desk.positions(), desk.sql("SELECT ...")

Reads, joins and calls metrics; defines none and draws nothing. Nothing is read
before it is asked for.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from ys_analytics.desk import overview
from ys_analytics.desk.desk import Desk
from ys_analytics.desk.sources import Frozen, Live, Source
from ys_analytics.errors import UsageError
from ys_analytics.schemas import Limits, Span, Week, text
from ys_analytics.schemas.arguments import checked
from ys_analytics.settings import Settings, load_settings

__all__ = [
    "Desk",
    "catalog",
    "compare",
    "fleet",
    "limits_broken",
    "load",
    "nearest_liquidations",
    "open_desk",
    "outliers",
    "portfolios",
    "shock",
    "similar",
    "sql",
    "weeks",
]

_ISO_WEEK = re.compile(r"\d{4}-W\d{2}")


def open_desk(
    run: str | Path = "", *, portfolio_id: str = "", week: str = "", settings: Settings | None = None
) -> Desk:
    """Open the desk of one portfolio and week; a portfolio that is named is looked up at once.

        ys.open("Alder Reserve", week="2026-W47")   # the run of that week, else the live stores
        ys.open("2026-W47")                         # the largest portfolio of a run, by its week's name
        ys.open("reports/out/2026-W47", portfolio_id="Alder Reserve")

    Args:
        run: A portfolio's name or id, whose week is taken from the run of that week (the newest run where no week is
            said; the live stores where there is no such run); or a run: its folder, or its week's name, from any
            folder; empty reads the live stores.
        portfolio_id: An id, or a name no other portfolio has, whole or in part; empty takes the largest.
        week: ISO week such as `2026-W47`; empty takes the run's own.
        settings: Where live stores and runs are; the environment's when None.

    Raises:
        UsageError: there is no such portfolio, several have that name, or the run is of another week.
        RunError: the folder is no whole, unaltered run.
    """
    settings = settings or load_settings()
    _require_text(run, portfolio_id=portfolio_id, week=week)
    run, portfolio_id = _resolve_run(run, portfolio_id, week, settings)
    if not run and not week:
        raise UsageError("reading the live stores needs a week, such as 2026-W47")
    source = _source(run, settings, span=Span.of_week_or_until(until=week))
    if week and source.week and week != source.week:
        raise UsageError(
            f"the run in {Path(run).name} is of {source.week}, not of {week}; name no run, or freeze that week"
        )
    if isinstance(source, Frozen):
        return _cached_desk(source, portfolio_id, settings)
    desk = Desk(source=source, portfolio_id=portfolio_id, week=Week(week), settings=settings)
    if portfolio_id:
        desk.look_up()
    return desk


# The desk opened last over a run, with its key: notebooks open the same desk again, and a run does not change.
_last_desk: list[tuple[object, Desk]] = []


def _cached_desk(source: Frozen, portfolio_id: str, settings: Settings) -> Desk:
    """Return the last opened desk where run, findings, portfolio and settings are the same; else a new one."""
    key = (source, portfolio_id, settings, _findings_stamp(source.folder))
    for last_key, desk in _last_desk:
        if last_key == key:
            return desk
    desk = Desk(source=source, portfolio_id=portfolio_id, week=source.week, settings=settings)
    if portfolio_id:
        desk.look_up()
    _last_desk[:] = [(key, desk)]
    return desk


def _findings_stamp(folder: Path) -> list[tuple[int, int, int]]:
    """Size, modification time and inode of a run's findings files, which change when the run is checked again."""
    stats = [path.stat() for path in sorted(folder.glob("findings*.json"))]
    return [(stat.st_size, stat.st_mtime_ns, stat.st_ino) for stat in stats]


def _resolve_run(run: str | Path, portfolio_id: str, week: str, settings: Settings) -> tuple[str | Path, str]:
    """Resolve the first argument of `open`: the run's folder, empty for the live stores, and the portfolio."""
    if not run or isinstance(run, Path) or Path(run).is_dir() or _ISO_WEEK.fullmatch(run):
        return run, portfolio_id
    # A path that is not there is a run that is not there; anything else names a portfolio.
    if portfolio_id or len(Path(run).parts) > 1:
        return run, portfolio_id
    if week:
        folder = settings.out / week
        return (folder if (folder / "manifest.json").is_file() else ""), run
    newest = overview.weeks(settings.out).filter(pl.col("trouble").is_null()).head(1)
    if newest.is_empty():
        raise UsageError(f"open {run!r}: there is no run yet; name a week, such as week='2026-W47', to read the stores")
    return Path(newest["folder"][0]), run


def _run_folder(week: str, settings: Settings) -> Path:
    """The folder of a week's run under the output folder of the settings."""
    folder = settings.out / week
    if (folder / "manifest.json").is_file():
        return folder
    known = overview.weeks(settings.out)["week"].to_list()
    listed = f"there are {', '.join(known[:5])}" if known else "there is none yet"
    raise UsageError(f"no run of {week}: {listed}; `ys freeze --week {week}` makes it")


def portfolios(run: str | Path = "", *, week: str = "") -> pl.DataFrame:
    """Every portfolio with its last value, the largest first.

    Args:
        run: Folder of a run, or its week's name; empty takes the newest run, and reads the live stores without one.
        week: Only what was known by the end of this ISO week.
    """
    settings = load_settings()
    _require_text(run, week=week)
    return overview.portfolios(
        _source(_default_run(run, week, settings), settings, span=Span.of_week_or_until(until=week))
    )


def weeks() -> pl.DataFrame:
    """The runs there are, newest week first: week, as_of, tables, rows, folder, trouble."""
    return overview.weeks(load_settings().out)


def catalog(search: str = "") -> pl.DataFrame:
    """Tables, key families and collections with columns, units, meanings and rules; with a word, those that hold it."""
    text(search, what="search", example="'liquidation'")
    return overview.catalog(search)


def compare(*portfolios: str | Desk, run: str | Path = "", week: str = "") -> pl.DataFrame:
    """Portfolios side by side: every headline metric of the week and since inception.

    Args:
        portfolios: Names, ids, or desks that are open already.
        run: Folder of a run, or its week's name; empty takes the run of the week, the newest without one.
        week: ISO week; empty takes the run's own.
    """
    settings = load_settings()
    desks: list[Desk] = []
    source = None
    for portfolio in portfolios:
        if isinstance(portfolio, Desk):
            desks.append(portfolio)
            continue
        _require_text(run, week=week, portfolio=portfolio)
        source = source or _source(_default_run(run, week, settings), settings, span=Span.of_week_or_until(until=week))
        desks += overview.desks(source, [portfolio], week=source.week or _required_week(week), settings=settings)
    return overview.compare(desks)


@checked
def fleet(run: str | Path = "", *, by: str = "total_return", week: str = "", top: int | None = None) -> pl.DataFrame:
    """Every portfolio by one metric, best first; those without it last, with the reason.

    Args:
        run: Folder of a run, or its week's name; empty takes the run of the week, the newest without one.
        by: A metric's name, or "value" or "week".
        week: ISO week; empty takes the run's own.
        top: Only so many rows.
    """
    settings = load_settings()
    _require_text(run, week=week, by=by)
    source = _source(_default_run(run, week, settings), settings, span=Span.of_week_or_until(until=week))
    return overview.fleet(
        source, week=source.week or _required_week(week), by=by, risk_free=settings.risk_free, top=top
    )


@checked
def outliers(run: str | Path = "", *, week: str = "") -> pl.DataFrame:
    """Portfolios far from the others by a headline metric, the furthest first: name, metric, value, median, deviations.

    A deviation is the distance from the median in scaled median deviations; beyond 3.5 a portfolio stands out.

    Args:
        run: Folder of a run, or its week's name; empty takes the run of the week, the newest without one.
        week: ISO week; empty takes the run's own.
    """
    from ys_analytics.desk import fleet_verbs

    settings = load_settings()
    return fleet_verbs.outliers(_frozen(run, week, settings), settings=settings)


@checked
def limits_broken(run: str | Path = "", *, week: str = "") -> pl.DataFrame:
    """Portfolios beyond their owner's drawdown limit, at the week's end or on a day of it, the furthest first.

    Args:
        run: Folder of a run, or its week's name; empty takes the run of the week, the newest without one.
        week: ISO week; empty takes the run's own.

    Returns:
        name String; limit, now, worst of the week Float64, positive; days_beyond of the week Int64; since Date.
    """
    from ys_analytics.desk import fleet_verbs

    return fleet_verbs.limits_broken(_frozen(run, week, load_settings()))


@checked
def nearest_liquidations(run: str | Path = "", *, week: str = "", top: int = 10) -> pl.DataFrame:
    """The loans of all portfolios that the smallest price move would liquidate, the nearest first.

    Args:
        run: Folder of a run, or its week's name; empty takes the run of the week, the newest without one.
        week: ISO week; empty takes the run's own.
        top: Only so many rows.

    Returns:
        name, place, what String (the asset that moves); borrowed, health_factor, move Float64; reason String where no
        move would liquidate it, or it is not known.
    """
    from ys_analytics.desk import fleet_verbs

    settings = load_settings()
    return fleet_verbs.nearest_liquidations(_frozen(run, week, settings), top=top, settings=settings)


@checked
def shock(moves: Mapping[str, float], *, run: str | Path = "", week: str = "") -> pl.DataFrame:
    """Net value and weakest loan of every portfolio after price moves, the weakest loan first.

        ys.shock({"ETH": -0.25, "BTC": -0.2, "USDC": -0.03})

    Args:
        moves: By symbol, as for `desk.shock`; what a portfolio does not hold moves nothing there.
        run: Folder of a run, or its week's name; empty takes the run of the week, the newest without one.
        week: ISO week; empty takes the run's own.

    Returns:
        name, id String; before, after, change in USD and ret Float64 of the net value; place String, health_before and
        health_after Float64 of the loan whose health is lowest after it, null without a loan; reason String where
        holdings are not known.
    """
    from ys_analytics.desk import fleet_verbs

    settings = load_settings()
    return fleet_verbs.shock(_frozen(run, week, settings), moves, settings=settings)


def _frozen(run: str | Path, week: str, settings: Settings) -> Frozen:
    """The run to read, whole.

    Raises:
        UsageError: there is none.
    """
    _require_text(run, week=week)
    source = _source(_default_run(run, week, settings), settings, span=None)
    if not isinstance(source, Frozen):
        raise UsageError(f"there is no run{f' of {week}' if week else ''}; make one with `ys freeze --week WEEK`")
    if week and week != source.week:
        raise UsageError(f"the run in {source.folder.name} is of {source.week}, not of {week}; name no run")
    return source


def _default_run(run: str | Path, week: str, settings: Settings) -> str | Path:
    """The run to read: the one named, that of the week, or the newest; empty where there is none."""
    if run:
        return run
    if week:
        folder = settings.out / week
        return folder if (folder / "manifest.json").is_file() else ""
    readable = overview.weeks(settings.out).filter(pl.col("trouble").is_null())
    return Path(readable["folder"][0]) if readable.height else ""


def _required_week(week: str) -> Week:
    if not week:
        raise UsageError("reading the live stores needs a week, such as 2026-W47")
    return Week(week)


def load(
    name: str, *, run: str | Path = "", week: str = "", until: str = "", portfolio: str | None = None
) -> pl.DataFrame:
    """The rows of any table, key family or collection, of the whole fleet or of one portfolio.

    `week`, `until` and `portfolio` mean what they mean to `ys load`.

    Args:
        name: The kit's name for it; `ys catalog` lists them.
        run: Folder of a frozen run, or its week's name; empty reads the live stores.
        week: Only rows of this ISO week itself; a table without time comes whole.
        until: Only rows before the end of this ISO week; a table without time comes whole.
        portfolio: Only rows of this portfolio, by id or name, where rows belong to one; None takes all.

    Raises:
        UsageError: there is no such table, portfolio or week; the line offers the names nearest to it.
    """
    _require_text(run, week=week, until=until, name=name, **({} if portfolio is None else {"portfolio": portfolio}))
    settings, span = load_settings(), Span.of_week_or_until(week=week, until=until)
    source = _source(run, settings, span=span)
    return source.rows(name, portfolio=_portfolio_id(source, portfolio))


def sql(query: str, *, run: str | Path = "", week: str = "", until: str = "") -> pl.DataFrame:
    """One SELECT in DuckDB's SQL over the whole fleet; `desk.sql` asks one portfolio's rows.

    A table has its own name and one behind its store: `pg.assets`, `ch.market_data`, `redis.price_current`,
    `qdrant.market_sentiment`. Of a live store only the columns and rows leave that the query needs, and of a count,
    sum or extreme by day or column over one table of ClickHouse only the groups: `EXPLAIN SELECT ...` shows what each
    store was asked and what left it. `SHOW TABLES` lists the tables. Sums of decimals are exact decimals; a type that
    a frame cannot hold is refused with the cast to write.

    Args:
        query: The SELECT, one statement that reads; EXPLAIN and one, over live stores; or SHOW TABLES. Days are UTC.
        run: Folder of a frozen run, or its week's name; empty asks the live stores of the tables that the query names.
        week: Only rows of this ISO week itself, of tables with a time.
        until: Only rows before the end of this ISO week, of tables with a time.

    Raises:
        UsageError: the query is not one SELECT, is wrong, or takes longer or more than the settings allow.
    """
    _require_text(run, week=week, until=until, query=query)
    settings, span = load_settings(), Span.of_week_or_until(week=week, until=until)
    return _source(run, settings, span=span).sql(query, limits=Limits(seconds=settings.statement_timeout))


@checked
def similar(
    collection: str,
    *,
    to: str | Sequence[float],
    where: Mapping[str, object] | None = None,
    limit: int = 10,
    run: str | Path = "",
    model: str = "",
) -> pl.DataFrame:
    """The points of a Qdrant collection that are nearest to a point, a vector or a text.

        ys.similar("trading_patterns", to=pattern_id, where={"timeframe": "1d"}, limit=5)
        ys.similar("market_sentiment", to=vector, where={"timestamp": ("2026-11-16", None), "source": ["news", "x"]})

    Args:
        collection: `market_sentiment`, `protocol_analysis` or `trading_patterns`.
        to: The id of a point, which is left out of the answer; a vector of the collection's size; or a text, which
            needs the extra `ys-analytics[embeddings]` and `model`.
        where: What payload fields must be: a value; a list, any of which; a tuple (low, high), both included, of which
            one may be None. Of a field that is a list, one element must match.
        limit: How many points at most.
        run: Folder of a frozen run, or its week's name; empty asks the live store.
        model: The fastembed model that the collection was embedded with; for a text.

    Returns:
        `score`, the cosine of the angle between the two vectors (1 the same direction, 0 nothing in common, -1
        opposite), then every declared column but the vector: of a pattern its `success_rate`, how often it held; of
        what has a time, that time. The highest score first, points of one score by id. The same for a run and live.

    Raises:
        UsageError: there is no such collection, field or point, or a vector or text cannot be compared with it.
        StoreError: the live store refused us or went away.
    """
    from ys_analytics.desk import nearest_points

    _require_text(run, collection=collection, model=model)
    source = _source(run, load_settings(), span=None)
    return nearest_points.similar(source, collection, to=to, where=where, limit=limit, model=model)


def _source(run: str | Path, settings: Settings, *, span: Span | None) -> Source:
    """The frozen run, given by its folder or its week's name; the live stores where none is given."""
    if not run:
        return Live(settings, span)
    from ys_analytics import frames

    if isinstance(run, str) and not Path(run).is_dir() and _ISO_WEEK.fullmatch(run):
        run = _run_folder(run, settings)
    frozen = frames.open_run(Path(run))
    if span is not None and span.end > frozen.week.end:
        raise UsageError(f"the run in {Path(run).name} holds nothing after {frozen.week}; name no later week")
    return Frozen(frozen, span)


def _portfolio_id(source: Source, portfolio: str | None) -> str | None:
    """The id of a portfolio given by id or name; None where none was given."""
    from ys_analytics import frames

    return frames.find_portfolio(source.rows("portfolios"), portfolio) if portfolio else None


def _require_text(run: str | Path, **given: object) -> None:
    """Raise for a parameter that is not text: a notebook's parameters may arrive as numbers.

    Raises:
        UsageError: a parameter is not text.
    """
    examples = {"week": "'2026-W47'", "until": "'2026-W47'", "query": "'SELECT 1'", "name": "'transactions'"}
    for parameter, value in given.items():
        text(value, what=parameter, example=examples.get(parameter, "'Alder Reserve'"))
    if not isinstance(run, Path):
        text(run, what="run", example="'reports/out/2026-W47'")
