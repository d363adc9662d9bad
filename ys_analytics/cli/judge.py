"""The commands that judge: the data by its suites, the installation by its stores."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def register(app: typer.Typer) -> None:
    """Add these commands to `ys`."""
    app.command()(check)
    app.command()(doctor)


def check(
    tables: Annotated[list[str] | None, typer.Argument(help="Tables to judge; all of them when left out.")] = None,
    week: Annotated[str, typer.Option(help="Judge the run of this ISO week; the newest run when left out.")] = "",
    run: Annotated[Path | None, typer.Option(file_okay=False, help="Judge the run in this folder.")] = None,
    fail_on: Annotated[Literal["warning", "critical"], typer.Option(help="What makes the exit code 14.")] = "critical",
    *,
    live: Annotated[bool, typer.Option("--live", help="Judge the stores as they are now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Judge the data by the expectation suites.

    Example: ys check --live --fail-on warning
    """


def doctor() -> None:
    """Say how each store is, what it may be read for, and whether the four agree; exit 0 only when all is well."""
    from datetime import UTC, datetime

    from ys_analytics.cli.console import show
    from ys_analytics.doctor import examine
    from ys_analytics.errors import StoreError
    from ys_analytics.settings import load_settings

    answers = examine(load_settings(), as_of=datetime.now(UTC))
    show("", ("store", "asked", "", "said"), ((a.store, a.question, "ok" if a.well else "!!", a.said) for a in answers))
    unwell = [answer for answer in answers if not answer.well]
    if unwell:
        raise StoreError(f"{len(unwell)} of {len(answers)} answers are not well; the lines marked !! say which")
