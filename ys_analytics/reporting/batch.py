"""The weekly report: planned, executed side by side, written.

Depends on `plan`, `execute` and `write`. One portfolio that fails stops no other.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from ys_analytics.errors import ExpectationFailed, ReportError, YsError
from ys_analytics.frames.atomic import discard
from ys_analytics.frames.run import verification_of
from ys_analytics.reporting import execute, index, output, page, ranking, receipts
from ys_analytics.reporting.page import PageInfo
from ys_analytics.reporting.plan import ReportJob, plan_report
from ys_analytics.reporting.printer import open_printer
from ys_analytics.reporting.reasons import provisional_reasons
from ys_analytics.reporting.task import Task
from ys_analytics.reporting.weekly import WEEKLY
from ys_analytics.reporting.write import PrintedPage, Writer, report_files
from ys_analytics.schemas import Progress, silent
from ys_analytics.settings import Settings

if TYPE_CHECKING:
    from ys_analytics.frames import Run
    from ys_analytics.reporting.cluster import ClusterPage

# How many processes work at once by default; more than the machine has cores would only wait for one another.
JOBS = max(1, min(4, os.cpu_count() or 1))
TIME_LIMIT = 300.0
_MAX_LISTED = 5
# Of more pages than this, the gigabyte that the checking processes hold is worth more than their next quick start.
_LARGE_BATCH = 24

# Stands for all portfolios where one's id would.
_ALL_PORTFOLIOS = ""


@dataclass(slots=True)
class Summary:
    """Outcome of a batch: pages made, unchanged and failed, and the time of each step.

    Attributes:
        made: How many pages were made.
        unchanged: How many were there already, made from the same input.
        failed: Why each page was not made, by its portfolio's name.
        seconds: CPU seconds of each step in the processes, and seconds of printing, over all pages made.
        wall: Seconds it took in all.
        memory: The most one process held, in bytes.
    """

    made: int = 0
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    wall: float = 0.0
    memory: int = 0

    def add(self, seconds: Mapping[str, float], memory: int = 0) -> None:
        """Count one page and what its steps took."""
        self.made += 1
        self.memory = max(self.memory, memory)
        for step, taken in seconds.items():
            self.seconds[step] = self.seconds.get(step, 0.0) + taken

    def lines(self) -> list[str]:
        r"""The outcome as lines: counts, the reason of each failure, and seconds by step.

        >>> done = Summary(
        ...     made=2, unchanged=1, failed={"Alder": "no price"}, seconds={"cells": 2.0, "print": 1.0}, wall=4.0
        ... )
        >>> print("\n".join(done.lines()))
        2 pages made, 1 already there, 1 failed
        failed: 'Alder': no price
        4 s, 30 pages a minute; a page took: cells 1.00 s, print 0.50 s
        """
        head = f"{self.made} page{'' if self.made == 1 else 's'} made, {self.unchanged} already there"
        head += f", {len(self.failed)} failed" if self.failed else ""
        lines = [head, *(f"failed: {name!r}: {reason}" for name, reason in self.failed.items())]
        if self.made:
            steps = ", ".join(f"{step} {taken / self.made:.2f} s" for step, taken in self.seconds.items())
            lines.append(f"{self.wall:.0f} s, {60 * self.made / self.wall:.0f} pages a minute; a page took: {steps}")
        return lines


def report(
    settings: Settings,
    *,
    week: str,
    portfolios: Sequence[str] | None = None,
    out: Path | None = None,
    provisional: bool = False,
    refreeze: bool = False,
    pushdown: bool = False,
    jobs: int = JOBS,
    time_limit: float = TIME_LIMIT,
    resume: bool = False,
    scheduler: str = "",
    run: "Run | None" = None,
    weekly_file: Path = WEEKLY,
    summary: Summary | None = None,
    progress: Progress = silent,
) -> list[PrintedPage]:
    """Print the weekly report of each portfolio, and their ranking.

    Args:
        settings: Where the stores are, and the risk-free rate.
        week: ISO week, such as 2026-W47.
        portfolios: Ids or unambiguous names; None prints every portfolio, and the ranking of them.
        out: Folder of runs; reports lie in the run's own. `settings.out` when None.
        provisional: Print over critical findings, with a watermark on every page. A week still running is always
            printed so.
        refreeze: Read the stores again even where the week has a run.
        pushdown: Compute the ranking in ClickHouse, where the snapshots are.
        jobs: How many portfolios are worked on at a time.
        time_limit: Seconds one portfolio may take.
        resume: Leave the pages alone that were made from the same notebooks, parameters, data and versions.
        scheduler: Address of a Dask scheduler whose workers make and print the pages; empty makes them here.
        run: A run to print from, in place of the week's own.
        weekly_file: The file that says which notebooks make the report.
        summary: Filled with what became of each page and where the time went.
        progress: Called with what is being done.

    Raises:
        UsageError: no such week or portfolio, or nothing happened before the week's end.
        ExpectationFailed: the data failed a critical rule that some portfolios, or all, rest on; the line says which
            were stopped and by what, and the others are printed.
        RunError: the run was frozen again meanwhile.
        ReportError: at least one portfolio could not be printed; the others were.
    """
    execute.warm()
    job = plan_report(
        settings,
        week=week,
        portfolios=portfolios,
        out=out or settings.out,
        weekly_file=weekly_file,
        provisional=provisional,
        refreeze=refreeze,
        pushdown=pushdown,
        run=run,
        progress=progress,
    )
    return print_all(
        job, jobs=jobs, time_limit=time_limit, resume=resume, scheduler=scheduler, summary=summary, progress=progress
    )


def print_all(
    job: ReportJob,
    *,
    jobs: int = JOBS,
    time_limit: float = TIME_LIMIT,
    resume: bool = False,
    scheduler: str = "",
    summary: Summary | None = None,
    progress: Progress = silent,
) -> list[PrintedPage]:
    """Print each portfolio of a job, then their ranking; `report` explains the arguments.

    Raises:
        ReportError: some failed; the line says which, why, and that the rest are printed.
        ExpectationFailed: all that failed did so because their data failed a rule.
    """
    from ys_analytics import quality

    summary = Summary() if summary is None else summary
    started = time.monotonic()
    failed: dict[str, YsError] = {
        portfolio_id: ExpectationFailed(f"stopped by {quality.list_rules(reasons)}")
        for portfolio_id, reasons in job.stopped.items()
    }
    if failed and len(failed) == len(job.names):
        summary.failed.update({job.names[portfolio_id]: str(error) for portfolio_id, error in failed.items()})
        raise ExpectationFailed(_failures(failed, job.names, {}))
    printed = _up_to_date(job, failed) if resume else {}
    summary.unchanged = len(printed)
    to_print = [
        portfolio_id for portfolio_id in job.names if portfolio_id not in failed and portfolio_id not in printed
    ]
    if len(to_print) > _LARGE_BATCH:
        quality.stop_worker()
    if to_print or job.ranked:
        with (
            output.scratch(job.run.folder) as scratch,
            execute.open_executor(time_limit) as executor,
            open_printer(page.printing_page(), page.library(), pages=_printing_at_once(jobs, len(to_print))) as printer,
        ):
            writer = Writer(run=job.run, subject=job.subject, printer=printer, scratch=scratch)
            pages = _PagePrinter(job, executor, writer, summary, time_limit)
            with pages.on_cluster(to_print, scheduler) if scheduler else pages.in_parallel(to_print, jobs) as done:
                for count, (portfolio_id, result) in enumerate(done, start=1):
                    try:
                        printed[portfolio_id] = result()
                    except YsError as error:
                        failed[portfolio_id] = error
                    progress("portfolios", count, len(to_print))
            _receipts_of_failed(job, failed, scratch)
            if job.ranked:
                progress("ranking")
                try:
                    stopped = {
                        portfolio_id: str(error)
                        for portfolio_id, error in failed.items()
                        if isinstance(error, ExpectationFailed)
                    }
                    printed[_ALL_PORTFOLIOS] = _rank(job, writer, stopped)
                except YsError as error:
                    failed[_ALL_PORTFOLIOS] = error
    index.write_index(job.run.folder.parent)
    summary.wall = time.monotonic() - started
    names = {**job.names, **({_ALL_PORTFOLIOS: ranking.NAME} if job.ranked else {})}
    if failed:
        summary.failed.update({names[portfolio_id]: str(error) for portfolio_id, error in failed.items()})
        only_data = all(isinstance(error, ExpectationFailed) for error in failed.values())
        kind = ExpectationFailed if only_data else ReportError
        raise kind(_failures(failed, names, printed)) from next(iter(failed.values()))
    return [printed[portfolio_id] for portfolio_id in names]


def _printing_at_once(jobs: int, pages: int) -> int:
    """How many pages print at a time: one for two that are made, which takes about twice as long."""
    return max(1, min((jobs + 1) // 2, pages))


def _up_to_date(job: ReportJob, failed: Mapping[str, YsError]) -> dict[str, PrintedPage]:
    """The pages on disk whose receipt has the key that a new page would have."""
    pages = {}
    for portfolio_id, name in job.names.items():
        stem = output.stem(name, portfolio_id)
        receipt = receipts.read(job.run.folder, stem) if portfolio_id not in failed else None
        if (
            receipt is not None
            and receipt.key == receipts.key(job, portfolio_id)
            and receipt.is_complete(job.run.folder)
        ):
            pages[portfolio_id] = report_files(job.run.folder, stem, portfolio_id=portfolio_id, portfolio=name)
    return pages


def _receipts_of_failed(job: ReportJob, failed: Mapping[str, YsError], scratch: Path) -> None:
    """Write a receipt of each page that was not made, for the index."""
    for portfolio_id, error in failed.items():
        stem = output.stem(job.names[portfolio_id], portfolio_id)
        receipt = receipts.Receipt(
            stem=stem, portfolio_id=portfolio_id, portfolio=job.names[portfolio_id], key="", reason=str(error),
            stopped=isinstance(error, ExpectationFailed),
        )  # fmt: skip
        written = {receipts.path(job.run.folder, stem): receipt.to_json()}
        output.put(written, folder=job.run.folder, staging=scratch)


@dataclass(frozen=True, slots=True)
class _PagePrinter:
    """Makes and writes the pages of portfolios."""

    job: ReportJob
    executor: execute.Executor
    writer: Writer
    summary: Summary
    limit: float

    @contextmanager
    def in_parallel(self, ids: Sequence[str], jobs: int) -> Iterator[Iterator[tuple[str, Callable[[], PrintedPage]]]]:
        """Print pages in parallel; gives each portfolio when it is done, with a function that returns its result."""
        # One thread more than jobs: a page is printed while the processes make the next ones.
        with ThreadPoolExecutor(max_workers=jobs + 1) as threads:
            futures = {threads.submit(self.print_one, portfolio_id): portfolio_id for portfolio_id in ids}
            try:
                yield ((futures[completed], completed.result) for completed in as_completed(futures))
            except BaseException:
                self.executor.close()
                threads.shutdown(wait=True, cancel_futures=True)
                raise

    @contextmanager
    def on_cluster(
        self, ids: Sequence[str], scheduler: str
    ) -> Iterator[Iterator[tuple[str, Callable[[], PrintedPage]]]]:
        """The same on a Dask cluster: workers make and print pages, this process puts them in place."""
        from ys_analytics.reporting import cluster

        tasks = {portfolio_id: task(self.job, portfolio_id, self.writer.scratch) for portfolio_id in ids}
        with cluster.connect(scheduler) as client:
            arrived = cluster.pages_from_cluster(client, tasks, limit=self.limit)
            yield ((portfolio_id, partial(self.put, portfolio_id, page)) for portfolio_id, page in arrived)

    def put(self, portfolio_id: str, page: "ClusterPage | YsError") -> PrintedPage:
        """Put a page that a worker made in place."""
        if isinstance(page, YsError):
            raise page
        stem = output.stem(self.job.names[portfolio_id], portfolio_id)
        key = receipts.key(self.job, portfolio_id)
        written = self.writer.write(page.info, page.html, page.data, stem=stem, key=key, pdf=page.pdf)
        self.summary.add(page.seconds, page.memory)
        return written

    def print_one(self, portfolio_id: str) -> PrintedPage:
        """Make one portfolio's page in a process of its own, and write it."""
        folder = Path(mkdtemp(prefix="page-", dir=self.writer.scratch))
        try:
            made = self.executor.make(task(self.job, portfolio_id, folder))
            html, data = made.html.read_text(encoding="utf-8"), made.data.read_bytes()
            started = time.monotonic()
            stem = output.stem(self.job.names[portfolio_id], portfolio_id)
            key = receipts.key(self.job, portfolio_id)
            written = self.writer.write(made.info, html, data, stem=stem, key=key)
            self.summary.add({**made.seconds, "print": time.monotonic() - started}, made.memory)
            return written
        finally:
            discard(folder)


