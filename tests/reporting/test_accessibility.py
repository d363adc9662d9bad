"""A report can be read by everyone: in light and dark, on a telephone, by keyboard, and read aloud.

The limits are those of WCAG 2.2, level AA: text has a contrast of 4.5 to 1 against what is behind it, marks 3 to 1.
"""

import json
import re
from pathlib import Path

import axe_playwright_python
import pypdf
import pytest
from playwright.sync_api import sync_playwright

from ys_analytics.reporting.browser import FLAGS, require_browser
from ys_analytics.views import theme

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
NAME = "Harbour Income"
MARKS = (theme.BLUE, theme.VERMILION, theme.SKY, theme.ORANGE, theme.GREEN, theme.PURPLE)
TEXTS = (theme.TEXT, theme.GREY, *(colour for colour, _ in theme.LINE_STYLES))

# Every letter of every chart: its colour, and that of the paper it stands on.
LETTERS = """() => [...document.querySelectorAll(".ys-plot text")].filter((text) => text.textContent.trim()).map(
    (text) => [text.textContent, getComputedStyle(text).fill,
               getComputedStyle(text.closest(".ys-plot").querySelector(".main-svg")).backgroundColor])"""


def luminance(red, green, blue):
    """Relative luminance of sRGB, as WCAG defines it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast of two colours of CSS, `#rrggbb` or `rgb(r, g, b)`."""

    def parts(colour):
        if colour.startswith("#"):
            return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        return [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]

    low, high = sorted((luminance(*parts(one)), luminance(*parts(other))))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_the_standard():
    """Figures from WCAG's own definition: black on white is 21 to 1, and a grey of #767676 is 4.54 to 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "rgb(255, 255, 255)") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("colour", sorted({*MARKS, *TEXTS, theme.FAINT}))
def test_a_colour_can_be_seen_on_its_paper(colour):
    """Marks, and text where it is used for text, on white and on the dark screen's paper."""
    least = 4.5 if colour in TEXTS else 3
    assert contrast(colour, theme.PAPER) >= least
    assert contrast(theme.DARK[colour], theme.DARK[theme.PAPER]) >= least


@pytest.fixture(scope="module")
def browser():
    """A real Chromium."""
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(require_browser()), args=list(FLAGS))
        yield opened
        opened.close()


LIGHT, DARK = ("light", 1400), ("dark", 390)


@pytest.fixture(scope="module", params=[LIGHT, DARK], ids=["light, wide", "dark, a telephone"])
def page(request, browser, printed):
    """A report opened on a screen, its charts drawn."""
    mode, width = request.param
    opened = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=mode)
    opened.goto(printed[NAME].html.as_uri())
    opened.wait_for_function(
        "[...document.querySelectorAll('.ys-plot')].every((box) => box.querySelector('.ys-alt')?.complete)"
    )
    yield opened
    opened.close()


def test_a_page_is_one_file_of_two_megabytes_at_most(printed):
    """The chart library is inside, packed; so are the drawings."""
    sizes = {name: report.html.stat().st_size for name, report in printed.items()}
    assert {name: size for name, size in sizes.items() if size > 2_000_000} == {}


# In `make test` on a telephone in the dark; in `make test-servers` in the light as well, where all but the colours is
# the same, and each colour has its contrast by `test_a_colour_can_be_seen_on_its_paper`.
AXE_PAGES = [
    pytest.param(LIGHT, id="light, wide", marks=pytest.mark.servers),
    pytest.param(DARK, id="dark, a telephone"),
]


@pytest.mark.parametrize("page", AXE_PAGES, indirect=True, scope="module")
def test_axe_finds_nothing(page):
    """Names, headings, landmarks, tables, and the contrast of all text outside of charts."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []


def test_every_letter_in_a_chart_can_be_read(page):
    """As drawn, in the reader's mode."""
    letters = page.evaluate(LETTERS)
    assert len(letters) > 100
    faint = [(text, fill, paper) for text, fill, paper in letters if contrast(fill, paper) < 4.5]
    assert faint == []


def test_no_table_hides_its_value(page):
    """The page itself never scrolls sideways; a table that does can be reached by key and keeps its first column."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    boxes = page.evaluate(
        "[...document.querySelectorAll('.ys-scroll')].map((box) => ["
        "box.scrollWidth > box.clientWidth + 1, box.tabIndex, box.getAttribute('aria-label') ?? '',"
        "getComputedStyle(box.querySelector('tbody tr:not(.ys-group) > *')).position])"
    )
    assert len(boxes) > 5
    for scrolls, tab, label, first in boxes:
        if scrolls:
            assert (tab, label.endswith(", scrolls sideways"), first) == (0, True, "sticky")
        else:
            assert (tab, label) == (-1, "")
    assert any(scrolls for scrolls, *_ in boxes) is (page.viewport_size["width"] == 390)


def test_the_contents_lead_to_every_section_figure_and_table(page):
    """One entry for each heading, in their order, each to an element of its own."""
    links = page.evaluate(
        "[...document.querySelectorAll('.ys-contents a')].map((a) => [a.textContent, a.getAttribute('href')])"
    )
    heads = page.evaluate("[...document.querySelectorAll('main h2, main .ys-title')].map((each) => each.textContent)")
    assert [title for title, _ in links] == heads
    assert len({anchor for _, anchor in links}) == len(links)
    assert page.evaluate("(links) => links.every(([, anchor]) => document.querySelector(anchor))", links)


def test_every_figure_of_the_pdf_says_in_words_what_it_shows(printed):
    """Tags: each chart is one figure whose alternative text is the chart's own, and nothing else is a figure."""
    report = printed[NAME]
    tagged = []

    def walk(node):
        node = node.get_object() if isinstance(node, pypdf.generic.PdfObject) else node
        for child in node if isinstance(node, list) else []:
            walk(child)
        if isinstance(node, dict):
            if node.get("/S") == "/Figure":
                tagged.append(node.get("/Alt"))
            walk(node.get("/K"))

    walk(pypdf.PdfReader(report.pdf).trailer["/Root"]["/StructTreeRoot"]["/K"])
    sections = json.loads(report.json.read_text())["sections"]
    charts = [view["alt"] for section in sections for view in section["views"] if view["kind"] == "figure"]
    assert tagged == charts
