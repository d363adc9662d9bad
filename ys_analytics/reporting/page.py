"""One self-contained HTML page out of an executed notebook, and its twin for machines.

Knows nbconvert, our template and where the styles and Plotly's script come from;
starts no kernel and prints nothing. The page asks nothing of any network.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode

from ys_analytics.resources import REPORTS
from ys_analytics.views import TWIN_TYPE
from ys_analytics.views.view import plain

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

TWIN_VERSION = "ys.report.v1"

# Where the script, and the call that starts it, go in a page that draws itself.
_SCRIPT_HERE, _START_HERE = "<!-- script -->\n", "<!-- start -->\n"

# Drawing waits for fonts, so that no label is measured in one type and set in another.
_DRAW = """
window.ysDraw = async () => {
  await document.fonts.ready;
  for (const box of document.querySelectorAll(".ys-plot")) {
    const drawing = JSON.parse(box.querySelector("script").textContent);
    await Plotly.newPlot(box, drawing.data, drawing.layout, drawing.config);
  }
};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What a page says of itself, in its head, its running lines and its twin.

    Attributes:
        portfolio_id: Whose page.
        portfolio: What the owner calls it; any text at all.
        week: ISO week.
        as_of: When the stores were read.
        title: Of the report.
        publisher: Who prints it.
        provisional: Why its numbers are not the last word; empty when they are.
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


def to_html(notebook: NotebookNode, cover: Cover) -> str:
    """A notebook as one page: styles and data inside, nothing fetched; `with_script` makes it draw itself."""
    inside = _inside(notebook)
    wide = ' class="ys-landscape"' if cover.landscape else ""
    heading = html.escape(cover.heading)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{heading}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="author" content="{html.escape(cover.publisher)}">\n'
        f'<meta name="description" content="{heading}">\n'
        f"<style data-page>\n{_read('page.css')}{_running(cover)}</style>\n{_SCRIPT_HERE}</head>\n"
        f"<body{wide}>{_mark(cover)}<main>\n{inside}\n</main>\n{_START_HERE}</body>\n</html>\n"
    )


def _mark(cover: Cover) -> str:
    """The watermark, and the line that says why it is there; nothing on a page that is final."""
    if not cover.provisional:
        return ""
    return (
        '<div class="ys-watermark" aria-hidden="true"><span>PROVISIONAL</span></div>'
        f'<p class="ys-provisional"><b>Provisional:</b> {html.escape("; ".join(cover.provisional))}.</p>'
    )


def with_script(page: str) -> str:
    """A page of `to_html` that draws its own charts wherever it is opened.

    The script is five megabytes: the press loads it once for all pages, a reader's file carries it where it has charts.
    """
    if 'class="ys-plot"' not in page:
        return page.replace(_SCRIPT_HERE, "").replace(_START_HERE, "")
    head, rest = page.split(_SCRIPT_HERE, 1)
    body, end = rest.rsplit(_START_HERE, 1)
    return f"{head}{_script()}{body}<script>ysDraw();</script>\n{end}"


def press() -> str:
    """The page that stays open in the browser while others are printed through it."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{_script()}</head>\n<body></body></html>\n'
    )


def to_twin(notebook: NotebookNode, cover: Cover, facts: dict[str, object]) -> bytes:
    """Every number of the page, as JSON: the same run gives the same bytes."""
    twin = {
        "schema": TWIN_VERSION,
        "portfolio_id": cover.portfolio_id,
        "portfolio": cover.portfolio,
        "week": cover.week,
        "as_of": plain(cover.as_of),
        "provisional": bool(cover.provisional),
        "provisional_because": list(cover.provisional),
        **facts,
        "sections": list(_sections(notebook)),
    }
    return json.dumps(twin, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False).encode() + b"\n"


def _sections(notebook: NotebookNode) -> Iterator[dict[str, Any]]:
    """Words and views in the order of the page, each view under its heading."""
    section: dict[str, Any] = {"heading": "", "words": [], "views": []}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found = re.match(r"#+ +(.+)", cell.source)
            if found is not None:
                if section["views"] or section["words"]:
                    yield section
                section = {"heading": found[1].strip(), "words": [], "views": []}
            section["words"].append(cell.source)
        section["views"] += [output.data[TWIN_TYPE] for output in _outputs(cell) if TWIN_TYPE in output.data]
    yield section


def _outputs(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.get("outputs", []) if output.output_type in {"display_data", "execute_result"}]


def _inside(notebook: NotebookNode) -> str:
    """Words and views as HTML, views of half a page set in pairs."""
    for cell in notebook.cells:
        for output in _outputs(cell):
            # What a cell ends with is shown like anything else; nbconvert's templates keep the two apart.
            output.output_type = "display_data"
            output.pop("execution_count", None)
    _pair(notebook)
    body: str = _exporter().from_notebook_node(notebook)[0]
    return body


def _pair(notebook: NotebookNode) -> None:
    """Open a row before the first of several half-page views in a run, close it after every second."""
    row: list[NotebookNode] = []
    for cell in notebook.cells:
        for output in _outputs(cell) if cell.cell_type == "code" else [None]:
            if output is not None and output.data.get(TWIN_TYPE, {}).get("size") == "half":
                row.append(output)
                if len(row) == 2:  # noqa: PLR2004 - a row holds two
                    _enclose(row)
                    row = []
            elif output is not None or cell.cell_type == "markdown":
                _enclose(row)
                row = []
    _enclose(row)


def _enclose(row: list[NotebookNode]) -> None:
    if row:
        row[0].data["text/html"] = '<div class="ys-row">' + row[0].data["text/html"]
        row[-1].data["text/html"] += "</div>"


def _running(cover: Cover) -> str:
    """The running lines, as strings that CSS cannot misread."""
    lines = {
        "top-left": cover.portfolio if len(cover.portfolio) <= 70 else cover.portfolio[:69] + "…",  # noqa: PLR2004
        "top-right": f"Week {cover.week}",
        "bottom-left": f"{cover.publisher}, as of {cover.as_of:%Y-%m-%d %H:%M} UTC"
        + (", provisional" if cover.provisional else ""),
    }
    size = "size: A4 landscape; " if cover.landscape else ""
    return (
        f"@page {{{size}" + " ".join(f"@{place} {{ content: {_css(text)}; }}" for place, text in lines.items()) + "}\n"
    )


def _css(text: str) -> str:
    """A CSS string: every character that is not a letter, a digit or a space is escaped by its number."""
    return '"' + "".join(c if (c.isalnum() and c.isascii()) or c == " " else f"\\{ord(c):06x} " for c in text) + '"'


@cache
def _read(name: str) -> str:
    return (REPORTS / name).read_text()


@cache
def _script() -> str:
    """Plotly's own script, whole, and ours; a closing tag inside it would end it."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    plotly = str(get_plotlyjs()).replace("</script", "<\\/script")
    return f"<script>{plotly}</script>\n<script>{_DRAW}</script>\n"


@cache
def _exporter() -> "HTMLExporter":
    from nbconvert import HTMLExporter

    return HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="template",
        extra_template_basedirs=[str(REPORTS)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        embed_images=True,
    )
