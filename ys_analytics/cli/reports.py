"""The commands `ys report`, `ys runs` and `ys lab`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ys_analytics.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add these commands to `ys`."""
    app.command()(report)
    app.command()(runs)
    app.command()(send)
    app.command()(due)
    app.command()(lab)


def report(
    week: Annotated[str, typer.Option(help="ISO week, such as 2026-W47.")],
    portfolio: Annotated[list[str] | None, typer.Option(help="Id or unambiguous name; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of runs and reports.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every portfolio.")] = False,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="Print over critical findings, watermarked.")
    ] = False,
    refreeze: Annotated[
        bool, typer.Option("--refreeze", help="Take a new snapshot even where the week has one.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Portfolios worked on at a time; one a core, at most four.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Skip reports made from the same notebooks, parameters, data and versions.")
    ] = False,
    scheduler: Annotated[
        str, typer.Option(help="Address of a Dask scheduler, such as tcp://host:8786, whose workers make the reports.")
    ] = "",
    build: Annotated[
        bool,
        typer.Option("--build", help="First build portfolios whose imported files are newer than their snapshots."),
    ] = False,
    time_limit: Annotated[float, typer.Option(min=1, help="Seconds one portfolio may take.")] = 300.0,
    pushdown: Annotated[
        bool,
        typer.Option("--pushdown", help="With --all: let ClickHouse compute the ranking, where the snapshots are."),
    ] = False,
) -> None:
    """Freeze the week if it has no run yet, check it, and print it: PDF, HTML and JSON.

    With --all, a ranking of all portfolios is printed as well: fleet.pdf, fleet.html and fleet.json.

    Example: ys report --week 2026-W47 --all
    """
    if every == bool(portfolio):
        raise UsageError("name portfolios with --portfolio, or print every one with --all")
    if pushdown and not every:
        raise UsageError("--pushdown computes the ranking of all portfolios; ask for it with --all")
    if build and not portfolio:
        raise UsageError("--build builds the portfolios that are named with --portfolio")
    from ys_analytics import reporting
    from ys_analytics.cli.console import out as stdout
    from ys_analytics.cli.console import progress, say
    from ys_analytics.settings import load_settings

    settings = load_settings()
    folder = out or settings.out
    frozen = (folder / week / "manifest.json").is_file()
    if build:
        refreeze = _build_outdated(portfolio or ()) or refreeze
    elif portfolio and (refreeze or not frozen):
        _say_outdated(portfolio)
    if not refreeze and frozen:
        say(f"{week} was frozen already and is printed from that run; --refreeze takes a new snapshot")
    summary = reporting.Summary()
    try:
        with progress(f"report {week}") as tick:
            printed = reporting.report(
                settings,
                week=week,
                portfolios=None if every else portfolio,
                out=folder,
                provisional=provisional,
                refreeze=refreeze,
                pushdown=pushdown,
                jobs=jobs or reporting.JOBS,
                time_limit=time_limit,
                summary=summary,
                resume=resume,
                scheduler=scheduler,
                progress=tick,
            )
    finally:
        if summary.made or summary.unchanged or summary.failed:
            for line in summary.lines():
                say(line)
    for page in printed:
        stdout.print(str(page.pdf), markup=False, soft_wrap=True)


def _build_outdated(portfolios: Sequence[str]) -> bool:
    """Build the portfolios whose snapshots are older than their ledger or prices; whether there was one."""
    from ys_analytics import ingest
    from ys_analytics.cli.console import progress, say
    from ys_analytics.cli.opening import owner
    from ys_analytics.settings import load_settings

    import_log = ingest.ImportLog(load_settings().home / "imports")
    has_outdated = False
    with owner("ys report --build", only=ingest.WRITTEN_STORES) as stores:
        for name in portfolios:
            if why := ingest.outdated(stores, name):
                with progress(f"build {name}") as tick:
                    built = ingest.build(stores, name, log=import_log, progress=tick)
                for line in (f"{name} was built again: {why}", *str(built).splitlines()):
                    say(line)
                has_outdated = True
    return has_outdated


