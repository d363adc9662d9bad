"""The commands `ys demo`, `ys import` and `ys build`: what writes to the stores."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from ys_analytics.errors import UsageError

if TYPE_CHECKING:
    from ys_analytics.ingest import ImportLog

# The Monday after the demo's last week, 2026-W47: fixed, so that the same seed gives the same bytes.
_UNTIL = "2026-11-23"


def register(app: typer.Typer) -> None:
    """Add these commands to `ys`."""
    app.command()(demo)
    app.command(name="import", cls=_ImportCommand)(import_)
    app.command()(build)


def demo(
    portfolios: Annotated[
        int, typer.Option(min=9, help="How many portfolios; eight of them are there on purpose.")
    ] = 12,
    days: Annotated[int, typer.Option(min=60, help="How many days of history.")] = 400,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 7,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day after the last one.")] = _UNTIL,  # type: ignore[assignment]
    prices: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Value the portfolios at these real prices.")
    ] = None,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Empty the stores first.")] = False,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing when there is data already.")] = False,
) -> None:
    """Fill all four stores with one coherent, deterministic DeFi economy.

    Example: ys demo --portfolios 12 --days 400 --seed 7
    """
    from ys_analytics import demo as economy
    from ys_analytics.cli.console import progress, say
    from ys_analytics.cli.opening import owner

    economy.check_size(portfolios, days, until.replace(tzinfo=UTC))
    with owner("ys demo") as stores:
        if if_empty and economy.is_filled(stores):
            say("the stores hold data already; nothing was added")
            return
        with progress("demo") as tick:
            filled = economy.fill(
                stores,
                portfolios=portfolios,
                days=days,
                seed=seed,
                until=until.replace(tzinfo=UTC),
                prices=prices,
                replace=replace,
                progress=tick,
            )
    say(f"{filled}")


class _ImportCommand(TyperCommand):
    """`ys import`, whose help ends with the layouts it reads."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help and, under it, every layout with what its files become."""
        from ys_analytics.ingest.layout import layouts, listed

        super().format_help(ctx, formatter)
        width = max(len(name) for name in layouts())
        lines, kind = ["Layouts (--from NAME; each is recognised by its content):"], ""
        for name, becomes, title in sorted(listed(), key=lambda entry: (entry[1], entry[0])):
            if becomes != kind:
                kind = becomes
                lines.append(f"  {kind}")
            lines.append(f"    {name:{width}}  {title}")
        typer.echo("\n".join(lines))


