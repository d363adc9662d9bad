"""What a portfolio holds and what its pools promise, drawn.

Frames come from the desk, figures go to the page.
"""

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from ys_analytics.views import theme, words
from ys_analytics.views.figure import Chart
from ys_analytics.views.figures.strokes import points, stroke
from ys_analytics.views.theme import Json
from ys_analytics.views.twin import Field, View, refused

_MOST = 6
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
    traces: list[Json] = []
    notes: list[Json] = []
    labels: list[str] = []
    panels = [(name, text, _gathered(shares.filter(pl.col("view") == name))) for name, text in _VIEWS]
    reach = max(abs(share) for *_, rows in panels for _, share in rows)
    low = min(0.0, *(share for *_, rows in panels for _, share in rows))
    heights = [max(len(rows) for *_, rows in panels[:2]), max(len(rows) for *_, rows in panels[2:])]
    height = 17 * sum(heights) + 72
    layout = theme.layout(height=height, left=0, right=0, top=22, bottom=4, hovermode="closest", bargap=0.3)
    inner = height - 26
    for place, (_, text, rows) in enumerate(panels):
        mark = "" if place == 0 else str(place + 1)
        start, upper = (place % 2) * 0.52, place < 2
        tall = 17 * heights[place // 2] / inner
        domain = [1 - tall, 1.0] if upper else [0.0, tall]
        names = [theme.escape(words.short(name, most=18)) for name, _ in rows]
        traces.append(_bars(rows, mark))
        layout |= {
            # Names stand left of the bars: a third of the panel is theirs.
            f"xaxis{mark}": {
                "domain": [start + 0.17, start + 0.41], "range": [low * 1.05, max(reach * 1.02, 0.01)], "showgrid": False,
                "showticklabels": False, "zeroline": True, "zerolinecolor": theme.FAINT, "zerolinewidth": 0.8, "fixedrange": True,
                "anchor": f"y{mark}",
            },
            f"yaxis{mark}": {
                "range": [heights[place // 2] - 0.5, -0.5], "showgrid": False, "zeroline": False, "showticklabels": False, "fixedrange": True,
                "anchor": f"x{mark}", "domain": domain,
            },
        }  # fmt: skip
        notes.append(
            theme.note(
                text, x=start, xref="paper", y=domain[1], yref="paper", yanchor="bottom", yshift=4, color=theme.GREY
            )
        )
        for row, (shown, (_, share)) in enumerate(zip(names, rows, strict=True)):
            written = words.written(share, "share")
            labels.append(written)
            notes.append(
                theme.note(
                    shown, x=start, xref="paper", y=row, yref=f"y{mark}", font={"size": theme.SMALL, "color": theme.INK}
                )
            )
            notes.append(
                theme.note(
                    written, x=max(share, 0.0), xref=f"x{mark}", y=row, yref=f"y{mark}", xshift=3,
                    font={"size": theme.SMALL, "color": theme.INK},
                )
            )  # fmt: skip
    layout["annotations"] = notes
    first = panels[0][2]
    return Chart(
        title=title,
        subtitle="per cent of net value now; a debt counts against it",
        fields=(
            Field(name="view", title="Seen by"),
            Field(name="name", title="Part"),
            Field(name="value", title="Net value", unit="USD"),
            Field(name="share", title="Share", unit="share"),
        ),
        rows=tuple(shares.select("view", "name", "value", "share").iter_rows()),
        labels=tuple(labels),
        alt="Largest parts of net value: "
        + words.listed(f"{name} {words.written(share, 'share')}" for name, share in first[:3])
        + ".",
        traces=tuple(traces),
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
        written = words.written(Decimal(repr(series[-1][1])), "rate")
        traces += stroke(
            series,
            name=name,
            color=color,
            dash=dash,
            width=1.4,
            texts=[f"{theme.escape(name)} {words.written(v, 'rate')}" for _, v in series],
        )
        ends.append((series[-1], name, written, color))
        labels.append(written)
    low, high = axis.layout["range"]
    notes = _apart(
        [
            (day.isoformat(), value, theme.escape(words.short(name, most=20)), color)
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
        alt="Yields a year now: " + words.listed(f"{name} {written}" for _, name, written, _ in ends) + ".",
        traces=tuple(traces),
        layout=theme.layout(height=220, left=44, right=112, xaxis=time.layout, yaxis=axis.layout, annotations=notes),
        size="half",
    )


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
