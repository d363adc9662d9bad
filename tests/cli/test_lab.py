"""An analyst opens JupyterLab and runs the notebook as it stands, in a real Chromium."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect, sync_playwright

from ys_analytics.cli.lab import copy_notebooks
from ys_analytics.reporting.browser import FLAGS, require_browser

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PATIENCE = 120_000  # milliseconds for a kernel to start and a cell to answer on two busy cores


def answer(url: str) -> int:
    """The status a server answers with."""
    try:
        with urlopen(url) as response:  # noqa: S310 - loopback
            return response.status
    except HTTPError as refused:
        return refused.code


@pytest.fixture(scope="module")
def lab(ys):
    """`ys lab` in a process of its own, on a copy of the notebooks: JupyterLab saves what it runs."""
    shutil.copytree(NOTEBOOKS, ys.home / "notebooks")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [Path(sys.executable).parent / "ys", "lab", "--no-browser", "--port", str(port), "--folder", str(ys.home)]
    with (ys.home / "lab.err").open("w") as said:
        server = subprocess.Popen(words, env=ys.environment, stdout=subprocess.PIPE, stderr=said, text=True)
    address = server.stdout.readline().strip()
    assert address, (ys.home / "lab.err").read_text()
    assert "/lab/tree/notebooks/explore/tour.ipynb?token=" in address  # which it opens on
    yield re.sub(r"/lab/tree/.*\?", "/lab?", address)
    server.send_signal(signal.SIGTERM)
    server.wait(timeout=30)
    server.stdout.close()


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
    """The address is printed when it answers; only this machine, and only with the token, gets in."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/lab\?token=[\w-]{20,}", lab)
    assert answer(re.sub(r"/lab.*", "/api/contents", lab)) == 403
    assert answer(lab.replace("/lab?", "/api/contents?")) == 200


@pytest.fixture(scope="module")
def chromium():
    """One browser for the module."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=require_browser(), args=list(FLAGS))
        yield browser
        browser.close()


def opened(chromium, address, *, dark=False):
    """The page at an address of the lab, its kernel ready, in one of the two themes; tall, so that all is drawn."""
    page = chromium.new_page(viewport={"width": 1400, "height": 8000})
    page.goto(address)
    page.locator(".jp-CodeCell").first.wait_for(timeout=PATIENCE)
    # The status bar, not the toolbar: that one calls a kernel idle before there is one.
    expect(page.get_by_text(re.compile(r"^YieldSensei \| Idle$"))).to_be_visible(timeout=PATIENCE)
    if dark:
        choose(page, "Settings", "^Theme$", "^JupyterLab Dark$")
        page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")
    return page


def choose(page, menu, *items):
    """Click through a menu."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    for item in items:
        found = page.locator(".lm-Menu-item", has_text=re.compile(item))
        found.hover()
    found.click()


def run_all(page):
    """Run every cell, and wait until the last has answered; none with an error."""
    first, last = (page.locator(".jp-CodeCell .jp-InputPrompt").nth(place) for place in (0, -1))
    choose(page, "Run", "Run All Cells$")
    expect(first).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)
    expect(page.locator(".jp-InputPrompt", has_text="[*]:")).to_have_count(0, timeout=PATIENCE)
    wrong = page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
    assert wrong.all_inner_texts() == []
    expect(last).to_have_text(re.compile(r"\[\d+\]:"), timeout=PATIENCE)


# Every text of an output with its colour, and the colours under it from the page up, as the browser computed them.
COLOURS = """
() => [...document.querySelectorAll('.jp-OutputArea-output table td, .jp-OutputArea-output table th, figure.ys p')]
  .filter(cell => cell.innerText.trim()).map(cell => {
    const under = [];
    for (let at = cell; at; at = at.parentElement) under.unshift(getComputedStyle(at).backgroundColor);
    let opacity = 1;
    for (let at = cell; at; at = at.parentElement) opacity *= parseFloat(getComputedStyle(at).opacity);
    return [cell.innerText.trim(), getComputedStyle(cell).color, opacity, under];
  })
"""


def channels(colour):
    """Red, green, blue and opacity of a colour as the browser writes it."""
    red, green, blue, *opacity = (float(part) for part in re.findall(r"[\d.]+", colour))
    return red, green, blue, (opacity or [1.0])[0]


def laid_over(colour, ground, opacity=1.0):
    """A colour as it is seen over an opaque one."""
    *rgb, alpha = channels(colour)
    return tuple(
        part * alpha * opacity + below * (1 - alpha * opacity) for part, below in zip(rgb, ground, strict=True)
    )


