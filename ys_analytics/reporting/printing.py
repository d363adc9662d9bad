"""The weekly report: freeze or open the run, ask the judge, execute, print, put on the shelf.

Knows the order of things. One portfolio that fails stops no other. A broken promise stops the portfolios whose
numbers rest on the rows at fault, and only those; printed all the same, because that was asked for, every page says so.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from nbformat import NotebookNode

from ys_analytics.errors import ExpectationFailed, ReportError, RunError, UsageError, YsError
from ys_analytics.reporting import book, notebook, page, ranking, shelf, weeks
from ys_analytics.reporting.printer import Printer, finished, open_printer
from ys_analytics.reporting.weekly import WEEKLY, Weekly, read_weekly
from ys_analytics.resources import NOTEBOOKS
from ys_analytics.schemas import Finding, Progress, Span, silent
from ys_analytics.settings import Settings

if TYPE_CHECKING:
    from ys_analytics.frames import Run
    from ys_analytics.quality import Subject

# Kernels at work at once; more than the machine has cores would only wait for one another.
_KERNELS = max(1, min(4, os.cpu_count() or 1))
_LISTED, _NAMED = 5, 3

# Stands for everybody where a portfolio's id would.
_ALL = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One portfolio's report, or the ranking of all.

    Attributes:
        portfolio_id: Whose; empty of the ranking.
        portfolio: What the owner calls it.
        pdf: For paper.
        html: For a screen; needs no network.
        json: For machines: every number of the other two.
    """

    portfolio_id: str
    portfolio: str
    pdf: Path
    html: Path
    json: Path


def report(
    settings: Settings,
    *,
    week: str,
    portfolios: Sequence[str] | None = None,
    out: Path | None = None,
    provisional: bool = False,
    refreeze: bool = False,
    pushdown: bool = False,
    run: "Run | None" = None,
    bound: Path = WEEKLY,
    progress: Progress = silent,
) -> list[Printed]:
    """Print a week.

    Args:
        settings: Where the stores are, and the risk-free rate.
        week: ISO week, such as 2026-W47.
        portfolios: Ids or unambiguous names; None prints every portfolio, and the ranking of them.
        out: Folder of runs; reports lie in the run's own. `settings.out` when None.
        provisional: Print over critical findings, with a watermark on every page. A week still running is always
            printed so.
        refreeze: Take a new snapshot even where the week has one.
        pushdown: Compute the ranking in ClickHouse, where the snapshots are.
        run: A run to print from, in place of the week's own.
        bound: The file that says which notebooks make the report.
        progress: Told what is being done.

    Raises:
        UsageError: no such week or portfolio, or nothing happened before the week's end.
        ExpectationFailed: the data broke a critical promise that some portfolios, or all, rest on; the line says who
            was stopped and by what, and the others are printed.
        RunError: the run was frozen again meanwhile.
        ReportError: at least one portfolio could not be printed; the others were.
    """
    from ys_analytics import quality

    Span.week(week)
    weekly = read_weekly(bound)
    for path in weekly.notebooks:
        notebook.check(notebook.read(path), {"run": "", "portfolio_id": "", "week": week}, name=path.name)
    opened = run or freeze_week(settings, week=week, out=out or settings.out, refreeze=refreeze, progress=progress)
    weeks.refuse_empty_run(opened)
    chosen = _chosen(opened, portfolios)
    about = quality.subject(opened.folder)
    findings = _judged(opened, about, progress)
    ranked = portfolios is None
    known = dict(opened.frame("portfolios").select("id", "name").iter_rows())
    # Of all portfolios, those that only other tables know of are asked for as well.
    named = {each for one in findings if one.stops for each in one.portfolios or ()}
    gone = {each: each for each in sorted(named - known.keys())} if ranked else {}
    stopped = {} if provisional else quality.stopped(findings, [*chosen, *gone])
    if not provisional and any(one.stops and one.portfolios is None for one in findings):
        quality.gate([one for one in findings if one.portfolios is None])
    press = _Press(
        settings=settings,
        run=opened,
        about=about,
        weekly=weekly,
        bound=book.bind(weekly.notebooks),
        findings=tuple(findings),
        running=weeks.why_running(opened),
        provisional=provisional,
        progress=progress,
    )
    return press.print_all(chosen | gone, stopped=stopped, ranked=ranked, pushdown=pushdown)


def freeze_week(
    settings: Settings, *, week: str, out: Path, refreeze: bool = False, progress: Progress = silent
) -> "Run":
    """The week's run: the one on disk, verified, or a new one frozen from the stores.

    Raises:
        UsageError: the week has not begun.
        RunError: the run on disk is torn or altered.
        StoreError: a store cannot be read.
    """
    from ys_analytics import frames
    from ys_analytics.local import open_stores

    Span.week(week)
    folder = out / week
    if not refreeze and (folder / "manifest.json").is_file():
        return frames.open_run(folder)
    progress("freezing")
    with open_stores(settings, role="analyst", purpose=f"ys freeze {week}") as stores:
        now = datetime.now(UTC)
        weeks.refuse_future(stores, week=week, now=now)
        weeks.refuse_empty(stores, week=week)
        return frames.freeze(stores, week=week, out=out, as_of=now)


