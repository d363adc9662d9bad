"""Makes Great Expectations' pages self-contained: text stays, everything fetched from a network goes.

Depends on HTML as that library writes it. Does not check anything. Its pages load their layout, their icons
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
_SCRIPTED_TABLE = re.compile(
    r"\$\('#(?P<table>[\w-]+)'\)\.bootstrapTable\(.*?"
    r"columns: (?P<columns>\[.*?\]),\s*\n\s*data: (?P<rows>\[.*?\]),\s*\n",
    re.DOTALL,
)
_EXTERNAL_URL = re.compile(r"\s*(?:https?:)?//")


def make_self_contained(folder: Path) -> None:
    """Rewrite every page of a folder so that it shows itself without a network and without a script."""
    style = files("ys_analytics.quality").joinpath("docs.css").read_text(encoding="utf-8")
    for path in sorted(folder.rglob("*.html")):
        path.write_text(self_contained(path.read_text(encoding="utf-8"), style), encoding="utf-8")
    for path in sorted(folder.glob("static/styles/*.css")):
        path.unlink()


def self_contained(page: str, style: str) -> str:
    """One page without comments, scripts, its own styles and external files.

    >>> self_contained('<head></head><script>1</script><img src="https://example.org/logo.png">', "b {}")
    '<head><style>b {}</style></head>Great Expectations'
    """
    tables = {match["table"]: _table(match["columns"], match["rows"]) for match in _SCRIPTED_TABLE.finditer(page)}
    document = BeautifulSoup(page, "html.parser")
    for element in (*document(["script", "style", "footer"]), *document("link", href=_EXTERNAL_URL)):
        element.decompose()
    for comment in document(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for logo in document("img", src=_EXTERNAL_URL):
        logo.replace_with("Great Expectations")
    for name, rows in tables.items():
        for table in document("table", id=name):
            table.append(BeautifulSoup(rows, "html.parser"))
    if document.head is not None:
        style_tag = document.new_tag("style")
        style_tag.string = style
        document.head.append(style_tag)
    return str(document)


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
    texts = [str(row.get(field, "")) for field in fields]
    cells = [text if "<" in text else f"{opening}{text}</a>" for text in texts]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
