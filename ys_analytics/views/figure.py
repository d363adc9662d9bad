"""How a chart is carried: Plotly's JSON for screens, vectors for paper, and the data JSON.

Knows Plotly's mime type and HTML; draws nothing itself. Traces are SVG ones only, so
that they stay vectors in a PDF.
"""

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ys_analytics.views import theme
from ys_analytics.views.templates import render
from ys_analytics.views.view import View, packed, plain

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure  # type: ignore[import-untyped]

PLOTLY_TYPE = "application/vnd.plotly.v1+json"

# Characters of a warning that fit beside each other above a chart as wide as a page.
_LINE = 110

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

        return PlotlyFigure(data=list(self._data()), layout=self._titled())

    def to_html(self) -> str:
        """The chart as a figure that draws itself where Plotly is loaded."""
        drawing = packed({"data": self._data(), "layout": self.layout, "config": _CONFIG})
        return render("chart", view=self, drawing=Markup(drawing))  # noqa: S704 - `packed` is safe there

    def _data(self) -> list[object]:
        return [plain(trace) for trace in self.traces]

    def _titled(self) -> dict[str, Any]:
        """The layout for where no caption stands beside the chart: the title moves inside."""
        margin, warned = (
            self.layout["margin"],
            [
                line
                for text in self.warnings
                for line in textwrap.wrap(text, _LINE if self.size == "page" else _LINE // 2)
            ],
        )
        said = "".join(f'<br><span style="color:{theme.VERMILION}">{theme.escape(line)}</span>' for line in warned)
        title = {
            "text": theme.escape(self.title),
            "subtitle": {"text": theme.escape(self.subtitle) + said, "font": {"size": theme.SIZE}},
            "x": 0.01,
            "xanchor": "left",
            "font": {"size": 15},
        }
        more = 54 + 16 * len(warned)
        taller = {"height": self.layout["height"] + more, "margin": {**margin, "t": margin["t"] + more}}
        return {**self.layout, "title": title, **taller}

    def _repr_mimebundle_(self, **asked: object) -> dict[str, object]:
        """What Jupyter shows and stores; JupyterLab prefers Plotly's own type."""
        # A dataclass with slots is a new class, so a bare super() would not find its base.
        bundle = View._repr_mimebundle_(self, **asked)
        return {**bundle, PLOTLY_TYPE: {"data": self._data(), "layout": self._titled(), "config": _CONFIG}}
