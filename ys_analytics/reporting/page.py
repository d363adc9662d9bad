"""One self-contained HTML page out of an executed notebook, and its data JSON.

Depends on nbconvert, Jinja2 and Plotly's script. Does not execute or print anything. A page asks nothing of a network.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from ys_analytics.reporting.packing import pack
from ys_analytics.resources import REPORTS
from ys_analytics.views import DATA_TYPE, theme
from ys_analytics.views.templates import AS_TEXT
from ys_analytics.views.view import plain

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

DATA_VERSION = "ys.report.v1"

# Where the script, and the call that starts it, go in a page that draws itself.
_SCRIPT_MARK, _START_MARK = "<!-- script -->\n", "<!-- start -->\n"
_DRAWING = re.compile(r'(<div [^>]*class="ys-plot"[^>]*>)<script type="application/json">(.*?)</script>', re.DOTALL)
_HTML = Path(__file__).parent / "html"
# Colours of `views.theme` that the style sheet uses, by their names there.
_COLOURS = ("text", "grey", "faint", "hair", "band", "paper", "blue", "vermilion")
# A section's heading, or a view with its title.
_ANCHORED = re.compile(
    r"(?P<tag><(?:h2|figure))(?:>(?P<section>[^<].*?)</h2>"
    r"| [^>]*><figcaption><strong [^>]*>(?P<view>.*?)</strong>)",
    re.DOTALL,
)


# How a view aligns a cell for a notebook, where no style sheet is; and the warnings under a view.
_ALIGNED = re.compile(
    r'(?: class="(?P<kinds>[^"]*)")? style="text-align:(?P<side>left|right)'
    r'(?P<whole>;white-space:nowrap)?(?P<tint>;background:[^"]*)?"'
)
_TABLE = re.compile(r"<table>(.*?)</table>", re.DOTALL)
_ROW = re.compile(r'<tr(?: class="ys-strong")?>.*?</tr>', re.DOTALL)
_ENDED = re.compile(r"</t[dhr]>")
_COLUMNS = 24
_UNDESCRIBED = re.compile(r"<img(?![^>]*\salt=)")
_LINE_BREAK = re.compile(r"<br ?/?>")
_WARNED = re.compile(r'<p class="ys-warning" role="note">(?P<lines>.*?)</p>', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInfo:
    """What a page says of itself, in its head, its running lines and its data JSON.

    Attributes:
        portfolio_id: Whose page.
        portfolio: What the owner calls it; any text at all.
        week: ISO week.
        as_of: When the stores were read.
        title: Of the report.
        publisher: Who prints it.
        provisional: Why its numbers may still change; empty when they are final.
        landscape: Whether its tables need the long side of the sheet.
    """

    portfolio_id: str
    portfolio: str
    week: str
    as_of: datetime
    title: str
    publisher: str
    provisional: tuple[str, ...] = ()
    landscape: bool = False

    @property
    def heading(self) -> str:
        """The document's title."""
        return f"{self.portfolio}, {self.title.lower()} {self.week}"


def to_html(notebook: NotebookNode, info: PageInfo) -> str:
    """A notebook as one page: styles and data inside, nothing fetched; `with_script` makes it draw itself."""
    body, contents = _with_anchors(_warned_once(_by_column(_body(notebook))))
    return template("page.html.j2").render(
        info=info,
        style=Markup(_style()),  # noqa: S704 - our own file
        running=Markup(_running_lines(info)),  # noqa: S704 - every character of another is escaped
        inside=Markup(body),  # noqa: S704 - views and nbconvert escape what they show
        contents=contents,
        script_mark=Markup(_SCRIPT_MARK),  # noqa: S704 - a constant
        start_mark=Markup(_START_MARK),  # noqa: S704 - a constant
    )


