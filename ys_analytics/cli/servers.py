"""The commands about the stores themselves: start, stop, migrate, look."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ys_analytics.errors import StoreError

migrate = typer.Typer(
    help="Bring the schema of the four stores up, take it down, see where it stands, keep it fresh.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add these commands to `ys`."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.add_typer(migrate, name="migrate")
    app.command()(browser)


def up() -> None:
    """Start the embedded stores; nothing happens to those that run or are servers elsewhere."""
    from ys_analytics import local
    from ys_analytics.settings import load_settings

    local.up(load_settings())
    status()


def down() -> None:
    """Stop the embedded stores, and any that a killed process left behind."""
    from ys_analytics import local
    from ys_analytics.cli.console import say
    from ys_analytics.settings import load_settings

    stopped = local.down(load_settings())
    say("stopped: " + (", ".join(stopped) or "nothing was running"))


def status() -> None:
    """Show where each store is and how it does; exit 11 when one that should answer does not.

    An embedded store that was not started is down; that is no failure.
    """
    from ys_analytics import local
    from ys_analytics.cli.console import show
    from ys_analytics.settings import load_settings

    found = local.status(load_settings())
    rows = [
        (
            f"{row.store} {row.server}".rstrip(),
            row.mode,
            "up" if row.running else "down",
            row.pid,
            row.version,
            row.latency_ms,
            row.address,
            row.note,
        )
        for row in found
    ]
    show("", ("store", "mode", "state", "pid", "version", "ms", "address", "note"), rows, numbers=("pid", "ms"))
    failing = [f"{row.store} {row.server}".rstrip() for row in found if row.is_failing]
    if failing:
        raise StoreError(f"{', '.join(failing)} did not answer; the note next to each says why")


@migrate.command("up")
def migrate_up() -> None:
    """Apply what is missing, in order; a second time there is nothing to do."""
    from ys_analytics import migrations
    from ys_analytics.cli.console import say
    from ys_analytics.cli.opening import owner
    from ys_analytics.settings import load_settings

    with owner("ys migrate up") as stores:
        applied = migrations.up(stores, settings=load_settings())
    for step in applied:
        say(f"{step.store} {step.version} {step.description}")
    say("nothing to migrate" if not applied else f"{len(applied)} migrations applied")


@migrate.command("down")
def migrate_down(
    to: Annotated[str, typer.Option(help="The PostgreSQL version to return to; empty undoes everything.")] = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: the data goes with the tables.")] = False,
) -> None:
    """Undo migrations, newest first, with the rollback each one stored."""
    from ys_analytics import migrations
    from ys_analytics.cli.console import say
    from ys_analytics.cli.opening import owner

    if not yes:
        typer.confirm("This drops tables and the data in them. Go on?", abort=True, err=True)
    with owner("ys migrate down") as stores:
        undone = migrations.down(stores, to=to or None)
    for step in undone:
        say(f"{step.store} {step.version} undone")
    say("nothing to undo" if not undone else f"{len(undone)} migrations undone")


@migrate.command("status")
def migrate_status() -> None:
    """Show every migration, whether it is applied, and whether what it made is still there."""
    from ys_analytics import migrations
    from ys_analytics.cli.console import show
    from ys_analytics.cli.opening import owner
    from ys_analytics.settings import load_settings

    with owner("ys migrate status") as stores:
        steps = migrations.status(stores, settings=load_settings())
    headings = ("store", "version", "description", "state", "applied_at", "detail")
    show("", headings, ([getattr(step, heading) for heading in headings] for step in steps))


@migrate.command("sql")
def migrate_sql() -> None:
    """Print what a DBA runs first where the owner may make neither roles nor databases; nothing is run."""
    from ys_analytics import migrations
    from ys_analytics.settings import load_settings

    typer.echo(migrations.dba_sql(load_settings()), nl=False)


@migrate.command("refresh")
def migrate_refresh() -> None:
    """Compute the materialized views again while readers go on, and make the monthly partitions of the year ahead."""
    from ys_analytics import migrations
    from ys_analytics.cli.console import say
    from ys_analytics.cli.opening import owner
    from ys_analytics.schemas import Span

    now = datetime.now(UTC)
    with owner("ys migrate refresh", only=migrations.STORES_KEPT_UP) as stores:
        made = migrations.make_partitions(stores, Span(now, now + timedelta(days=365)))
        views = migrations.refresh(stores)
    say(f"refreshed {', '.join(views)}; {len(made)} partitions made")


@migrate.command("repair")
def migrate_repair() -> None:
    """Drop the empty monthly partitions that are years from every row, which a mistyped year once made."""
    from ys_analytics import migrations
    from ys_analytics.cli.console import say
    from ys_analytics.cli.opening import owner

    with owner("ys migrate repair", only=migrations.STORES_KEPT_UP) as stores:
        dropped = migrations.drop_far_partitions(stores, now=datetime.now(UTC))
    say(f"{len(dropped)} partitions dropped" + (f", {dropped[0]} to {dropped[-1]}" if dropped else ""))


def browser() -> None:
    """Find the Chrome or Chromium that prints, or install one where we may."""
    from ys_analytics.cli.console import say
    from ys_analytics.reporting.browser import install_browser

    say(f"browser: {install_browser()}")
