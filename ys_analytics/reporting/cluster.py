"""The batch on a Dask cluster: each worker makes and prints pages, the client puts them in place.

Depends on Dask's `distributed` (extra `cluster`). Workers see the run's folder at the same path, over a shared file
system, and run the same version of the kit. A page that was under way on a worker that died is made by another; what
arrives twice is put once, since only this process puts.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ys_analytics.errors import ReportError, YsError
from ys_analytics.reporting import execute, page
from ys_analytics.reporting.page import PageInfo
from ys_analytics.reporting.printer import Printer, open_printer
from ys_analytics.reporting.task import Task

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPage:
    """A page made and printed on a worker.

    Attributes:
        info: What it says of itself.
        html: The page.
        data: Its data JSON.
        pdf: As the browser printed it, without metadata and attachment.
        seconds: What each step took.
        memory: The most the process that made it held, in bytes.
        worker: Which worker made it.
    """

    info: PageInfo
    html: str
    data: bytes
    pdf: bytes
    seconds: Mapping[str, float]
    memory: int
    worker: str


@contextmanager
def connect(address: str) -> "Iterator[Client]":
    """A client of a cluster with at least one worker.

    Raises:
        ReportError: `distributed` is not installed, there is no scheduler at the address, or it has no worker.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ReportError("--scheduler needs Dask: install ys-analytics[cluster]") from None
    try:
        client = Client(address, timeout=15, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ReportError(f"no Dask scheduler answers at {address}: {' '.join(str(error).split())[:200]}") from error
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise ReportError(
                f"the Dask scheduler at {address} has no workers; start some with `dask worker {address}`"
            )
        yield client


def pages_from_cluster(
    client: "Client", tasks: Mapping[str, Task], *, limit: float
) -> "Iterator[tuple[str, ClusterPage | YsError]]":
    """Each portfolio's page as it comes back, or why there is none; in the order in which they are done."""
    from distributed import as_completed

    futures = {
        client.submit(
            make_and_print, replace(task, folder=Path()), limit,
            key=f"page-{portfolio_id}-{hashlib.sha256(os.urandom(8)).hexdigest()[:8]}", pure=False, retries=0,
        ): portfolio_id
        for portfolio_id, task in tasks.items()
    }  # fmt: skip
    completed = as_completed(list(futures), loop=client.loop)
    try:
        for future in completed:
            yield futures.pop(future), _result(future)
            future.release()  # a page is held once: here
    finally:
        client.cancel(list(futures), force=True)


def _result(future: Any) -> ClusterPage | YsError:
    error = future.exception()
    if error is None:
        made: ClusterPage = future.result()
        return made
    if isinstance(error, YsError):
        return error
    return ReportError(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def make_and_print(task: Task, limit: float) -> ClusterPage:
    """Make and print one page on this worker.

    Raises:
        YsError: as the process that makes the page raises it.
    """
    with tempfile.TemporaryDirectory(prefix="ys-page-") as folder, execute.open_executor(limit) as executor:
        made = executor.make(replace(task, folder=Path(folder), environment={**os.environ, **_report_settings(task)}))
        html = made.html.read_text(encoding="utf-8")
        return ClusterPage(
            info=made.info, html=html, data=made.data.read_bytes(), pdf=_printer().to_pdf(html),
            seconds=made.seconds, memory=made.memory, worker=f"{os.uname().nodename}:{os.getpid()}",
        )  # fmt: skip


def _report_settings(task: Task) -> dict[str, str]:
    """The client's variables that change a page's numbers; paths and secrets are the worker's own."""
    return {name: task.environment[name] for name in ("YS_RISK_FREE", "YS_BENCHMARK") if name in task.environment}


_open_printers: list[Printer] = []


def _printer() -> Printer:
    """This worker's browser, opened once and closed with it."""
    if not _open_printers:
        import atexit

        printer_context = open_printer(page.printing_page(), page.library(), pages=max(1, os.cpu_count() or 1))
        _open_printers.append(printer_context.__enter__())
        atexit.register(printer_context.__exit__, None, None, None)
    return _open_printers[0]
