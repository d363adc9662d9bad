"""The batch on a Dask cluster of real worker processes, one of which is killed half-way: every report, each once."""

import json
import os
import signal
import threading
import time
from collections import Counter

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from pypdf import PdfReader

from ys_analytics import reporting
from ys_analytics.errors import ReportError
from ys_analytics.reporting import output

pytestmark = [pytest.mark.servers, pytest.mark.filterwarnings("ignore")]

WORDS = "run: str = ''\nportfolio_id: str = ''\nweek: str = ''"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A report of one word that takes a second."""
    folder = tmp_path_factory.mktemp("small")
    first = new_code_cell(WORDS, metadata={"tags": ["parameters"]})
    nbformat.write(
        new_notebook(cells=[first, new_code_cell("import time; time.sleep(1); week")]), folder / "small.ipynb"
    )
    bound = folder / "bound.toml"
    bound.write_text(f'title = "Small"\npublisher = "tests"\n[[notebook]]\npath = "{folder / "small.ipynb"}"\n')
    return bound


@pytest.fixture(scope="module")
def cluster():
    """Two workers, each a process with a nanny that starts another in its place."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as started:
        yield started


def test_every_report_is_made_once_though_a_worker_is_killed(week, small, cluster, tmp_path, monkeypatch):
    """The same bytes as here, and no page is put twice."""
    run, settings, put = week.copy(tmp_path), week.settings(tmp_path), Counter()
    plain_put = output.put

    def counted(files, **words):
        put.update(path.name for path in files if path.suffix == ".pdf")
        plain_put(files, **words)

    monkeypatch.setattr(output, "put", counted)  # to count, not to replace
    killed = []

    def kill():
        while not list(run.glob("*.pdf")):
            time.sleep(0.05)
        victim = next(iter(cluster.workers.values())).process.pid
        os.kill(victim, signal.SIGKILL)
        killed.append(victim)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    printed = reporting.report(settings, week=week.name, weekly_file=small, scheduler=cluster.scheduler_address)
    killer.join()
    assert killed
    known = reporting.freeze_week(settings, week=week.name, out=settings.out).frame("portfolios").height
    assert len(printed) == len(put) == known + 1
    assert set(put.values()) == {1}
    assert all(PdfReader(one.pdf).pages for one in printed)
    far = {one.portfolio: one.json.read_bytes() for one in printed}
    here = reporting.report(settings, week=week.name, portfolios=["Never funded"], weekly_file=small)[0]
    assert here.json.read_bytes() == far["Never funded"]
    assert json.loads(here.json.read_bytes())["week"] == week.name


def test_a_cluster_that_is_not_there_is_one_line(week, small, tmp_path):
    """The address is in it."""
    week.copy(tmp_path)
    with pytest.raises(ReportError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1"):
        reporting.report(
            week.settings(tmp_path), week=week.name, portfolios=["Never funded"], weekly_file=small,
            scheduler="tcp://127.0.0.1:1",
        )  # fmt: skip
