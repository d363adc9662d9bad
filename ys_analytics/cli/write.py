"""The commands that put something into the stores: the demo economy, an analyst's own files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

# The Monday after the demo's last week, 2026-W47: fixed, so that the same seed gives the same bytes.
_UNTIL = "2026-11-23"


def register(app: typer.Typer) -> None:
    """Add these commands to `ys`."""
    app.command()(demo)
    app.command(name="import")(import_)


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


def import_(
    table: Annotated[str, typer.Argument(help="A PostgreSQL or ClickHouse table, such as market_data.")],
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV or Parquet.")],
    symbols: Annotated[str, typer.Option(help="Take only these symbols of the file, such as BTC,ETH.")] = "",
    *,
    register: Annotated[bool, typer.Option("--register", help="Register symbols no asset has yet.")] = False,
) -> None:
    """Put an analyst's own files into a table: all of it, or nothing.

    Example: ys import market_data prices.parquet --symbols BTC,ETH
    """
    from ys_analytics import ingest
    from ys_analytics.cli.console import progress, say
    from ys_analytics.cli.opening import owner

    with owner(f"ys import {table}") as stores, progress(f"import {table}") as tick:
        imported = ingest.import_file(
            stores, table, files, symbols=symbols.split(",") if symbols else None, register=register, progress=tick
        )
    say(f"{imported}")