def with_script(page: str) -> str:
    """A page of `to_html` that draws its own charts wherever it is opened, at a third of its size.

    The library is five megabytes: a browser that prints loads it once for all pages; a reader's file carries it and the
    drawings compressed, and only where it has charts.
    """
    drawings: list[str] = []

    def take_drawing(match: re.Match[str]) -> str:
        drawings.append(match[2])
        return match[1]

    without_drawings = _DRAWING.sub(take_drawing, page)
    if not drawings:
        return page.replace(_SCRIPT_MARK, _screen_script()).replace(_START_MARK, "")
    head, rest = without_drawings.split(_SCRIPT_MARK, 1)
    body, end = rest.rsplit(_START_MARK, 1)
    charts = f"[{','.join(drawings)}]"
    scripts = (
        f'<script type="text/plain" id="ys-charts">{pack(charts)}</script>\n'
        f"{_packed_plotly()}<script>\n{read('unpack.js')}</script>\n"
    )
    return f"{head}{_screen_script()}<script>\n{read('draw.js')}</script>\n{body}{scripts}{end}"


def printing_page() -> str:
    """The page that stays open in the browser while others are printed through it."""
    return template("printing_page.html.j2").render(draw=Markup(read("draw.js")))  # noqa: S704 - our own file


def to_data(notebook: NotebookNode, info: PageInfo, facts: dict[str, object]) -> bytes:
    """Every number of the page, as JSON: the same run gives the same bytes.

    Args:
        notebook: Executed.
        info: Portfolio, week and title.
        facts: Further entries at the top of the JSON.
    """
    data = {
        "schema": DATA_VERSION,
        "portfolio_id": info.portfolio_id,
        "portfolio": info.portfolio,
        "week": info.week,
        "as_of": plain(info.as_of),
        "provisional": bool(info.provisional),
        "provisional_because": list(info.provisional),
        **facts,
        "sections": list(_sections(notebook)),
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False).encode() + b"\n"


def _sections(notebook: NotebookNode) -> Iterator[dict[str, Any]]:
    """Words and views in the order of the page, each view under its heading."""
    section: dict[str, Any] = {"heading": "", "words": [], "views": []}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            match = re.match(r"#+ +(.+)", cell.source)
            if match is not None:
                if section["views"] or section["words"]:
                    yield section
                section = {"heading": match[1].strip(), "words": [], "views": []}
            section["words"].append(cell.source)
        section["views"] += [output.data[DATA_TYPE] for output in _outputs(cell) if DATA_TYPE in output.data]
    yield section


@dataclass(slots=True)
class Entry:
    """A line of the contents.

    Attributes:
        title: As the heading has it.
        anchor: The id of the element it leads to.
        views: Figures and tables of a section, in their order.
    """

    title: str
    anchor: str
    views: "list[Entry]"


def _with_anchors(body: str) -> tuple[str, list[Entry]]:
    """The page with an id at each section, figure and table, and the contents that lead there.

    >>> page, contents = _with_anchors(
    ...     '<h2>Risk</h2><figure role="group" class="ys ys-table"><figcaption><strong class="ys-title">'
    ...     "VaR &amp; ES</strong></figcaption></figure>"
    ... )
    >>> page[:22], contents
    ('<h2 id="risk">Risk</h2', [Entry(title='Risk', anchor='risk', views=[Entry(title='VaR & ES', anchor='var-es', ...
    """
    contents: list[Entry] = []
    slug_counts: Counter[str] = Counter()
    sections: list[Entry] = []

    def add_anchor(match: re.Match[str]) -> str:
        title = unescape(re.sub(r"<[^>]*>", "", match["section"] or match["view"]))
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "part"
        slug_counts[slug] += 1
        anchor = slug if slug_counts[slug] == 1 else f"{slug}-{slug_counts[slug]}"
        entry = Entry(title, anchor, [])
        rest = match[0][len(match["tag"]) :]
        if match["section"]:
            sections.append(entry)
            contents.append(entry)
        elif sections:
            sections[-1].views.append(entry)
        else:  # a view under the title of the page itself
            contents.append(entry)
            rest = rest.replace('aria-level="3"', 'aria-level="2"')
        return f'{match["tag"]} id="{anchor}"{rest}'

    return _ANCHORED.sub(add_anchor, body), contents


