"""What a portfolio holds and what its pools promise, drawn.

Frames come from the desk, figures go to the page.
"""

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.figures.line_traces import points, stroke
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, refused

_MOST = 6
_ROW = 15  # pixels a bar takes
_VIEWS = (("asset", "by asset"), ("type", "by kind of position"), ("protocol", "by protocol"), ("chain", "by chain"))


def allocation(shares: pl.DataFrame) -> View:
    """Four bar charts: the share of net value by asset, kind, protocol and chain.

    Args:
        shares: view String (asset, type, protocol, chain), name String, value Decimal in USD, share Decimal or
            Float64 of net value (negative for a debt); largest first within a view.
    """
    title = "Where the net value is"
    if shares.is_empty():
        return refused(title, "the portfolio holds nothing")
    if shares["share"].null_count() == shares.height:
        return refused(title, "the net value is not positive, so there is nothing to take a share of")
    parts = [_gathered(shares.filter(pl.col("view") == name)) for name, _ in _VIEWS]
    heights = [max(len(parts[0]), len(parts[1])) * _ROW, max(len(parts[2]), len(parts[3])) * _ROW]
    height = sum(heights) + 72
    shown = [share for rows in parts for _, share in rows]
    reach = [min(0.0, *shown) * 1.05, max(*shown, 0.01) * 1.02]
    layout = theme.layout(height=height, left=0, right=0, top=22, bottom=4, hovermode="closest", bargap=0.3)
    layout["annotations"] = []
    for place, (rows, (_, text)) in enumerate(zip(parts, _VIEWS, strict=True)):
        across, down = place % 2, place // 2
        tall = heights[down] / (height - 26)
        domain = [1 - tall, 1.0] if down == 0 else [0.0, tall]
        axes, notes = _panel(
            rows, text, mark=str(place + 1) if place else "", left=across * 0.52, domain=domain, reach=reach
        )
        axes[f"yaxis{place + 1 if place else ''}"]["range"] = [heights[down] / _ROW - 0.5, -0.5]
        layout |= axes
        layout["annotations"] += notes
    first = parts[0]
    return Chart(
        title=title,
        subtitle="per cent of net value at the end of the week; a debt counts against it",
        fields=(
            Field(name="view", title="Seen by"),
            Field(name="name", title="Part"),
            Field(name="value", title="Net value", unit="USD"),
            Field(name="share", title="Share", unit="share"),
        ),
        rows=tuple(shares.select("view", "name", "value", "share").iter_rows()),
        labels=tuple(formats.written(share, "share") for share in shown),
        alt="Largest parts of net value: "
        + formats.listed(f"{name} {formats.written(share, 'share')}" for name, share in first[:3])
        + ".",
        traces=tuple(_bars(rows, str(place + 1) if place else "") for place, rows in enumerate(parts)),
        layout=layout,
    )


def pool_yields(yields: pl.DataFrame) -> View:
    """Lines: the yield per year that the pools in use quoted over the last quarter.

    Args:
        yields: day Date, pool String (its label), apy Decimal, the day's mean as a fraction a year; oldest first.
    """
    title = "Yields quoted by the pools in use"
    if yields.is_empty():
        return refused(title, "no position sits in a pool that quotes a yield", size="half")
    names = yields["pool"].unique(maintain_order=True).to_list()[: len(theme.STROKES)]
    drawn = {name: _line(yields, name) for name in names}
    values = [value for series in drawn.values() for _, value in series]
    axis = theme.value_axis(min(0.0, *values), max(values), "rate", most=4)
    days = [day for series in drawn.values() for day, _ in series]
    time = theme.time_axis(min(days), max(days), most=4)
    traces, ends, labels = [], [], [*axis.labels, *time.labels]
    for (name, series), (color, dash) in zip(drawn.items(), theme.STROKES, strict=False):
        written = formats.written(Decimal(repr(series[-1][1])), "rate")
        traces += stroke(
            series,
            name=name,
            color=color,
            dash=dash,
            width=1.4,
            texts=[f"{theme.escape(name)} {formats.written(v, 'rate')}" for _, v in series],
        )
        ends.append((series[-1], name, written, color))
        labels.append(written)
    low, high = axis.layout["range"]
    notes = _apart(
        [
            (day.isoformat(), value, theme.escape(formats.short(name, most=20)), color)
            for (day, value), name, _, color in ends
        ],
        high - low,
        170,
    )
    return Chart(
        title=title,
        subtitle="per cent a year, compounded, daily mean",
        fields=(
            Field(name="day", title="Day", unit="date"),
            Field(name="pool", title="Pool"),
            Field(name="apy", title="Yield a year", unit="rate"),
        ),
        rows=tuple(yields.select("day", "pool", "apy").iter_rows()),
        labels=tuple(labels),
        alt="Yields a year now: " + formats.listed(f"{name} {written}" for _, name, written, _ in ends) + ".",
        traces=tuple(traces),
        layout=theme.layout(height=220, left=44, right=112, xaxis=time.layout, yaxis=axis.layout, annotations=notes),
        size="half",
    )


