"""An analyst opens JupyterLab and runs the notebook as it stands, in a real Chromium."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect, sync_playwright

from ys_analytics.reporting.browser import FLAGS, require_browser

PATIENCE = 120_000  # milliseconds for a kernel to start and a cell to answer on two busy cores


@pytest.fixture(scope="module")
def lab(ys):
    """`ys lab` in a process of its own; the address it printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [Path(sys.executable).parent / "ys", "lab", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(words, env=ys.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    address = server.stdout.readline().strip()
    for line in server.stderr:
        if "is running at" in line:
            break
    yield address
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=30)


def test_the_lab_listens_on_loopback_and_asks_for_its_token(lab):
    """Nobody on the network, and nobody without the token, gets in."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/lab\?token=[\w-]{20,}", lab)
    with pytest.raises(HTTPError, match="403"):
        urlopen(re.sub(r"/lab.*", "/api/contents", lab))  # noqa: S310 - loopback


def test_the_notebook_runs_cell_by_cell_as_it_stands(lab):
    """Run all cells: every one answers, none with an error, and the charts are drawn."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=require_browser(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(lab.replace("/lab?", "/lab/tree/notebooks/performance.ipynb?reset&"))
        page.get_by_role("menuitem", name="Run", exact=True).click(timeout=PATIENCE)
        page.get_by_text("Run All Cells", exact=True).click()
        cells = page.locator(".jp-CodeCell")
        expect(page.locator(".jp-InputPrompt", has_text="[*]:")).to_have_count(0, timeout=PATIENCE)
        expect(cells.last.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)
        expect(page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)
        assert page.locator(".js-plotly-plot, .jp-RenderedPlotly").count() > 0
        browser.close()
