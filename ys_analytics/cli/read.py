"""The commands that read: `ys catalog`, `load`, `freeze`, `sql` and `metrics`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ys_analytics.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ys_analytics.frames import PortfolioRef
    from ys_analytics.metrics import Metric
    from ys_analytics.schemas import Span, Store, Table
    from ys_analytics.stores import Stores

_Value = TypeVar("_Value")

Week = Annotated[str, typer.Option(help="ISO week, such as 2026-W47.")]


def register(app: typer.Typer) -> None:
    """Add these commands to `ys`."""
    app.command()(catalog)
    app.command()(load)
    app.command()(freeze)
    app.command()(sql)
    app.command()(metrics)


def catalog(
    table: Annotated[str, typer.Argument(help="One table; all of them when left out.")] = "",
    to: Annotated[
        Path | None, typer.Option(dir_okay=False, help="FILE.md to write the whole data dictionary to, rules included.")
    ] = None,
) -> None:
    """List what the four stores hold: tables, columns, meaning, units and rules."""
    from ys_analytics.cli.console import say, show
    from ys_analytics.errors import UsageError, file_errors
    from ys_analytics.schemas import TABLES
    from ys_analytics.schemas.dictionary import markdown, rules_in_words

    if to is not None:
        if table:
            raise UsageError(f"{table} and --to {to}: the dictionary holds all tables; leave one of the two out")
        with file_errors(to):
            to.write_text(markdown(), encoding="utf-8")
        say(f"{len(TABLES)} tables in {to}")
        return
    if not table:
        show(
            "",
            ("table", "store", "key", "meaning"),
            (
                (declared.name, declared.store, ", ".join(declared.key), declared.meaning)
                for declared in TABLES.values()
            ),
        )
        return
    declaration = _table(table)
    rows = (
        (
            column.name,
            "secret" if column.secret else column.dtype,
            column.unit or None,
            "yes" if column.nullable else "no",
            column.meaning,
            rules_in_words(declaration, column) or None,
        )
        for column in declaration.columns
    )
    show(f"{declaration.name}: {declaration.meaning}", ("column", "type", "unit", "nullable", "meaning", "rules"), rows)


def load(
    table: Annotated[str, typer.Argument(help="A name from `ys catalog`.")],
    week: Annotated[str, typer.Option(help="Only rows of this ISO week itself, such as 2026-W47.")] = "",
    until: Annotated[str, typer.Option(help="Only rows before the end of this ISO week.")] = "",
    portfolio: Annotated[str, typer.Option(help="Only this portfolio's rows: id or unambiguous name.")] = "",
    to: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="FILE.parquet, .csv or .xlsx; the terminal when left out."),
    ] = None,
    *,
    as_: Annotated[
        str, typer.Option("--as", help="Write transactions of a portfolio as others read them: koinly or rotki.")
    ] = "",
    prove: Annotated[
        bool, typer.Option("--prove", help="Show that nothing was lost: sums in the store and in the frame.")
    ] = False,
) -> None:
    """Load one table, exact and typed: the whole fleet's rows of all time where nothing narrows them.

    `ys.load` in a notebook takes the same words: a table without time always comes whole.

    Example: ys load transactions --week 2026-W47 --to transactions.parquet
    """
    from ys_analytics import frames
    from ys_analytics.cli.console import progress, say, show_frame
    from ys_analytics.cli.opening import analyst
    from ys_analytics.schemas import TABLES, Span

    declared = _table(table)
    span = Span.of_week_or_until(week=week, until=until)
    only: tuple[Store, ...] = (TABLES["portfolios"].store, declared.store) if portfolio else (declared.store,)
    if as_ and (table != "transactions" or to is None or not portfolio):
        raise UsageError("--as writes the transactions of one portfolio to a file: add --portfolio NAME --to FILE.csv")
    with analyst(f"ys load {table}", only=only) as stores:
        owners = [frames.find_portfolio(frames.load(stores, "portfolios"), portfolio)] if portfolio else None
        if prove:
            with progress(table) as tick:
                proof = frames.prove(stores, table, span=span, portfolios=owners, progress=tick)
            show_frame(proof, rows=-1)
            return
        if to is not None:
            with progress(table) as tick:
                if as_:
                    rows = _export_as(stores, table, to, as_, span=span, owners=owners)
                else:
                    rows = frames.export(stores, table, to, span=span, portfolios=owners, warn=say, progress=tick)
            say(f"{rows:,} rows of {table} in {to}")
            return
        with progress(table) as tick:
            frame = frames.load(stores, table, span=span, portfolios=owners, progress=tick)
    show_frame(frame)


def _export_as(
    stores: Stores, table: str, to: Path, layout: str, *, span: Span | None, owners: list[PortfolioRef] | None
) -> int:
    from ys_analytics import frames, ingest
    from ys_analytics.cli.console import say

    rows = frames.load(stores, table, span=span, portfolios=owners)
    written = ingest.export_as(layout, rows, frames.load(stores, "assets"), to)
    for remark in written.remarks:
        say(remark)
    return written.rows


def freeze(
    week: Week,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of runs.")] = None,
    *,
    refreeze: Annotated[
        bool, typer.Option("--refreeze", help="Replace the week's run, and the pages made from it.")
    ] = False,
) -> None:
    """Take one consistent snapshot of the four stores and write it as a run; a week that has one keeps it.

    Example: ys freeze --week 2026-W47
    """
    from ys_analytics.cli.console import out as stdout
    from ys_analytics.cli.console import progress, say
    from ys_analytics.reporting import freeze_week
    from ys_analytics.settings import load_settings

    settings = load_settings()
    started = datetime.now(UTC)
    with progress(f"freeze {week}") as tick:
        run = freeze_week(settings, week=week, out=out or settings.out, refreeze=refreeze, progress=tick)
    if run.manifest.as_of < started:
        say(f"{week} was frozen on {run.manifest.as_of:%Y-%m-%d %H:%M} UTC already; --refreeze takes a new snapshot")
    stdout.print(str(run.folder), markup=False, soft_wrap=True)


def sql(
    query: Annotated[str, typer.Argument(help="One SELECT in DuckDB's SQL; EXPLAIN and one; or SHOW TABLES.")],
    week: Annotated[
        str, typer.Option(help="The run of this ISO week, with all rows before its end; the live stores when left out.")
    ] = "",
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of runs.")] = None,
) -> None:
    """Query all four stores as they are now, or a run's frozen frames, the whole fleet's; days are UTC days.

    A table has its own name and one behind its store: pg.assets, ch.market_data, redis.price_current,
    qdrant.market_sentiment. Only the columns and rows that are needed leave a store: EXPLAIN shows them.

    Example: ys sql "SELECT status, count(*) FROM pg.transactions GROUP BY status"
    """
    from ys_analytics import frames
    from ys_analytics.cli.console import show_frame
    from ys_analytics.desk import sql as ask
    from ys_analytics.errors import UsageError
    from ys_analytics.schemas import Limits, Week
    from ys_analytics.settings import load_settings

    if not week:
        if out is not None:
            raise UsageError("--out names a folder of runs; say which with --week, or leave it out to query live")
        show_frame(ask(query), rows=50)
        return
    settings = load_settings()
    run = frames.open_run((out or settings.out) / Week(week))  # a week and not a path
    show_frame(run.sql(query, limits=Limits(seconds=settings.statement_timeout)), rows=50)


def metrics(
    name: Annotated[
        str, typer.Argument(help="One of them, with its formula, or a word to search for; all when left out.")
    ] = "",
) -> None:
    """Print the catalogue of metrics, those that a word is found in, or all that is known of one.

    Of one: unit, formula, the columns and days it needs, source and why.

    Example: ys metrics sharpe_ratio
    """
    from ys_analytics.cli.console import show
    from ys_analytics.metrics import catalog as metric_catalog
    from ys_analytics.schemas import unknown_name

    if name in metric_catalog.METRICS:
        metric = metric_catalog.METRICS[name]
        facts = ("name", "title", "unit", "formula", "direction", "minimum", "null_reason", "source", "why", "gaps")
        columns_needed = (
            f"{', '.join(metric.columns)}; of {metric.minimum} {'day' if metric.minimum == 1 else 'days'} or more"
        )
        show("", ("", ""), [*((fact, str(getattr(metric, fact))) for fact in facts), ("columns", columns_needed)])
        return
    matching = [metric for metric in metric_catalog.ALL if _mentions(metric, name)]
    if not matching:
        raise unknown_name(name, metric_catalog.METRICS, what="metric", listed="`ys metrics`")
    headings = ("metric", "title", "unit", "direction", "needs", "columns", "source")
    rows = (
        (
            metric.name,
            metric.title,
            metric.unit,
            metric.direction,
            metric.minimum,
            ", ".join(metric.columns),
            metric.source,
        )
        for metric in matching
    )
    show("", headings, rows, numbers=("needs",))


def _mentions(metric: Metric, words: str) -> bool:
    """Whether each of the words is in the name, title, reason, source or columns of a metric."""
    text = f"{metric.name} {metric.title} {metric.why} {metric.source} {' '.join(metric.columns)}".lower()
    return all(word in text for word in words.lower().split())


def _table(name: str) -> Table:
    from ys_analytics.schemas import TABLES

    return _lookup(name, TABLES, what="table", listed="ys catalog")


def _lookup(name: str, known: Mapping[str, _Value], *, what: str, listed: str) -> _Value:
    """The value of a name, or an error that offers the nearest names."""
    from ys_analytics.schemas import unknown_name

    if name not in known:
        raise unknown_name(name, known, what=what, listed=f"`{listed}`")
    return known[name]
