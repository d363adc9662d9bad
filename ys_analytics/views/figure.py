"""A chart as a view: Plotly's JSON for screens, vectors for paper, and the data JSON.

Depends on Plotly's mime type and HTML. Does not draw. Traces are SVG ones only, so that they stay vectors in a PDF.
"""

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ys_analytics.views import theme
from ys_analytics.views.templates import render
from ys_analytics.views.view import View, plain, script_json

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure  # type: ignore[import-untyped]

PLOTLY_TYPE = "application/vnd.plotly.v1+json"

# Characters of a warning that fit a line above a chart as wide as a page.
_WARNING_WIDTH = 110

# No logo and nothing that leaves the machine; the bar appears when the pointer is over the chart. Dollars are dollars,
# also where MathJax is on the page.
_CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "modeBarButtons": [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
    "plotlyServerURL": "",
    "typesetMath": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart(View):
    """A chart.

    Attributes:
        traces: Plotly's traces, as plain values.
        layout: Plotly's layout, as plain values.
    """

    kind: str = "figure"
    traces: tuple[dict[str, Any], ...] = ()
    layout: dict[str, Any] = field(default_factory=dict)

    @property
    def plotly(self) -> "PlotlyFigure":
        """The chart as a Plotly figure, to change at the desk."""
        from plotly.graph_objects import Figure as PlotlyFigure

        return PlotlyFigure(data=list(self._data()), layout=self._layout_with_title())

    def to_html(self) -> str:
        """The chart as a figure that draws itself where Plotly is loaded."""
        drawing = script_json(
            {"data": [_short(trace) for trace in self._data()], "layout": self.layout, "config": _CONFIG}
        )
        return render("chart", view=self, drawing=Markup(drawing))  # noqa: S704 - `packed` is safe there

    def _data(self) -> list[dict[str, Any]]:
        return [{name: plain(value) for name, value in trace.items()} for trace in self.traces]

    def _layout_with_title(self) -> dict[str, Any]:
        """The layout where no caption stands above the chart: the title moves inside."""
        margin, warning_lines = (
            self.layout["margin"],
            [
                line
                for text in self.warnings
                for line in textwrap.wrap(text, _WARNING_WIDTH if self.size == "page" else _WARNING_WIDTH // 2)
            ],
        )
        warning_html = "".join(
            f'<br><span style="color:{theme.VERMILION}">{theme.escape(line)}</span>' for line in warning_lines
        )
        title = {
            "text": theme.escape(self.title),
            "subtitle": {"text": theme.escape(self.subtitle) + warning_html, "font": {"size": theme.SIZE}},
            "x": 0.01,
            "xanchor": "left",
            "font": {"size": 15},
        }
        extra = 54 + 16 * len(warning_lines)
        taller = {"height": self.layout["height"] + extra, "margin": {**margin, "t": margin["t"] + extra}}
        return {**self.layout, "title": title, **taller}

    def _repr_mimebundle_(self, **requested: object) -> dict[str, object]:
        """What Jupyter shows and stores; JupyterLab prefers Plotly's own type."""
        # A dataclass with slots is a new class, so a bare super() would not find its base.
        bundle = View._repr_mimebundle_(self, **requested)
        return {**bundle, PLOTLY_TYPE: {"data": self._data(), "layout": self._layout_with_title(), "config": _CONFIG}}


def _short(trace: dict[str, Any]) -> dict[str, Any]:
    """A trace with six digits to a place: more would not be seen, and are what compresses worst.

    >>> _short({"y": [0.012345678, None], "name": "Return"})
    {'y': [0.0123457, None], 'name': 'Return'}
    """
    cut = {
        name: [float(f"{value:.6g}") if isinstance(value, float) else value for value in trace[name]]
        for name in ("x", "y")
        if isinstance(trace.get(name), list)
    }
    return {**trace, **cut}
