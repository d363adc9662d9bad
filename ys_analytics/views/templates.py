"""HTML of the views from Jinja2 templates in `views/html/`, every value escaped.

Depends on Jinja2. Does not know a view's fields: a template reads them.
"""

from functools import cache
from pathlib import Path

import jinja2

# Classes of an element in which MathJax typesets nothing, so that "$PEPE and $WIF" stays these letters in JupyterLab,
# in the classic notebook and in what nbconvert makes of it.
AS_TEXT = "tex2jax_ignore mathjax_ignore"


def render(name: str, **values: object) -> str:
    """Fill a template.

    Args:
        name: Of the template, without its suffixes.
        values: What it reads; text is escaped unless it is `markupsafe.Markup`.

    >>> from ys_analytics.views.view import statement
    >>> render("statement", view=statement("Alerts", "None < 1."))
    '<figure role="group" class="ys ys-statement ys-page tex2jax_ignore mathjax_ignore">...<p>None &lt; 1.</p></figure>'
    """
    return _environment().get_template(f"{name}.html.j2").render(as_text=AS_TEXT, **values)


def warm() -> None:
    """Compile every template, for a process from which others are forked."""
    for name in _environment().list_templates():
        _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["footnote"] = _footnote
    return environment


def _footnote(note: str) -> tuple[str, str]:
    """A note as its mark and its text; a single letter before a space is the mark.

    >>> _footnote("a needs 30 days"), _footnote("Days are UTC.")
    (('a', 'needs 30 days'), ('', 'Days are UTC.'))
    """
    mark, _, rest = note.partition(" ")
    return (mark, rest) if len(mark) == 1 and mark.islower() else ("", note)