def _panel(
    rows: Sequence[tuple[str, float]], text: str, *, mark: str, left: float, domain: list[float], reach: list[float]
) -> tuple[Json, list[Json]]:
    """Axes and labels of one bar chart: names to the left of the bars, shares at their ends."""
    bare: Json = {"showgrid": False, "showticklabels": False, "fixedrange": True}
    zero: Json = {"zeroline": True, "zerolinecolor": theme.FAINT, "zerolinewidth": 0.8}
    axes: Json = {
        # A third of the panel is the names'.
        f"xaxis{mark}": {**bare, **zero, "domain": [left + 0.17, left + 0.41], "range": reach, "anchor": f"y{mark}"},
        f"yaxis{mark}": {**bare, "zeroline": False, "anchor": f"x{mark}", "domain": domain},
    }
    notes = [
        theme.note(text, x=left, xref="paper", y=domain[1], yref="paper", yanchor="bottom", yshift=4, color=theme.GREY)
    ]
    small = {"size": theme.SMALL, "color": theme.INK}
    for row, (name, share) in enumerate(rows):
        named = theme.escape(formats.short(name, most=18))
        notes.append(theme.note(named, x=left, xref="paper", y=row, yref=f"y{mark}", font=small))
        end: Json = {"x": max(share, 0.0), "xref": f"x{mark}", "y": row, "yref": f"y{mark}", "xshift": 3}
        notes.append(theme.note(formats.written(share, "share"), font=small, **end))
    return axes, notes


def _line(yields: pl.DataFrame, pool: str) -> list[tuple]:  # type: ignore[type-arg]
    rows = yields.filter(pl.col("pool") == pool)
    return points(rows["day"].to_list(), rows["apy"].to_list())


def _gathered(shares: pl.DataFrame) -> list[tuple[str, float]]:
    """The largest parts, the rest as one."""
    rows = [(str(name), float(share)) for name, share in shares.select("name", "share").drop_nulls().iter_rows()]
    if len(rows) <= _MOST:
        return rows
    # The rest is what the parts listed in full above leave over.
    return [*rows[: _MOST - 1], (f"{len(rows) - _MOST + 1} others", sum(share for _, share in rows[_MOST - 1 :]))]


def _bars(rows: Sequence[tuple[str, float]], mark: str) -> Json:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [share for _, share in rows],
        "y": list(range(len(rows))),
        "xaxis": f"x{mark}",
        "yaxis": f"y{mark}",
        "marker": {"color": [theme.BLUE if share >= 0 else theme.VERMILION for _, share in rows]},
        "text": [theme.escape(name) for name, _ in rows],
        "textposition": "none",
        "hovertemplate": "%{text}: %{x:.1%}<extra></extra>",
    }


def _apart(ends: list[tuple[str, float, str, str]], spread: float, height: float) -> list[Json]:
    """Labels at the ends of lines, moved apart until none stands on another."""
    notes, floor = [], float("-inf")
    for x, y, text, color in sorted(ends, key=lambda end: end[1]):
        at = y / spread * height
        floor = max(at, floor + 13)
        notes.append(
            theme.note(
                text, x=x, y=y, xshift=5, yshift=floor - at, color=color, font={"size": theme.SMALL, "color": color}
            )
        )
    return notes