@dataclass(frozen=True, slots=True)
class _Executed:
    """A portfolio's notebooks, run, and why its page is provisional; empty when it is not."""

    notebook: NotebookNode
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Press:
    """Everything the portfolios of one report have in common.

    Attributes:
        settings: Where the stores are, and the risk-free rate.
        run: The week.
        about: Of what the findings are the verdict.
        weekly: Title, publisher and notebooks.
        bound: The notebooks as one.
        findings: What the suites say of the run.
        running: Why no report of the week is the last word; empty when each may be.
        provisional: Whether a portfolio whose value is not explained is printed all the same.
        progress: Told what is being done.
    """

    settings: Settings
    run: "Run"
    about: "Subject"
    weekly: Weekly
    bound: NotebookNode
    findings: tuple[Finding, ...] = ()
    running: str = ""
    provisional: bool = False
    progress: Progress = silent

    def print_all(
        self,
        chosen: dict[str, str],
        *,
        stopped: Mapping[str, Sequence[Finding]] = MappingProxyType({}),
        ranked: bool,
        pushdown: bool,
    ) -> list[Printed]:
        """Print each portfolio, then their ranking; kernels work while the browser prints.

        Args:
            chosen: Name of each portfolio by its id.
            stopped: What stops some of them.
            ranked: Whether they are ranked as well.
            pushdown: Whether ClickHouse computes the ranking.

        Raises:
            ReportError: some failed; the line says which, why, and that the rest are printed.
            ExpectationFailed: all that failed did so because their data broke a promise.
        """
        from ys_analytics import quality

        printed: dict[str, Printed] = {}
        failed: dict[str, YsError] = {
            one: ExpectationFailed(f"stopped by {quality.named(reasons)}") for one, reasons in stopped.items()
        }
        if len(failed) == len(chosen) and failed:
            raise ExpectationFailed(_failures(failed, chosen, printed))
        # Kernels start first: they work while the browser opens.
        with (
            shelf.scratch(self.run.folder) as through,
            self._executing([one for one in chosen if one not in failed]) as running,
            open_printer(page.press()) as printer,
        ):
            for done, (portfolio_id, executed) in enumerate(running):
                name = chosen[portfolio_id]
                self.progress(name, done, len(chosen))
                try:
                    printed[portfolio_id] = self._print(portfolio_id, name, executed.result(), printer, through)
                except YsError as error:
                    failed[portfolio_id] = error
            if ranked:
                self.progress("ranking", len(chosen), len(chosen))
                try:
                    without = {one: str(why) for one, why in failed.items() if isinstance(why, ExpectationFailed)}
                    names = {one: chosen[one] for one in without}
                    printed[_ALL] = self._rank(printer, through, stopped=without, names=names, pushdown=pushdown)
                except YsError as error:
                    failed[_ALL] = error
        names = chosen | ({_ALL: ranking.NAME} if ranked else {})
        if failed:
            by_data = all(isinstance(error, ExpectationFailed) for error in failed.values())
            kind = ExpectationFailed if by_data else ReportError
            raise kind(_failures(failed, names, printed)) from next(iter(failed.values()))
        return [printed[portfolio_id] for portfolio_id in names]

    @contextmanager
    def _executing(self, ids: list[str]) -> Iterator[Iterator[tuple[str, Future[_Executed]]]]:
        """Notebooks executed beside one another, each handed out when it is done."""
        with ThreadPoolExecutor(max_workers=min(_KERNELS, len(ids) or 1)) as kernels:
            waiting = {kernels.submit(self._execute, portfolio_id): portfolio_id for portfolio_id in ids}
            try:
                yield ((waiting[done], done) for done in as_completed(waiting))
            finally:
                kernels.shutdown(wait=True, cancel_futures=True)

    def _execute(self, portfolio_id: str) -> _Executed:
        """Ask whether the week's change in value is explained, and run the notebooks where it is or may be printed."""
        from ys_analytics import quality
        from ys_analytics.desk import Desk
        from ys_analytics.desk.sources import Frozen

        seat = Desk(source=Frozen(self.run), portfolio_id=portfolio_id, week=self.run.week, settings=self.settings)
        residual = seat.residual()
        if not self.provisional:
            quality.gate([residual])
        given = {"run": str(self.run.folder.resolve()), "portfolio_id": portfolio_id, "week": self.run.week}
        # One frame of one portfolio is small: two kernels share the cores better with a thread each.
        environment = {"YS_RISK_FREE": str(self.settings.risk_free), "POLARS_MAX_THREADS": "1"}
        executed = notebook.execute(self.bound, given, folder=NOTEBOOKS, environment=environment)
        mine = [one for one in self.findings if one.touches(portfolio_id)]
        return _Executed(executed, (*_doubts(mine, self.running), *_doubts([residual])))

    def _print(self, portfolio_id: str, name: str, executed: _Executed, printer: Printer, through: Path) -> Printed:
        cover = self._cover(portfolio_id, name, self.weekly.title, doubts=executed.doubts)
        twin = page.to_twin(executed.notebook, cover, {"notebooks": [path.name for path in self.weekly.notebooks]})
        stem = shelf.stem(name, portfolio_id)
        return self._put(cover, executed.notebook, twin=twin, stem=stem, printer=printer, through=through)

    def _rank(
        self, printer: Printer, through: Path, *, stopped: Mapping[str, str], names: Mapping[str, str], pushdown: bool
    ) -> Printed:
        """The page of all portfolios; those that were stopped stand on it with the reason and without a number."""
        leaf, facts = ranking.leaf(self.run, self.settings, stopped=stopped, names=names, pushdown=pushdown)
        doubts = _doubts(self.findings if self.provisional else (), self.running)
        cover = self._cover(_ALL, ranking.NAME, ranking.TITLE, doubts=doubts, landscape=True)
        twin = page.to_twin(leaf, cover, facts)
        return self._put(cover, leaf, twin=twin, stem=ranking.STEM, printer=printer, through=through)

    def _cover(
        self, portfolio_id: str, name: str, title: str, *, doubts: tuple[str, ...], landscape: bool = False
    ) -> page.Cover:
        return page.Cover(
            portfolio_id=portfolio_id,
            portfolio=name,
            week=self.run.week,
            as_of=self.run.manifest.as_of,
            title=title,
            publisher=self.weekly.publisher,
            provisional=doubts,
            landscape=landscape,
        )

    def _put(
        self,
        cover: page.Cover,
        executed: NotebookNode,
        *,
        twin: bytes,
        stem: str,
        printer: Printer,
        through: Path,
    ) -> Printed:
        """Print a page and put its three files on the shelf under one stem."""
        html = page.to_html(executed, cover)
        base = self.run.folder / stem
        files = Printed(
            portfolio_id=cover.portfolio_id,
            portfolio=cover.portfolio,
            pdf=base.with_suffix(".pdf"),
            html=base.with_suffix(".html"),
            json=base.with_suffix(".json"),
        )
        pdf = finished(
            printer.to_pdf(html),
            title=cover.heading,
            author=cover.publisher,
            subject=f"{cover.title}, {cover.week}",
            made=cover.as_of,
            twin=(files.json.name, twin),
        )
        self._same_run()
        shelf.put({files.html: page.with_script(html).encode(), files.json: twin, files.pdf: pdf}, through=through)
        return files

    def _same_run(self) -> None:
        """Refuse to put a page beside another run than the one that was judged.

        Raises:
            RunError: the week was frozen or judged again meanwhile.
        """
        from ys_analytics import quality

        if not quality.judged_whole(self.run.folder, self.about):
            raise RunError(f"{self.run.folder.name} was frozen or judged again while it was printed; print it again")


