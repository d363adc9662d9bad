"""The commands that check: the data by its suites, the installation by its stores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from ys_analytics.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from ys_analytics.schemas import Finding

    # The findings, since when each failed rule has failed, and the name of each portfolio by its id.
    CheckResult: TypeAlias = tuple[list[Finding], dict[tuple[str, str], datetime], dict[str, str]]


def register(app: typer.Typer) -> None:
    """Add these commands to `ys`."""
    app.command()(check)
    app.command()(doctor)


def check(
    tables: Annotated[
        list[str] | None, typer.Argument(help="Tables, or cross_store; everything when left out.")
    ] = None,
    week: Annotated[str, typer.Option(help="Check the run of this ISO week; the newest run when left out.")] = "",
    run: Annotated[Path | None, typer.Option(file_okay=False, help="Check the run in this folder.")] = None,
    docs: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write Great Expectations' own pages to this folder as well.")
    ] = None,
    fail_on: Annotated[Literal["warning", "critical"], typer.Option(help="What makes the exit code 14.")] = "critical",
    *,
    live: Annotated[bool, typer.Option("--live", help="Check the stores as they are now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every finding as JSON.")] = False,
) -> None:
    """Check the data by its expectation suites; exit 14 when a critical check fails.

    With --live, exit 11 when a store could not answer a rule: that is no fault of the data.

    Names the portfolios whose numbers rest on each failed check: only their reports are stopped. Checking a whole run
    leaves findings.json and scorecard.html in its folder.

    Example: ys check portfolio_snapshots market_data --fail-on warning
    """
    from ys_analytics import quality
    from ys_analytics.cli.console import out, show_json

    if live and (run or week or docs):
        raise UsageError("--live checks the stores and --week, --run and --docs a run; choose one")
    findings, since, names = _live(tables) if live else _frozen(run or _folder(week), tables, docs)
    if as_json:
        show_json(quality.to_json(findings))
    else:
        out.print(quality.table(findings, since=since, names=names))
    (quality.gate_live if live else quality.gate)(findings, fail_on=fail_on)


def _live(tables: list[str] | None) -> CheckResult:
    """Check the live stores; no history is kept of them."""
    from datetime import UTC, datetime

    from ys_analytics import frames, quality
    from ys_analytics.cli.opening import analyst

    with analyst("ys check --live") as stores:
        findings = quality.validate_live(stores, as_of=datetime.now(UTC), tables=tables)
        broken = any(finding.outcome != "passed" for finding in findings)
        names = dict(frames.load(stores, "portfolios").select("id", "name").iter_rows()) if broken else {}
        return findings, {}, names


def _frozen(folder: Path, tables: list[str] | None, docs: Path | None) -> CheckResult:
    """Check a run and read since when each rule fails; the pages that show it are named on stderr."""
    from ys_analytics import frames, quality
    from ys_analytics.cli.console import say

    run = frames.open_run(folder)
    findings = quality.validate(run, tables=tables)
    if tables is None:
        say(f"scorecard: {quality.write_scorecard(run.folder)}")
    if docs is not None:
        say(f"data docs: {quality.data_docs(run, into=docs, tables=tables)}")
    names = dict(run.frame("portfolios").select("id", "name").iter_rows()) if "portfolios" in run.tables else {}
    return findings, quality.History.of_run(run.folder).since(), names


def _folder(week: str) -> Path:
    """The folder of a week's run, or of the newest run."""
    from ys_analytics.schemas import Week
    from ys_analytics.settings import load_settings

    runs = load_settings().out
    if week:
        return runs / Week(week)  # a week and not a path
    runs_found = sorted(path.parent for path in runs.glob("*/manifest.json"))
    if not runs_found:
        raise UsageError(
            f"there is no run in {runs} to check; `ys freeze --week W` makes one, `--live` checks the stores"
        )
    return runs_found[-1]


def doctor(
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="A late table is not well either: exit 11.")] = False,
) -> None:
    """Say how each store is, what it may be read for, and whether the four agree; exit 0 only when all is well.

    A table whose next rows are overdue by its own pace is marked late: its store is well, what fills it may not be.
    """
    from datetime import UTC, datetime

    from ys_analytics.cli.console import show
    from ys_analytics.doctor import examine
    from ys_analytics.errors import StoreError
    from ys_analytics.settings import load_settings

    answers = examine(load_settings(), as_of=datetime.now(UTC))
    marks = ["late" if answer.overdue else "ok" if answer.ok else "!!" for answer in answers]
    show(
        "",
        ("store", "asked", "", "said"),
        ((a.store, a.question, m, a.text) for a, m in zip(answers, marks, strict=True)),
    )
    if failed := marks.count("!!"):
        raise StoreError(f"{failed} of {len(answers)} answers are not well; the lines marked !! say which")
    if fresh and (overdue := marks.count("late")):
        raise StoreError(f"{overdue} tables are late; the lines marked late say which, and since when")