def contrast(one, other):
    """Contrast ratio of two colours, by WCAG 2.2."""

    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in rgb)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def low_contrast(page):
    """Texts that stand out from their ground by less than 4.5 to 1."""
    low = []
    for text, colour, opacity, under in page.evaluate(COLOURS):
        ground = (255.0, 255.0, 255.0)
        for layer in under:
            ground = laid_over(layer, ground)
        ratio = contrast(laid_over(colour, ground, opacity), ground)
        low += [(text, round(ratio, 2))] if ratio < 4.5 else []
    return low


def test_contrast_is_computed_as_published():
    """Black on white is 21 to 1; WCAG's own border case, #767676 on white, is 4.54."""
    white = (255.0, 255.0, 255.0)
    assert contrast((0, 0, 0), white) == pytest.approx(21)
    assert contrast((0x76, 0x76, 0x76), white) == pytest.approx(4.54, abs=0.005)


@pytest.mark.servers
@pytest.mark.parametrize("name", ["tour", "twenty_questions"])
def test_a_notebook_to_explore_runs_to_its_end(lab, chromium, name):
    """By the buttons an analyst presses: every cell answers, charts and tables are seen, texts are readable."""
    page = opened(chromium, lab.replace("/lab?", f"/lab/tree/notebooks/explore/{name}.ipynb?reset&"), dark=True)
    run_all(page)
    assert page.locator("table.ys-frame").count() > 3
    if name == "tour":
        assert page.locator(".js-plotly-plot").count() > 1
        assert page.locator("figure.ys-table").count() > 0
    assert low_contrast(page) == []
    page.close()


@pytest.mark.servers
def test_tab_shows_names_and_an_error_is_one_line(lab, chromium):
    """Tab after `desk.` offers verbs within a second, Shift-Tab says what one takes; a misspelt verb is one line."""
    page = opened(chromium, lab.replace("/lab?", "/lab/tree/notebooks/explore/tour.ipynb?reset&"))
    run_all(page)
    cell = page.locator(".jp-CodeCell").nth(2)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("desk.perform")
    began = time.monotonic()
    page.keyboard.press("Tab")
    # JupyterLab shows even a single name in a box, and Enter takes it.
    expect(page.locator(".jp-Completer-item")).to_have_text(
        [re.compile(r"^\s*\w?\s*\.?performance\s*(function|attribute)\s*$")], timeout=PATIENCE
    )
    assert time.monotonic() - began < 10  # two busy cores; the kernel's own part is tested by itself
    page.keyboard.press("Enter")
    expect(cell.locator(".cm-content")).to_have_text("desk.performance", timeout=PATIENCE)
    page.keyboard.type("(")
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".jp-Tooltip")).to_contain_text("Every headline metric", timeout=PATIENCE)
    page.keyboard.press("Escape")
    cell.locator(".cm-content").click()  # Escape may have left the cell, where letters are commands
    page.keyboard.press("Control+a")
    page.keyboard.type("desk.performnce")
    page.keyboard.press("Control+Enter")
    error = cell.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
    expect(error).to_have_text(
        re.compile(r"^AttributeError: a Desk has no 'performnce'; did you mean .*\?\s*$"), timeout=PATIENCE
    )
    page.close()


@pytest.mark.servers
def test_a_report_is_made_from_its_template(lab, chromium, ys):
    """File > New > My report opens a copy; a second one has another name."""
    page = opened(chromium, lab.replace("/lab?", "/lab/tree/notebooks/explore/tour.ipynb?reset&"))
    for name in ("my_report.ipynb", "my_report-1.ipynb"):
        choose(page, "File", "^New$", "^My report$")
        page.locator(".lm-TabBar-tab", has_text=re.compile(f"^{name}$")).wait_for(timeout=PATIENCE)
        assert (ys.home / "notebooks" / "mine" / name).exists()
    page.close()


@pytest.mark.servers  # for its time alone
def test_the_notebook_runs_in_both_themes(lab, chromium):
    """All cells answer without an error, charts and tables are drawn, and every text is readable in the dark."""
    page = opened(chromium, lab.replace("/lab?", "/lab/tree/notebooks/performance.ipynb?reset&"), dark=True)
    run_all(page)
    assert page.locator(".js-plotly-plot").count() > 0
    page.locator("figure.ys-compact td").first.wait_for(timeout=PATIENCE)
    assert page.locator("figure.ys-compact td[style*='rgba']").count() > 0  # the months
    assert low_contrast(page) == []
    assert {chart.evaluate("c => getComputedStyle(c).filter") for chart in page.locator(".js-plotly-plot").all()} == {
        "invert(1) hue-rotate(180deg)"
    }
    choose(page, "Settings", "^Theme$", "^JupyterLab Light$")
    page.wait_for_selector('body[data-jp-theme-light="true"]', state="attached")
    assert low_contrast(page) == []
    assert page.locator(".js-plotly-plot").first.evaluate("c => getComputedStyle(c).filter") == "none"
    page.close()