def _chosen(run: "Run", asked: Sequence[str] | None) -> dict[str, str]:
    """Name of each portfolio to print, by id: all that were open by the week's end, or those asked for.

    Raises:
        UsageError: there is no such portfolio, or it was opened after the week.
    """
    from ys_analytics import frames

    known = run.frame("portfolios")
    names: dict[str, str] = dict(known.sort("name", "id").select("id", "name").iter_rows())
    later = weeks.opened_later(run)
    if asked is None:
        return {one: name for one, name in names.items() if one not in later}
    ids = dict.fromkeys(frames.find_portfolio(known, one) for one in asked)
    for one in ids:
        if one in later:
            raise UsageError(f"{names[one]!r} was opened on {later[one]}, after {run.week} ended; name a later week")
    return {one: names[one] for one in ids}


def _judged(run: "Run", about: "Subject", progress: Progress) -> list[Finding]:
    """What the suites say of the run; asked once, and again where that was no whole verdict by these suites."""
    from ys_analytics import quality

    if quality.judged_whole(run.folder, about):
        return quality.read_findings(run.folder)
    progress("judging")
    return quality.validate(run)


def _doubts(findings: Iterable[Finding], *others: str) -> tuple[str, ...]:
    """Why a page is provisional: the promises broken that would have stopped it, and other reasons."""
    broken = [finding for finding in findings if finding.stops]
    named = [f"{finding.suite} {finding.rule}: {finding.observed or finding.outcome}" for finding in broken[:_NAMED]]
    more = [f"{len(broken) - _NAMED} more broken promises"] if len(broken) > _NAMED else []
    return tuple(reason for reason in (*others, *named, *more) if reason)


def _failures(failed: dict[str, YsError], chosen: dict[str, str], printed: dict[str, Printed]) -> str:
    """Which reports failed, or were stopped by their data, and why: one line, those with one reason together."""
    alike: dict[str, list[str]] = {}
    for one, error in failed.items():
        alike.setdefault(str(error), []).append(chosen[one])
    listed = "; ".join(f"{_people(names)}: {why}" for why, names in list(alike.items())[:_LISTED])
    more = len(alike) - _LISTED
    others = f"; and {more} more reasons" if more > 0 else ""
    rest = f"; the other {len(printed)} are printed" if printed else "; nothing is printed"
    return f"{len(failed)} of {len(chosen)} reports failed: {listed}{others}{rest}"


def _people(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_LISTED])
    return shown + (f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else "")