def task(job: ReportJob, portfolio_id: str, folder: Path) -> Task:
    """The task of the process that makes one portfolio's page."""
    portfolio_findings = [finding for finding in job.findings if finding.affects_portfolio(portfolio_id)]
    report_settings = {"YS_RISK_FREE": str(job.settings.risk_free), "YS_BENCHMARK": job.settings.benchmark}
    environment = {**os.environ, **report_settings}
    return Task(
        notebook=job.notebook,
        parameters=job.parameters(portfolio_id),
        info=_info(
            job, portfolio_id, job.names[portfolio_id], job.weekly.title,
            provisional=provisional_reasons(portfolio_findings, job.not_final),
        ),
        facts={"notebooks": [path.name for path in job.weekly.notebooks]},
        folder=folder,
        environment=environment,
        verified=verification_of(job.run),
        provisional=job.provisional,
    )  # fmt: skip


def _info(
    job: ReportJob, portfolio_id: str, name: str, title: str, *, provisional: tuple[str, ...], landscape: bool = False
) -> PageInfo:
    return PageInfo(
        portfolio_id=portfolio_id,
        portfolio=name,
        week=job.run.week,
        as_of=job.run.manifest.as_of,
        title=title,
        publisher=job.weekly.publisher,
        provisional=provisional,
        landscape=landscape,
    )