def _by_column(inside: str) -> str:
    """The page with columns aligned by a class of their table, and without end tags that HTML lets out.

    A style in each cell and its end tag would be a third of the page.

    >>> cells = '<td style="text-align:left">a</td><td class="ys-down" style="text-align:right">-1</td>'
    >>> _by_column(f"<table><thead></thead><tbody><tr>{cells}</tr></tbody></table>")
    '<table class="r2"><thead></thead><tbody><tr><td>a<td class="ys-down">-1</tbody></table>'
    """

    def without_class(found: re.Match[str]) -> str:
        kinds = f' class="{found["kinds"]}"' if found["kinds"] else ""
        return kinds + (f' style="{found["tint"][1:]}"' if found["tint"] else "")

    def with_alignment(found: re.Match[str]) -> str:
        row = _ROW.search(found[1], found[1].find("<tbody>"))
        sides = [
            f"r{place}" if cell["side"] == "right" else f"n{place}" if cell["whole"] else ""
            for place, cell in enumerate(_ALIGNED.finditer(row[0] if row else ""), start=1)
        ]
        table_html = _ENDED.sub("", _ALIGNED.sub(without_class, found[1]))
        return f'<table class="{" ".join(filter(None, sides))}">{table_html}</table>'

    return _TABLE.sub(with_alignment, inside)


def _warned_once(body: str) -> str:
    """The page with each warning written out where it first stands, numbered, and named by its number after that.

    >>> first = '<p class="ys-warning" role="note">Warning, a: old.<br/>Warning, b: late.</p>'
    >>> for part in _warned_once(first + first.replace("a: old", "c: odd")).split("</p>")[:2]:
    ...     print(re.sub(r"<.*?>", "|", part))
    ||Warning 1, a: old.|||Warning 2, b: late.|
    ||Warning 3, c: odd.||See also |warning 2|.
    """
    numbers: dict[str, int] = {}

    def number_warning(found: re.Match[str]) -> str:
        lines, again = [], []
        for line in _LINE_BREAK.split(found["lines"]):
            if line in numbers:
                again.append(numbers[line])
                continue
            number = numbers[line] = len(numbers) + 1
            severity, rest = re.split(r"(?=[,:])", line, maxsplit=1) if re.search("[,:]", line) else (line, "")
            lines.append(f'<span id="warning-{number}">{severity} {number}{rest}</span>')
        if again:
            links = ", ".join(f'<a href="#warning-{number}">warning {number}</a>' for number in again)
            lines.append(f"{'See also' if lines else 'See'} {links}.")
        return f'<p class="ys-warning" role="note">{"<br>".join(lines)}</p>'

    return _WARNED.sub(number_warning, body)


def _outputs(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.get("outputs", []) if output.output_type in {"display_data", "execute_result"}]


def _body(notebook: NotebookNode) -> str:
    """Words and views as HTML, views of half a page set in pairs."""
    for cell in notebook.cells:
        for output in _outputs(cell):
            # What a cell ends with is shown like anything else; nbconvert's templates keep the two apart.
            output.output_type = "display_data"
            output.pop("execution_count", None)
    _pair_half_pages(notebook)
    for cell in notebook.cells:
        for output in _outputs(cell):
            # The rest of a view is not shown, and nbconvert would copy and validate it again and again.
            for name in [*output.data] if "text/html" in output.data else []:
                if name != "text/html":
                    del output.data[name]
    body: str = exporter().from_notebook_node(notebook)[0]
    # MathJax is in JupyterLab, not in a page.
    return body.replace(f" {AS_TEXT}", "")


def _pair_half_pages(notebook: NotebookNode) -> None:
    """Open a row before the first of several half-page views in a run, close it after every second."""
    row: list[NotebookNode] = []
    for cell in notebook.cells:
        for output in _outputs(cell) if cell.cell_type == "code" else [None]:
            if output is not None and output.data.get(DATA_TYPE, {}).get("size") == "half":
                row.append(output)
                if len(row) == 2:  # noqa: PLR2004 - a row holds two
                    _wrap_in_row(row)
                    row = []
            elif output is not None or cell.cell_type == "markdown":
                _wrap_in_row(row)
                row = []
    _wrap_in_row(row)


def _wrap_in_row(row: list[NotebookNode]) -> None:
    if row:
        row[0].data["text/html"] = '<div class="ys-row">' + row[0].data["text/html"]
        row[-1].data["text/html"] += "</div>"


