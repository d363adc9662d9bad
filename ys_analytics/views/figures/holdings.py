"""Charts of what a portfolio holds and of the yields that its pools quote.

Depends on frames of the desk. Does not compute a figure.
"""

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.figures.line_traces import draw_line, points
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, not_shown

_MAX_BARS = 6
_BAR_PIXELS = 15  # pixels a bar takes
_DIMENSIONS = (
    ("asset", "by asset"),
    ("type", "by kind of position"),
    ("protocol", "by protocol"),
    ("chain", "by chain"),
)


def allocation(shares: pl.DataFrame) -> View:
    """Four bar charts: the share of net value by asset, kind, protocol and chain.

    Args:
        shares: view String (asset, type, protocol, chain), name String, value Decimal in USD, share Decimal or
            Float64 of net value (negative for a debt); largest first within a view.
    """
    title = "Where the net value is"
    if shares.is_empty():
        return not_shown(title, "the portfolio holds nothing")
    if shares["share"].null_count() == shares.height:
        return not_shown(title, "the net value is not positive, so there is nothing to take a share of")
    parts = [_largest_parts(shares.filter(pl.col("view") == name)) for name, _ in _DIMENSIONS]
    heights = [max(len(parts[0]), len(parts[1])) * _BAR_PIXELS, max(len(parts[2]), len(parts[3])) * _BAR_PIXELS]
    height = sum(heights) + 72
    bar_lengths = [share for rows in parts for _, share in rows]
    x_range = [min(0.0, *bar_lengths) * 1.05, max(*bar_lengths, 0.01) * 1.02]
    layout = theme.layout(height=height, left=0, right=0, top=22, bottom=4, hovermode="closest", bargap=0.3)
    layout["annotations"] = []
    for index, (rows, (_, text)) in enumerate(zip(parts, _DIMENSIONS, strict=True)):
        column, row = index % 2, index // 2
        panel_height = heights[row] / (height - 26)
        domain = [1 - panel_height, 1.0] if row == 0 else [0.0, panel_height]
        axes, notes = _panel(
            rows, text, axis_suffix=str(index + 1) if index else "", left=column * 0.52, domain=domain, x_range=x_range
        )
        axes[f"yaxis{index + 1 if index else ''}"]["range"] = [heights[row] / _BAR_PIXELS - 0.5, -0.5]
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
        labels=tuple(formats.text(share, "share") for share in bar_lengths),
        alt="Largest parts of net value: "
        + formats.join_words(f"{name} {formats.text(share, 'share')}" for name, share in first[:3])
        + ".",
        traces=tuple(_bars(rows, str(index + 1) if index else "") for index, rows in enumerate(parts)),
        layout=layout,
    )


