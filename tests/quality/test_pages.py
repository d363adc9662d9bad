"""The pages: they ask no one for anything, and still say everything."""

import re
from html.parser import HTMLParser

import pytest

from ys_analytics import quality
from ys_analytics.quality.docs_pages import self_contained

# What a browser fetches by itself, by tag.
FETCHING = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}


class _Asking(HTMLParser):
    """Addresses elsewhere that a browser would fetch, as a parser of its own reads them."""

    def __init__(self):
        super().__init__()
        self.remote_addresses = []

    def handle_starttag(self, tag, attrs):
        wanted = dict(attrs).get(FETCHING.get(tag, "")) or ""
        self.remote_addresses += [wanted] if re.match(r"\s*(https?:)?//", wanted) else []
        self.remote_addresses += [
            value for _, value in attrs if value and re.search(r"url\(\s*['\"]?(https?:)?//", value)
        ]


def remote_addresses(page):
    parser = _Asking()
    parser.feed(page)
    styles = "".join(re.findall(r"<style.*?</style>", page, re.DOTALL))
    return parser.remote_addresses + re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)\s;]*", styles)


@pytest.fixture(scope="module")
def docs(demo, tmp_path_factory):
    """Great Expectations' own pages on two tables, and on what holds between the stores."""
    folder = tmp_path_factory.mktemp("docs")
    first = quality.data_docs(demo, into=folder, tables=["users", "market_data", "cross_store"])
    assert first == folder / "index.html"
    return folder


def test_data_docs_are_written_on_request(docs):
    """Who knows Great Expectations' own pages gets them, for the tables asked for."""
    for table in ("users", "market_data", "cross_store"):
        assert (docs / "expectations" / f"{table}.html").is_file()
        assert list((docs / "validations" / table).rglob("*.html"))


def test_no_page_of_data_docs_asks_a_server(docs):
    """Opened without a network they look the same, and no one learns that they were opened."""
    pages = [*docs.rglob("*.html"), *docs.rglob("*.css")]
    assert len(pages) >= 7
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert remote_addresses(text) == [], page
        assert "<script" not in text, page


def test_data_docs_say_without_scripts_what_they_said_with_them(docs):
    """The rows of the first page were in a script; they are on the page now, and lead where they led."""
    first = (docs / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="((?:validations|expectations)/[^"]+)"', first)
    assert {link.split("/")[1].removesuffix(".html") for link in links} == {"users", "market_data", "cross_store"}
    assert [link for link in links if not (docs / link).is_file()] == []
    expectations_page = (docs / "expectations" / "market_data.html").read_text(encoding="utf-8")
    assert "match_regex(asset_id)" in expectations_page


def test_the_scorecard_fetches_nothing(demo, demo_findings):
    """One file, opened anywhere."""
    assert demo_findings
    page = quality.write_scorecard(demo.folder).read_text(encoding="utf-8")
    assert remote_addresses(page) == []
    assert "<script" not in page


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example/vega.js"></script>',
        "<link rel=stylesheet href=//cdn.example/a.css>",
        "<img alt='' src='http://cdn.example/logo.png'>",
        "<style>@import 'https://cdn.example/font.css';</style>",
        "<style>body { background: url(https://cdn.example/logo.png) }</style>",
    ],
)
def test_what_would_be_fetched_is_seen_and_goes(page):
    """A check that finds nothing anywhere proves nothing."""
    assert remote_addresses(page)
    assert remote_addresses(self_contained(page, "")) == []
