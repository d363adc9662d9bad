"""Plotly traces of a line over days, drawn so that a gap shows as a gap.

Depends on Plotly's form of a trace. Does not know a portfolio.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from ys_analytics.views import theme
from ys_analytics.views.theme import Json

# Two points further apart than this have a gap between them, not a line.
_MAX_STEP = timedelta(days=1)

Point = tuple[date, float]


def points(days: Sequence[date], values: Sequence[object]) -> list[Point]:
    """The days that have a value, with it as a float for drawing."""
    return [(day, float(value)) for day, value in zip(days, values, strict=True) if value is not None]  # type: ignore[arg-type]


def draw_line(
    series: Sequence[Point],
    *,
    name: str,
    color: str = theme.BLUE,
    dash: str = "solid",
    width: float = 1.6,
    fill: str = "",
    texts: Sequence[str] = (),
    **options: object,
) -> list[Json]:
    """A line through a series, broken at gaps, each gap bridged by faint dots.

    Args:
        series: Days and values, oldest first.
        name: What the hover box calls it.
        color: Of the line.
        dash: Plotly's name of the dash.
        width: In pixels.
        fill: The colour under the line down to zero; none when empty.
        texts: What the hover box says at each point.
        options: Axes, mostly.
    """
    xs: list[str | None] = []
    ys: list[float | None] = []
    hover_texts: list[str | None] = []
    gap_traces: list[Json] = []
    for index, (day, value) in enumerate(series):
        if index and day - series[index - 1][0] > _MAX_STEP:
            gap_traces.append(_gap_trace(series[index - 1], (day, value), color, options))
            xs.append(None)
            ys.append(None)
            hover_texts.append(None)
        xs.append(day.isoformat())
        ys.append(value)
        hover_texts.append(texts[index] if texts else None)
    trace: Json = {
        "type": "scatter",
        "mode": "lines+markers" if len(series) < 3 else "lines",  # noqa: PLR2004 - one point draws no line
        "x": xs,
        "y": ys,
        "name": name,
        "line": {"color": color, "width": width, "dash": dash},
        "marker": {"size": 5, "color": color},
        "connectgaps": False,
        "hovertemplate": "%{text}<extra></extra>" if texts else "%{y}<extra></extra>",
        **options,
    }
    if texts:
        trace["text"] = hover_texts
    if fill:
        trace |= {"fill": "tozeroy", "fillcolor": fill}
    return [*gap_traces, trace]


def gaps(series: Sequence[Point]) -> list[tuple[date, date, int]]:
    """Every stretch without data: the days around it and how many days are missing."""
    return [
        (before, after, (after - before).days - 1)
        for (before, _), (after, _) in pairwise(series)
        if after - before > _MAX_STEP
    ]


def _gap_trace(before: Point, after: Point, color: str, options: Json) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [before[0].isoformat(), after[0].isoformat()],
        "y": [before[1], after[1]],
        "line": {"color": color, "width": 0.9, "dash": "dot"},
        "hoverinfo": "skip",
        **options,
    }
