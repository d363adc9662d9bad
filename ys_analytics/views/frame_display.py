"""How a plain frame shows itself in a notebook: as text, with any characters in its cells.

Polars writes a frame as an HTML table, in which JupyterLab typesets whatever stands between two dollars as a
formula. Does not know views of our own: they say so themselves.
"""

import sys

import polars as pl

from ys_analytics.views.templates import AS_TEXT


def as_text(frame: pl.DataFrame | pl.Series) -> str:
    """A frame as HTML in which nothing is typeset.

    >>> as_text(pl.DataFrame({"symbol": ["$PEPE"]})).startswith('<div class="tex2jax_ignore mathjax_ignore">')
    True
    """
    return f'<div class="{AS_TEXT}">{frame._repr_html_()}</div>'


def show_frames_as_text() -> None:
    """Let the running notebook show Polars frames as text; elsewhere nothing changes."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        for kind in (pl.DataFrame, pl.Series):
            shell.display_formatter.formatters["text/html"].for_type(kind, as_text)
