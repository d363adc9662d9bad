"""Lines over days, drawn so that a gap shows as a gap.

Knows how a series becomes traces; knows no portfolio.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from ys_analytics.views import theme
from ys_analytics.views.theme import Json

# A longer silence than this between two points is a gap and not a slope.
_GAP = timedelta(days=1)

Point = tuple[date, float]


def points(days: Sequence[date], values: Sequence[object]) -> list[Point]:
    """The days that have a value, with it as a float for drawing."""
    return [(day, float(value)) for day, value in zip(days, values, strict=True) if value is not None]  # type: ignore[arg-type]


def stroke(
    series: Sequence[Point],
    *,
    name: str,
    color: str = theme.BLUE,
    dash: str = "solid",
    width: float = 1.6,
    fill: str = "",
    texts: Sequence[str] = (),
    **more: object,
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
        more: Axes, mostly.
    """
    xs: list[str | None] = []
    ys: list[float | None] = []
    said: list[str | None] = []
    bridges: list[Json] = []
    for place, (day, value) in enumerate(series):
        if place and day - series[place - 1][0] > _GAP:
            bridges.append(_bridge(series[place - 1], (day, value), color, more))
            xs.append(None)
            ys.append(None)
            said.append(None)
        xs.append(day.isoformat())
        ys.append(value)
        said.append(texts[place] if texts else None)
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
        **more,
    }
    if texts:
        trace["text"] = said
    if fill:
        trace |= {"fill": "tozeroy", "fillcolor": fill}
    return [*bridges, trace]


def gaps(series: Sequence[Point]) -> list[tuple[date, date, int]]:
    """Every stretch without data: the days around it and how many days are missing."""
    return [
        (before, after, (after - before).days - 1)
        for (before, _), (after, _) in pairwise(series)
        if after - before > _GAP
    ]


def _bridge(before: Point, after: Point, color: str, more: Json) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [before[0].isoformat(), after[0].isoformat()],
        "y": [before[1], after[1]],
        "line": {"color": color, "width": 0.9, "dash": "dot"},
        "hoverinfo": "skip",
        **more,
    }