def _rank(job: ReportJob, writer: Writer, stopped: Mapping[str, str]) -> PrintedPage:
    """The page of all portfolios; those that were stopped are on it with the reason and without a number."""
    names = {portfolio_id: job.names[portfolio_id] for portfolio_id in stopped}
    executed, facts = ranking.ranking_page(job.run, job.settings, stopped=stopped, names=names, pushdown=job.pushdown)
    reasons = provisional_reasons(job.findings if job.provisional else (), job.not_final)
    info = _info(job, _ALL_PORTFOLIOS, ranking.NAME, ranking.TITLE, provisional=reasons, landscape=True)
    data = page.to_data(executed, info, facts)
    return writer.write(
        info, page.to_html(executed, info), data, stem=ranking.STEM, key=receipts.key(job, _ALL_PORTFOLIOS, stopped)
    )


def _failures(failed: Mapping[str, YsError], names: Mapping[str, str], printed: Mapping[str, PrintedPage]) -> str:
    """Which reports failed, or were stopped by their data, and why: one line, those with one reason together."""
    by_reason: dict[str, list[str]] = {}
    for portfolio_id, error in failed.items():
        by_reason.setdefault(str(error), []).append(names[portfolio_id])
    listed = "; ".join(
        f"{_quoted_names(failed_names)}: {reason}" for reason, failed_names in list(by_reason.items())[:_MAX_LISTED]
    )
    more = len(by_reason) - _MAX_LISTED
    others = f"; and {more} more reasons" if more > 0 else ""
    rest = f"; the other {len(printed)} are printed" if printed else "; nothing is printed"
    return f"{len(failed)} of {len(names)} reports failed: {listed}{others}{rest}"


def _quoted_names(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_MAX_LISTED])
    return shown + (f" and {len(names) - _MAX_LISTED:,} more" if len(names) > _MAX_LISTED else "")
