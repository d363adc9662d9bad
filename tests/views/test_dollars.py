"""A dollar is a dollar: no view, frame or chart lets MathJax or Plotly typeset what stands between two of them."""

import subprocess
import sys
from html.parser import HTMLParser

import polars as pl
import pytest

from ys_analytics.views import theme
from ys_analytics.views.figure import PLOTLY_TYPE, Chart
from ys_analytics.views.frame_display import frame_html

from .test_pages import CELLS, shown

NAMES = ["$PEPE and $WIF desk_v2", "$5 to 9$", "$$x$$", r"\(a\)", "A_B^2"]


class Typeset(HTMLParser):
    """The texts of a page that MathJax reads, by its own rule: none inside an element of an ignored class."""

    VOID = frozenset({"br", "col", "img", "hr", "meta", "link", "input"})

    def __init__(self):
        """Begin outside of everything."""
        super().__init__()
        self.ignored, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        """Go into an element, which ignores what its parent ignores."""
        if tag not in self.VOID:
            above = bool(self.ignored) and self.ignored[-1]
            classes = (dict(attrs).get("class") or "").split()
            self.ignored.append(above or "mathjax_ignore" in classes or tag in {"script", "style", "pre", "code"})

    def handle_endtag(self, tag):
        """Leave it."""
        if tag not in self.VOID:
            self.ignored.pop()

    def handle_data(self, data):
        """Keep what would be read."""
        if data.strip() and not (self.ignored and self.ignored[-1]):
            self.texts.append(data)


def typeset(html):
    """What MathJax would look for formulas in."""
    parser = Typeset()
    parser.feed(html)
    return parser.texts


@pytest.mark.parametrize("cell", CELLS)
def test_mathjax_reads_no_view(desk_of, cell):
    """Every view of every notebook is text from its outermost element on, for both names of the class."""
    html = shown(cell, desk_of("owned")).to_html()
    assert typeset(html) == []
    assert 'tex2jax_ignore mathjax_ignore">' in html.split(">", 1)[0] + ">"


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.startswith("ys.figures")])
def test_plotly_typesets_nothing(desk_of, cell):
    """Where MathJax is on the page, a chart's texts are still texts; and none of them holds a bare dollar."""
    chart = shown(cell, desk_of("owned"))
    if isinstance(chart, Chart):
        shown_chart = chart._repr_mimebundle_()[PLOTLY_TYPE]
        assert shown_chart["config"]["typesetMath"] is False
        assert "$" not in str(chart.plotly.to_plotly_json()["layout"].get("title"))


@pytest.mark.parametrize("name", NAMES)
def test_a_label_is_the_name_letter_by_letter(name):
    """Plotly decodes what it is given to the very name, and sees no formula in it."""
    from html import unescape

    assert "$" not in theme.escape(name)
    assert unescape(theme.escape(name)) == name


def test_a_frame_in_a_notebook_is_text():
    """MathJax leaves a whole frame alone, and its names stand there letter by letter; Polars' own HTML is typeset."""
    frame = pl.DataFrame({"symbol": ["$PEPE", "$WIF"], "note": ["from $3 to $4", "a_b and *c*"], "$1 and $2": [1, 2]})
    assert typeset(frame._repr_html_())
    assert typeset(frame_html(frame)) == []
    assert all(text in frame_html(frame) for text in ("$PEPE", "from $3 to $4", "a_b and *c*", "$1 and $2"))


@pytest.mark.parametrize("first", ["ys.load", "ys.open", "ys.metrics"])
def test_a_running_notebook_shows_frames_as_text(first):
    """No matter what is first taken from the package, IPython then shows every frame and series so."""
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        f"import polars as pl, ys_analytics as ys; {first}\n"
        "show = shell.display_formatter.format\n"
        "for thing in (pl.DataFrame({'a': ['$1 $2']}), pl.Series(['$1 $2'])):\n"
        "    print(show(thing)[0]['text/html'].startswith('<div class=\"tex2jax_ignore mathjax_ignore\">'))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "True"]