def import_(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files or folders of vendors' exports; or a table, such as market_data, and files of it."),
    ] = None,
    *,
    from_: Annotated[str, typer.Option("--from", help="The layout of the files; recognised when left out.")] = "",
    asset: Annotated[str, typer.Option(help="Whose prices: symbol, id, CoinGecko id or CHAIN:CONTRACT.")] = "",
    quote: Annotated[str, typer.Option(help="In which currency prices are, such as EUR.")] = "",
    interval: Annotated[str, typer.Option(help="How long a candle is, such as 1h.")] = "",
    chain: Annotated[str, typer.Option(help="On which chain, by name or number.")] = "",
    at: Annotated[str, typer.Option(help="The moment of rows that state none, in UTC.")] = "",
    par: Annotated[str, typer.Option(help="Currencies to take at one US dollar, such as USDT.")] = "",
    symbols: Annotated[str, typer.Option(help="Take only these symbols of a table's file, such as BTC,ETH.")] = "",
    portfolio: Annotated[str, typer.Option(help="Whose files of wallets and exchanges these are: id or name.")] = "",
    account: Annotated[str, typer.Option(help="What to call the account of an exchange's file.")] = "",
    answers: Annotated[
        Path | None, typer.Option(help="File of questions and answers; answers.toml next to the files when left out.")
    ] = None,
    create: Annotated[bool, typer.Option("--create", help="Open the portfolio where none has that name.")] = False,
    undo: Annotated[str, typer.Option(help="Take the rows of an import out again, by its id.")] = "",
    register: Annotated[bool, typer.Option("--register", help="Register symbols no asset has yet.")] = False,
    log: Annotated[bool, typer.Option("--log", help="List the imports made from this workspace.")] = False,
) -> None:
    """Put an analyst's own files into the stores: all of them, or nothing.

    Example: ys import BTCUSDT-1d-2024-12.zip --par USDT
    """
    from ys_analytics import ingest
    from ys_analytics.cli.console import progress, say
    from ys_analytics.cli.opening import owner
    from ys_analytics.settings import load_settings

    import_log = ingest.ImportLog(load_settings().home / "imports")
    if log or undo:
        _list_or_undo(import_log, undo)
        return
    if not files:
        raise UsageError("name files to import; `ys import --help` lists the layouts")
    now = datetime.now(UTC)
    table = _table(files)
    with owner(f"ys import {table or from_}", only=ingest.WRITTEN_STORES) as stores, progress("import") as tick:
        if table:
            chosen_symbols = symbols.split(",") if symbols else None
            result: object = ingest.import_file(
                stores,
                table,
                files[1:],
                symbols=chosen_symbols,
                register=register,
                log=import_log,
                now=now,
                progress=tick,
            )
        else:
            options = ingest.ImportOptions(
                asset=asset,
                quote=quote,
                interval=interval,
                chain=chain,
                at=at,
                par=frozenset(currency.strip().upper() for currency in par.split(",") if currency.strip()),
                account=account,
                register=register,
            )
            result = ingest.import_vendor(
                stores,
                files,
                name=from_,
                options=options,
                portfolio=portfolio,
                create=create,
                answers=answers,
                log=import_log,
                now=now,
                progress=tick,
            )
    for line in str(result).splitlines():
        say(line)


def _table(files: list[Path]) -> str:
    """The table that is named before its files; empty where all of them are vendors' exports."""
    from ys_analytics.schemas import TABLES, unknown_name

    first = files[0]
    if first.exists():
        return ""
    if str(first) in TABLES:
        if len(files) == 1:
            raise UsageError(f"{first}: name the files to import into it")
        return str(first)
    if first.suffix or len(first.parts) > 1:
        return ""
    raise unknown_name(str(first), TABLES, what="file or table", listed="`ys catalog`")


def _list_or_undo(import_log: "ImportLog", undo: str) -> None:
    from ys_analytics import ingest
    from ys_analytics.cli.console import progress, say, show
    from ys_analytics.cli.opening import owner

    if undo:
        with owner(f"ys import --undo {undo}", only=ingest.WRITTEN_STORES) as stores, progress("undo"):
            removed = import_log.undo(stores, undo)
        say(
            "; ".join(f"{table}: {rows:,} rows taken out" for table, rows in removed.items())
            or "there was nothing to undo"
        )
        return
    rows = (
        (
            entry.id,
            entry.at,
            entry.layout,
            ", ".join(f"{table} {count:,}" for table, count in entry.rows.items()),
            ", ".join(f"{name} {sign[:12]}" for name, sign in entry.files.items()),
            entry.state,
        )
        for entry in import_log.entries()
    )
    show("", ("import", "made", "layout", "rows", "files and SHA-256", "state"), rows)


def build(
    portfolio: Annotated[str, typer.Option(help="Id or name.")],
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day; when left out the last one that has all prices."),
    ] = None,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Build over snapshots that a platform wrote.")] = False,
) -> None:
    """Make positions, daily snapshots and risk of a portfolio from its transactions and the prices in the stores.

    Says what it rests on: days without a price, balances below zero, and balances that files state otherwise.

    Example: ys build --portfolio "My wallets"
    """
    from ys_analytics import ingest
    from ys_analytics.cli.console import progress, say
    from ys_analytics.cli.opening import owner
    from ys_analytics.settings import load_settings

    import_log = ingest.ImportLog(load_settings().home / "imports")
    with owner(f"ys build {portfolio}", only=ingest.WRITTEN_STORES) as stores, progress("build") as tick:
        day = until.date() if until else None
        built = ingest.build(stores, portfolio, until=day, log=import_log, replace=replace, progress=tick)
    for line in str(built).splitlines():
        say(line)