def _say_outdated(portfolios: Sequence[str]) -> None:
    """Say of each portfolio whose snapshots are older than its ledger or prices that they are."""
    from ys_analytics import ingest
    from ys_analytics.cli.console import say
    from ys_analytics.cli.opening import analyst

    with analyst("ys report", only=ingest.WRITTEN_STORES) as stores:
        for name in portfolios:
            if why := ingest.outdated(stores, name):
                say(f"{name} is printed as it was built: {why}; `ys report --build` builds it first")


def runs(
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of runs and reports.")] = None,
) -> None:
    """List the runs: what was found in each week frozen, whom it stops, and how many reports it has.

    Example: ys runs
    """
    from ys_analytics import reporting
    from ys_analytics.cli.console import say, show
    from ys_analytics.settings import load_settings

    folder = out or load_settings().out
    entries = reporting.list_runs(folder)
    if not entries:
        say(f"no runs in {folder}; make one with `ys freeze --week WEEK`")
        return
    headings = ("week", "frozen", "rows", "MiB", "critical", "warning", "stopped", "reports", "commit", "note")
    rows = (
        (
            entry.week,
            entry.as_of and f"{entry.as_of:%Y-%m-%d %H:%M}",
            f"{entry.rows:,}",
            f"{entry.bytes / 2**20:.1f}",
            entry.count_failed("critical"),
            entry.count_failed("warning"),
            "all" if entry.stopped == -1 else entry.stopped,
            len(entry.pages),
            entry.commit[:12],
            entry.problem or ("not checked yet" if entry.findings is None else ""),
        )
        for entry in entries
    )
    show("", headings, rows, numbers=("rows", "MiB", "critical", "warning", "stopped", "reports"))


def send(
    week: Annotated[str, typer.Option(help="ISO week, such as 2026-W47.")],
    recipients: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File that says who may see what; reports/recipients.toml.")
    ] = None,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of runs and reports.")] = None,
    *,
    really: Annotated[bool, typer.Option("--yes", help="Send; otherwise only what would be sent is listed.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Send what was sent before once more.")] = False,
) -> None:
    """Send the printed reports of a week by e-mail, each once: the PDF attached, page one in the message.

    Example: ys send --week 2026-W47 --yes
    """
    from datetime import UTC, datetime

    from ys_analytics.cli.console import say, show
    from ys_analytics.reporting import send as mail
    from ys_analytics.settings import load_settings

    settings = load_settings()
    messages = mail.send_week(
        settings,
        week=week,
        now=datetime.now(UTC),
        recipients=mail.read_recipients(recipients or mail.RECIPIENTS),
        out=out or settings.out,
        deliver=really,
        resend=again,
    )
    rows = ((message.recipient.email, message.receipt.portfolio, message.state, message.reason) for message in messages)
    show("", ("to", "report", "state", "reason"), rows)
    if not really:
        say("nothing was sent; --yes sends")


def due(
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of runs and reports.")] = None,
) -> None:
    """List the weeks that are over and not printed yet, the oldest first: for schedules, also those that start late.

    Example: ys due
    """
    from datetime import UTC, datetime

    from ys_analytics.cli.console import out as stdout
    from ys_analytics.reporting import index
    from ys_analytics.settings import load_settings

    for week in index.due(out or load_settings().out, now=datetime.now(UTC)):
        stdout.print(week, markup=False)


def lab(
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port on loopback.")] = 8888,
    folder: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Folder to open; the workspace when left out.")
    ] = None,
    *,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
) -> None:
    """Open JupyterLab on loopback, with its token, the embedded stores up and the kernel registered."""
    from ys_analytics.cli.lab import open_lab
    from ys_analytics.settings import WORKSPACE

    open_lab(port=port, browser=browser, folder=folder.resolve() if folder else WORKSPACE)
