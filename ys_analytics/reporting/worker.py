"""One portfolio's report in a process of its own: the gate, the notebooks, and the page they make.

Depends on everything a report needs, imported here once: processes are forked from one that has imported this module
and has computed nothing. Does not open a browser, and writes only into the folder it is given.
"""

import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module

from ys_analytics import quality
from ys_analytics.desk import open_desk, provenance
from ys_analytics.frames import run as runs
from ys_analytics.metrics import METRICS
from ys_analytics.reporting import engine, notebook, page
from ys_analytics.reporting.reasons import provisional_reasons
from ys_analytics.reporting.task import PREPARED, MadePage, Task
from ys_analytics.views import templates
from ys_analytics.views.formula import mathml

HTML, DATA = "page.html", "page.json"

# What the first cell that needs it would load, in every process anew.
_LOADED_BY_CELLS = (
    "IPython.core.logger",
    "numpy.ma",
    "polars._utils.udfs",
    "ys_analytics.views.calls",
    "ys_analytics.views.notebook_session",
)


def make(task: Task) -> MadePage:
    """Make one portfolio's page in this process.

    Raises:
        ExpectationFailed: the week's change in value is not explained.
        ReportError: a cell failed.
    """
    cpu_seconds: dict[str, float] = {}
    if task.verified is not None:
        runs.accept_verification(task.verified)
    with _timed(cpu_seconds, "gate"):
        parameters = {name: str(value) for name, value in task.parameters.items()}
        residual = open_desk(
            parameters["run"], portfolio_id=parameters["portfolio_id"], week=parameters["week"]
        ).residual()
        if not task.provisional:
            quality.gate([residual])
    with _timed(cpu_seconds, "cells"):
        executed = notebook.execute(task.notebook, task.parameters)
    with _timed(cpu_seconds, "HTML"):
        info = replace(task.info, provisional=(*task.info.provisional, *provisional_reasons([residual])))
        data, html = task.folder / DATA, task.folder / HTML
        data.write_bytes(page.to_data(executed, info, dict(task.facts)))
        html.write_text(page.to_html(executed, info), encoding="utf-8")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return MadePage(info=info, html=html, data=data, seconds=cpu_seconds, memory=memory)


@contextmanager
def _timed(cpu_seconds: dict[str, float], step: str) -> Iterator[None]:
    started = time.process_time()
    try:
        yield
    finally:
        cpu_seconds[step] = time.process_time() - started


def _prepare() -> None:
    """Load what every page needs before the first fork, without starting a thread."""
    for module in _LOADED_BY_CELLS:
        import_module(module)
    engine.shell().run_cell("", silent=True)  # type: ignore[no-untyped-call]
    page.warm()
    templates.warm()
    provenance.commit()
    for metric in METRICS.values():
        mathml(metric.formula)


if os.environ.get(PREPARED):  # only in the process that others are forked from
    _prepare()