def _running_lines(info: PageInfo) -> str:
    """The running lines, as strings that CSS cannot misread."""
    lines = {
        "top-left": info.portfolio if len(info.portfolio) <= 70 else info.portfolio[:69] + "…",  # noqa: PLR2004
        "top-right": f"Week {info.week}",
        "bottom-left": f"{info.publisher}, as of {info.as_of:%Y-%m-%d %H:%M} UTC"
        + (", provisional" if info.provisional else ""),
    }
    size = "size: A4 landscape; " if info.landscape else ""
    return (
        f"@page {{{size}"
        + " ".join(f"@{place} {{ content: {_css_string(text)}; }}" for place, text in lines.items())
        + "}\n"
    )


def _css_string(text: str) -> str:
    """A CSS string: every character that is not a letter, a digit or a space is escaped by its number."""
    return '"' + "".join(c if (c.isalnum() and c.isascii()) or c == " " else f"\\{ord(c):06x} " for c in text) + '"'


@cache
def read(name: str) -> str:
    """A script of `html/`, as text."""
    return (_HTML / name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    """The style sheet of a page after the colours of the charts: light, and dark on a screen that asks for it."""
    light = {name: getattr(theme, name.upper()) for name in _COLOURS}
    dark = {name: theme.DARK[colour] for name, colour in light.items()}
    rules = [
        f":root {{ {' '.join(f'--{name}: {colour};' for name, colour in colours.items())} }}"
        for colours in (light, dark)
    ]
    right, whole = (
        ", ".join(f":where(.{kind}{place}) tr > :nth-child({place})" for place in range(1, _COLUMNS)) for kind in "rn"
    )
    columns = f"{right} {{ text-align: right; white-space: nowrap; }}\n{whole} {{ white-space: nowrap; }}\n"
    return f"{rules[0]}\n{columns}@media screen and (prefers-color-scheme: dark) {{ {rules[1]} }}\n" + (
        REPORTS / "page.css"
    ).read_text(encoding="utf-8")


@cache
def library() -> str:
    """Plotly's own script, whole, which draws charts; a closing tag inside it would end it."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    return str(get_plotlyjs()).replace("</script", "<\\/script")


@cache
def _screen_script() -> str:
    """The script that follows the reader's light or dark mode, and the colours of each."""
    colours = json.dumps(theme.DARK, separators=(",", ":"))
    return (
        f'<script type="application/json" id="ys-colours">{colours}</script>\n<script>\n{read("screen.js")}</script>\n'
    )


@cache
def _packed_plotly() -> str:
    return f'<script type="text/plain" id="ys-plotly">{pack(library())}</script>\n'


@cache
def template(name: str) -> jinja2.Template:
    """A template of `html/`, which escapes every value."""
    loader = jinja2.FileSystemLoader(_HTML)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(name)


def warm() -> None:
    """Compile every template and pattern a page needs, for a process from which others are forked."""
    cells = [new_markdown_cell("## Risk\n\n*One* [page](#risk), `x`:\n\n1. $a$\n2. a | b\n"), new_code_cell("")]  # type: ignore[no-untyped-call]
    cells[1].outputs = [new_output("display_data", data={"text/html": "<p></p>"})]  # type: ignore[no-untyped-call]
    _body(new_notebook(cells=cells))  # type: ignore[no-untyped-call]
    for page in ("page.html.j2", "printing_page.html.j2"):
        template(page)


@cache
def exporter() -> "HTMLExporter":
    """Give nbconvert with the report's template, made once."""
    from nbconvert import HTMLExporter
    from nbconvert.exporters import TemplateExporter

    class Exporter(HTMLExporter):
        """As nbconvert's, without reading the finished page once more for pictures that have no description."""

        def from_notebook_node(  # type: ignore[override]
            self, nb: NotebookNode, resources: Any = None, **more: Any
        ) -> tuple[str, dict[str, Any]]:
            """The page's inside, and what nbconvert says of it."""
            resources = self._init_resources(resources)  # type: ignore[no-untyped-call]
            shown: tuple[str, dict[str, Any]] = TemplateExporter.from_notebook_node(self, nb, resources, **more)
            undescribed = _UNDESCRIBED.search(shown[0]) is not None
            return super().from_notebook_node(nb, resources, **more) if undescribed else shown

    return Exporter(  # type: ignore[no-untyped-call]
        template_name="template",
        extra_template_basedirs=[str(REPORTS)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
        optimistic_validation=True,
    )
