"""Great Expectations' pages, made to fetch nothing: the words stay, what was fetched from outside goes.

Knows HTML as that library writes it; checks nothing and computes nothing. Its pages load their layout, their icons
and their tables' rows through public servers; here each gets a style sheet of ours, and its rows as HTML.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from bs4 import BeautifulSoup, Comment

# Rows of a table that only a script would have shown: which table, its columns and its rows, as Python writes them.
_LISTED = re.compile(
    r"\$\('#(?P<table>[\w-]+)'\)\.bootstrapTable\(.*?"
    r"columns: (?P<columns>\[.*?\]),\s*\n\s*data: (?P<rows>\[.*?\]),\s*\n",
    re.DOTALL,
)
_ELSEWHERE = re.compile(r"\s*(?:https?:)?//")


def keep_to_themselves(folder: Path) -> None:
    """Rewrite every page of a folder so that it shows itself without a network and without a script."""
    style = files("ys_analytics.quality").joinpath("docs.css").read_text(encoding="utf-8")
    for path in sorted(folder.rglob("*.html")):
        path.write_text(alone(path.read_text(encoding="utf-8"), style), encoding="utf-8")
    for path in sorted(folder.glob("static/styles/*.css")):
        path.unlink()


def alone(page: str, style: str) -> str:
    """One page by itself: without comments, scripts and styles of its own, and without what lies elsewhere.

    >>> alone('<head></head><script>1</script><img src="https://example.org/logo.png">', "b {}")
    '<head><style>b {}</style></head>Great Expectations'
    """
    listed = {found["table"]: _table(found["columns"], found["rows"]) for found in _LISTED.finditer(page)}
    shown = BeautifulSoup(page, "html.parser")
    for gone in (*shown(["script", "style", "footer"]), *shown("link", href=_ELSEWHERE)):
        gone.decompose()
    for comment in shown(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for logo in shown("img", src=_ELSEWHERE):
        logo.replace_with("Great Expectations")
    for name, rows in listed.items():
        for table in shown("table", id=name):
            table.append(BeautifulSoup(rows, "html.parser"))
    if shown.head is not None:
        ours = shown.new_tag("style")
        ours.string = style
        shown.head.append(ours)
    return str(shown)


def _table(columns: str, rows: str) -> str:
    """Head and body of a table whose cells the library wrote as HTML already; a row links to its page."""
    heads: Sequence[Mapping[str, str]] = ast.literal_eval(columns)
    names = [(head["field"], head["title"]) for head in heads if head["field"] != "run_name"]
    head = "".join(f"<th>{escape(title)}</th>" for _, title in names)
    body = "".join(_row(row, [field for field, _ in names]) for row in ast.literal_eval(rows))
    return f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"


def _row(row: Mapping[str, str], fields: Sequence[str]) -> str:
    """One row; its plain cells lead to its page."""
    opening = f'<a href="{escape(str(row["_table_row_link_path"]), quote=True)}">'
    said = [str(row.get(field, "")) for field in fields]
    cells = [each if "<" in each else f"{opening}{each}</a>" for each in said]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
