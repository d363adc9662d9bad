"""The documentation builds without a warning, every page is whole, and it opens from a disk without a network."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from ys_analytics.metrics import METRICS
from ys_analytics.reporting.browser import FLAGS, require_browser
from ys_analytics.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as `make docs` builds it: a broken link or anchor is a warning, and a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [Path(sys.executable).parent / "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=PROJECT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return folder


class Page(HTMLParser):
    """Levels of the headings of a page, and what it fetches by itself."""

    def __init__(self, text):
        """Read it."""
        super().__init__()
        self.levels, self.fetched = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keep headings, and addresses of scripts, styles, images and fonts."""
        given = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag in {"script", "img", "iframe", "link"} and given.get("rel") not in {"canonical", "next", "prev"}:
            self.fetched.append(given.get("src") or given.get("href") or "")


def pages(site):
    """Every page of ours; the one of a missing page has no content."""
    return [path for path in sorted(site.rglob("*.html")) if path.name != "404.html"]


def test_every_page_has_a_title_and_skips_no_level(site):
    """One first heading a page, and below a heading only the next level: a reader of headings alone is not lost."""
    for path in pages(site):
        levels = Page(path.read_text(encoding="utf-8")).levels
        assert levels.count(1) == 1, path
        assert all(below - above <= 1 for above, below in pairwise(levels)), path


def test_no_page_fetches_anything_from_elsewhere(site):
    """No font, script, style or image of another server stands in any page or style sheet."""
    for path in pages(site):
        assert [url for url in Page(path.read_text(encoding="utf-8")).fetched if "//" in url] == [], path
    for path in site.rglob("*.css"):
        assert re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", path.read_text(encoding="utf-8")) == []


def test_the_reference_has_all_there_is(site):
    """Every metric with its formula, every setting and every command of `ys --help` is on its page."""
    text = (site / "reference" / "metrics.html").read_text(encoding="utf-8")
    assert all(f"<code>{name}</code>" in text for name in METRICS)
    assert text.count("<math") >= len(METRICS)
    text = (site / "reference" / "settings.html").read_text(encoding="utf-8")
    assert all(f"YS_{name.upper()}" in text for name in Settings.model_fields)
    done = subprocess.run([Path(sys.executable).parent / "ys", "--help"], capture_output=True, text=True, check=True)
    named = set(re.findall(r"^│ ([a-z]+)  ", done.stdout, flags=re.MULTILINE)) - {"migrate"}
    text = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    assert {"report", "check", "lab"} <= named
    assert all(f'id="ys-{name}"' in text for name in named)


def test_the_search_works_from_a_disk(site):
    """Opened as a file, without a network, a page finds another by a word, and asks nothing of anybody."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=require_browser(), args=list(FLAGS))
        page = browser.new_context(offline=True).new_page()
        requests = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto((site / "index.html").as_uri())
        page.locator(".md-search__input").click()  # only then is the index read
        expect(page.locator(".md-search-result__meta")).to_have_text("Type to start searching", timeout=60_000)
        page.keyboard.type("sortino")
        found = page.locator(".md-search-result__link").first
        expect(found).to_contain_text("Metrics", timeout=60_000)
        assert [url for url in requests if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
        browser.close()