def pool_yields(yields: pl.DataFrame) -> View:
    """Lines: the yield per year that the pools in use quoted over the last quarter.

    Args:
        yields: day Date, pool String (its label), apy Decimal, the day's mean as a fraction a year; oldest first.
    """
    title = "Yields quoted by the pools in use"
    if yields.is_empty():
        return not_shown(title, "no position sits in a pool that quotes a yield", size="half")
    names = yields["pool"].unique(maintain_order=True).to_list()[: len(theme.LINE_STYLES)]
    points_by_pool = {name: _pool_points(yields, name) for name in names}
    values = [value for series in points_by_pool.values() for _, value in series]
    axis = theme.value_axis(min(0.0, *values), max(values), "rate", max_ticks=4)
    days = [day for series in points_by_pool.values() for day, _ in series]
    time = theme.time_axis(min(days), max(days), max_ticks=4)
    traces, line_ends, labels = [], [], [*axis.labels, *time.labels]
    for (name, series), (color, dash) in zip(points_by_pool.items(), theme.LINE_STYLES, strict=False):
        last_text = formats.text(Decimal(repr(series[-1][1])), "rate")
        traces += draw_line(
            series,
            name=name,
            color=color,
            dash=dash,
            width=1.4,
            texts=[f"{theme.escape(name)} {formats.text(yield_value, 'rate')}" for _, yield_value in series],
        )
        line_ends.append((series[-1], name, last_text, color))
        labels.append(last_text)
    low, high = axis.layout["range"]
    notes = _end_labels(
        [
            (day.isoformat(), value, theme.escape(formats.short(name, max_length=20)), color)
            for (day, value), name, _, color in line_ends
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
        alt="Yields a year now: "
        + formats.join_words(f"{name} {last_text}" for _, name, last_text, _ in line_ends)
        + ".",
        traces=tuple(traces),
        layout=theme.layout(height=220, left=44, right=112, xaxis=time.layout, yaxis=axis.layout, annotations=notes),
        size="half",
    )


def _panel(
    rows: Sequence[tuple[str, float]],
    text: str,
    *,
    axis_suffix: str,
    left: float,
    domain: list[float],
    x_range: list[float],
) -> tuple[Json, list[Json]]:
    """Axes and labels of one bar chart: names to the left of the bars, shares at their ends."""
    plain_axis: Json = {"showgrid": False, "showticklabels": False, "fixedrange": True}
    zero: Json = {"zeroline": True, "zerolinecolor": theme.FAINT, "zerolinewidth": 0.8}
    axes: Json = {
        # A third of the panel is the names'.
        f"xaxis{axis_suffix}": {
            **plain_axis,
            **zero,
            "domain": [left + 0.17, left + 0.41],
            "range": x_range,
            "anchor": f"y{axis_suffix}",
        },
        f"yaxis{axis_suffix}": {**plain_axis, "zeroline": False, "anchor": f"x{axis_suffix}", "domain": domain},
    }
    notes = [
        theme.note(text, x=left, xref="paper", y=domain[1], yref="paper", yanchor="bottom", yshift=4, color=theme.GREY)
    ]
    small = {"size": theme.SMALL, "color": theme.TEXT}
    for row, (name, share) in enumerate(rows):
        label = theme.escape(formats.short(name, max_length=18))
        notes.append(theme.note(label, x=left, xref="paper", y=row, yref=f"y{axis_suffix}", font=small))
        end: Json = {"x": max(share, 0.0), "xref": f"x{axis_suffix}", "y": row, "yref": f"y{axis_suffix}", "xshift": 3}
        notes.append(theme.note(formats.text(share, "share"), font=small, **end))
    return axes, notes


def _pool_points(yields: pl.DataFrame, pool: str) -> list[tuple]:  # type: ignore[type-arg]
    rows = yields.filter(pl.col("pool") == pool)
    return points(rows["day"].to_list(), rows["apy"].to_list())


def _largest_parts(shares: pl.DataFrame) -> list[tuple[str, float]]:
    """The largest parts, the rest as one."""
    rows = [(str(name), float(share)) for name, share in shares.select("name", "share").drop_nulls().iter_rows()]
    if len(rows) <= _MAX_BARS:
        return rows
    # The rest is what the parts listed in full above leave over.
    return [
        *rows[: _MAX_BARS - 1],
        (f"{len(rows) - _MAX_BARS + 1} others", sum(share for _, share in rows[_MAX_BARS - 1 :])),
    ]


def _bars(rows: Sequence[tuple[str, float]], axis_suffix: str) -> Json:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [share for _, share in rows],
        "y": list(range(len(rows))),
        "xaxis": f"x{axis_suffix}",
        "yaxis": f"y{axis_suffix}",
        "marker": {"color": [theme.BLUE if share >= 0 else theme.VERMILION for _, share in rows]},
        "text": [theme.escape(name) for name, _ in rows],
        "textposition": "none",
        "hovertemplate": "%{text}: %{x:.1%}<extra></extra>",
    }


def _end_labels(ends: list[tuple[str, float, str, str]], spread: float, height: float) -> list[Json]:
    """Labels at the ends of lines, moved apart until none stands on another."""
    notes, lowest_free = [], float("-inf")
    for x, y, text, color in sorted(ends, key=lambda end: end[1]):
        pixels = y / spread * height
        lowest_free = max(pixels, lowest_free + 13)
        notes.append(
            theme.note(
                text,
                x=x,
                y=y,
                xshift=5,
                yshift=lowest_free - pixels,
                color=color,
                font={"size": theme.SMALL, "color": color},
            )
        )
    return notes
