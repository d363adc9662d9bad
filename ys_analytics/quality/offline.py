"""Great Expectations' pages, made to ask nobody for anything: the words stay, what was fetched from outside goes.

Knows HTML as that library writes it; judges nothing and computes nothing. Its pages load their layout, their icons
and their tables' rows through public servers; here each gets a style sheet of ours, and its rows as HTML.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)
_STYLE = re.compile(r"<style\b.*?</style>", re.DOTALL | re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FOOTER = re.compile(r"<footer\b.*?</footer>", re.DOTALL | re.IGNORECASE)
_LINK = re.compile(r"<link\b[^>]*>", re.IGNORECASE)
_LOGO = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
# Rows of a table that only a script would have shown: which table, its columns and its rows, as Python writes them.
_LISTED = re.compile(
    r"\$\('#(?P<table>[\w-]+)'\)\.bootstrapTable\(.*?"
    r"columns: (?P<columns>\[.*?\]),\s*\n\s*data: (?P<rows>\[.*?\]),\s*\n",
    re.DOTALL,
)
# Whatever a browser would fetch from somewhere else as soon as it opens a page; a link to click is not among it.
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed|object|input)\b[^>]*?\b(?:src|data|poster)\s*=\s*[\"']?\s*(?:https?:)?//[^\"'>\s]+"
    r"|<link\b[^>]*?\bhref\s*=\s*[\"']?\s*(?:https?:)?//[^\"'>\s]+"
    r"|url\(\s*[\"']?\s*(?:https?:)?//[^\"')\s]+"
    r"|@import\s+(?:url\()?[\"']?\s*(?:https?:)?//[^\"')\s;]+"
    r"|<meta\b[^>]*?http-equiv\s*=\s*[\"']?refresh[^>]*>",
    re.IGNORECASE,
)


def fetched(page: str) -> list[str]:
    """What a browser would fetch from elsewhere to show a page or style sheet; empty where it shows itself.

    >>> fetched('<a href="https://example.org">read</a> <img src="logo.png">')
    []
    >>> fetched('<link rel="stylesheet" href="https://example.org/a.css">')
    ['<link rel="stylesheet" href="https://example.org/a.css']
    """
    return _FETCHED.findall(page)


def keep_to_themselves(folder: Path) -> None:
    """Rewrite every page of a folder so that it shows itself without a network and without a script."""
    style = files("ys_analytics.quality").joinpath("docs.css").read_text(encoding="utf-8")
    for path in sorted(folder.rglob("*.html")):
        path.write_text(_alone(path.read_text(encoding="utf-8"), style), encoding="utf-8")
    for path in sorted(folder.glob("static/styles/*.css")):
        path.unlink()


def _alone(page: str, style: str) -> str:
    """One page by itself."""
    listed = {found["table"]: _table(found["columns"], found["rows"]) for found in _LISTED.finditer(page)}
    for pattern in (_COMMENT, _SCRIPT, _STYLE, _FOOTER):
        page = pattern.sub("", page)
    page = _LINK.sub(lambda link: "" if fetched(link[0]) else link[0], page)
    page = _LOGO.sub(lambda logo: "Great Expectations" if fetched(logo[0]) else logo[0], page)
    for table, rows in listed.items():
        opening = re.search(rf'<table\s+id="{re.escape(table)}"[^>]*>', page)
        if opening:
            page = page[: opening.end()] + rows + page[opening.end() :]
    return page.replace("</head>", f"<style>\n{style}</style>\n</head>", 1)


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
