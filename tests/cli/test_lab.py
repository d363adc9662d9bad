"""An analyst opens JupyterLab and runs the notebook as it stands, in a real Chromium."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
import stamina
from playwright.sync_api import expect, sync_playwright

from ys_analytics.cli.lab import copy_notebooks
from ys_analytics.reporting.browser import FLAGS, require_browser

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PATIENCE = 120_000  # milliseconds for a kernel to start and a cell to answer on two busy cores


@stamina.retry(on=ConnectionError, attempts=None, timeout=60)
def answer(url: str) -> int:
    """The status a server answers with, as soon as it listens: Jupyter says so a moment before it does."""
    try:
        with urlopen(url) as response:  # noqa: S310 - loopback
            return response.status
    except HTTPError as refused:
        return refused.code
    except URLError as away:
        raise ConnectionError(away.reason) from None


@pytest.fixture(scope="module")
def lab(ys):
    """`ys lab` in a process of its own, on a copy of the notebooks: JupyterLab saves what it runs."""
    shutil.copytree(NOTEBOOKS, ys.home / "notebooks")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [Path(sys.executable).parent / "ys", "lab", "--no-browser", "--port", str(port), "--folder", str(ys.home)]
    server = subprocess.Popen(words, env=ys.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = server.stdout.readline().strip()
    said = []
    for line in server.stderr:
        said.append(line)
        if "is running at" in line:
            break
    else:
        pytest.fail("".join(said))
    # Nobody may block on a full pipe while the browser works.
    drain = threading.Thread(target=server.stderr.read, daemon=True)
    drain.start()
    answer(address)
    yield address
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=30)
    drain.join(timeout=30)
    server.stdout.close()
    server.stderr.close()


def test_a_workspace_is_given_notebooks_once(tmp_path):
    """An installed kit opens JupyterLab on notebooks that can be saved; what an analyst saved is never overwritten."""
    copy_notebooks(tmp_path / "new")
    assert (tmp_path / "new" / "notebooks" / "performance.ipynb").read_bytes() == (
        NOTEBOOKS / "performance.ipynb"
    ).read_bytes()
    (tmp_path / "new" / "notebooks" / "performance.ipynb").write_text("mine")
    copy_notebooks(tmp_path / "new")
    assert (tmp_path / "new" / "notebooks" / "performance.ipynb").read_text() == "mine"


def test_the_lab_listens_on_loopback_and_asks_for_its_token(lab):
    """Nobody on the network, and nobody without the token, gets in."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/lab\?token=[\w-]{20,}", lab)
    assert answer(re.sub(r"/lab.*", "/api/contents", lab)) == 403
    assert answer(lab.replace("/lab?", "/api/contents?")) == 200


def test_the_notebook_runs_cell_by_cell_as_it_stands(lab):
    """Run all cells: every one answers, none with an error, and the charts are drawn."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=require_browser(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(lab.replace("/lab?", "/lab/tree/notebooks/performance.ipynb?reset&"))
        cells = page.locator(".jp-CodeCell")
        cells.first.wait_for(timeout=PATIENCE)
        # The status bar, not the toolbar: that one calls a kernel idle before there is one.
        expect(page.get_by_text(re.compile(r"\| Idle$"))).to_be_visible(timeout=PATIENCE)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator(".lm-Menu-item", has_text=re.compile("Run All Cells$")).click()
        first, last = (page.locator(".jp-CodeCell .jp-InputPrompt").nth(place) for place in (0, -1))
        expect(first).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)
        expect(page.locator(".jp-InputPrompt", has_text="[*]:")).to_have_count(0, timeout=PATIENCE)
        wrong = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
        assert wrong.all_inner_texts() == []
        expect(last).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)
        assert page.locator(".js-plotly-plot").count() > 0
        browser.close()
