"""How returns scatter, how restless they are, and how far liquidation is, drawn.

Frames come from the desk, figures go to the page; counting days into bins is
drawing, every risk figure is handed in.
"""

import math
from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.figures.line_traces import Point, points, stroke
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, refused

_DAY = timedelta(days=1)
_FEW = 10

_NUMBERS = (
    ("value_at_risk", "VaR 95 %", theme.VERMILION, "dash"),
    ("expected_shortfall", "CVaR 95 %", theme.INK, "dot"),
)


def return_distribution(returns: pl.DataFrame, measures: pl.DataFrame) -> View:
    """Histogram: how often each size of daily return came, with value at risk and shortfall marked.

    Args:
        returns: ret Float64, days Int64 (how many a return spans); nulls and returns over several days are left out.
        measures: metric String, since Float64; value_at_risk and expected_shortfall are marked where present,
            positive for a loss.
    """
    title = "Distribution of daily returns"
    given = returns.filter(pl.col("ret").is_not_null())
    rets = given.filter(pl.col("days").fill_null(1) <= 1)["ret"].to_list()
    if len(rets) < _FEW:
        return refused(title, f"needs {_FEW} days, has {len(rets)}", size="half")
    if max(rets) - min(rets) < 1e-12:  # noqa: PLR2004 - rounding noise, as in metrics.sample
        return refused(title, f"all {len(rets)} daily returns are {formats.written(rets[0], 'fraction')}", size="half")
    edges, counts = _bins(rets)
    width = edges[1] - edges[0]
    shown = measures.filter(pl.col("metric").is_in([name for name, *_ in _NUMBERS]) & pl.col("since").is_not_null())
    marks = dict(shown.select("metric", "since").iter_rows())
    across = theme.value_axis(edges[0], edges[-1], "fraction", most=5, showgrid=False, zeroline=False)
    # Below thirty returns neither is known, and no mark stands left of the bins.
    left = min([edges[0], *(-value for value in marks.values())])
    across.layout["range"] = [left - width / 2, edges[-1] + width / 2]
    up = theme.value_axis(0, max(counts), "count", most=4)
    shapes, notes, labels = [], [], [*across.labels, *up.labels, str(len(rets))]
    for row, (metric, name, color, dash) in enumerate(_NUMBERS):
        if metric not in marks:
            continue
        text = f"{name}: {formats.written(marks[metric], 'rate')}"
        x = -marks[metric]
        shapes.append(_upright(x, color, dash))
        notes.append(
            theme.note(
                text,
                x=1.0,
                xref="paper",
                xanchor="right",
                y=0.99 - 0.1 * row,
                yref="paper",
                yanchor="top",
                color=color,
                bgcolor=theme.tint(theme.PAPER, 0.85),
            )
        )
        labels.append(text)
    bars: Json = {
        "type": "bar",
        "x": [edge + width / 2 for edge in edges[:-1]],
        "y": counts,
        "width": width * 0.92,
        "marker": {"color": [theme.BLUE if edge + width / 2 >= 0 else theme.SKY for edge in edges[:-1]]},
        "hovertemplate": "about %{x:.2%}: %{y} days<extra></extra>",
    }
    return Chart(
        title=title,
        subtitle=f"days in each bin of {formats.written(width, 'rate')}, {formats.count(len(rets), 'day')} in all",
        fields=(
            Field(name="from", title="From", unit="fraction"),
            Field(name="to", title="To", unit="fraction"),
            Field(name="days", title="Days", unit="count"),
        ),
        rows=tuple(zip(edges[:-1], edges[1:], counts, strict=True)),
        labels=tuple(labels),
        alt=(
            f"{formats.count(len(rets), 'daily return')} from {formats.written(min(rets), 'fraction')} to "
            f"{formats.written(max(rets), 'fraction')}. "
            + " ".join(
                f"{name}: {formats.written(marks[metric], 'rate')}." for metric, name, *_ in _NUMBERS if metric in marks
            )
        ),
        notes=_left_out(given.height - len(rets)),
        traces=(bars,),
        layout=theme.layout(
            height=196,
            left=34,
            right=8,
            xaxis=across.layout,
            yaxis=up.layout,
            shapes=shapes,
            annotations=notes,
            hovermode="closest",
        ),
        size="half",
    )


def _left_out(several: int) -> tuple[str, ...]:
    """A note on the returns that are of no single day."""
    return (f"{formats.count(several, 'return')} over several days left out.",) if several else ()


def rolling_beta(rolling: pl.DataFrame, *, days: int, benchmark: str = "") -> View:
    """Line: beta of the last so many days against the benchmark.

    Args:
        rolling: day Date, beta Float64; null until enough days have passed.
        days: The window's length.
        benchmark: What the benchmark is called.
    """
    title = f"Beta, {days} days rolling"
    series = points(rolling["day"].to_list(), rolling["beta"].to_list())
    if not series:
        few = f"needs {days} days, has {rolling.height}"
        torn = f"there are no {days} days in a row with a return of both each, or the benchmark does not move"
        return refused(title, few if rolling.height < days else torn, size="half")
    levels = [value for _, value in series]
    axis = theme.value_axis(min(0.0, *levels), max(0.0, *levels), "ratio", most=4)
    time = theme.time_axis(series[0][0], series[-1][0], most=5)
    now = formats.written(series[-1][1], "ratio")
    return Chart(
        title=title,
        subtitle=f"daily returns against the benchmark, {benchmark or 'none'}",
        fields=(Field(name="day", title="Day", unit="date"), Field(name="beta", title="Beta", unit="ratio")),
        rows=tuple(rolling.select("day", "beta").iter_rows()),
        labels=(*axis.labels, *time.labels, now, str(days)),
        alt=(
            f"Beta of the last {days} days: {now}; lowest {formats.written(min(levels), 'ratio')}, "
            f"highest {formats.written(max(levels), 'ratio')}."
        ),
        traces=tuple(stroke(series, name="Beta", texts=[formats.written(value, "ratio") for value in levels])),
        layout=theme.layout(
            height=196, left=46, right=34, top=24, xaxis=time.layout, yaxis=axis.layout,
            annotations=[theme.note(now, x=series[-1][0].isoformat(), y=series[-1][1], xshift=6, color=theme.BLUE)],
        ),
        size="half",
    )  # fmt: skip


def rolling_risk(rolling: pl.DataFrame, *, days: int) -> View:
    """Two lines: volatility and Sharpe ratio of the last so many days, day by day.

    Args:
        rolling: day Date, volatility Float64 a year, sharpe_ratio Float64; null until enough days have passed.
        days: The window's length.
    """
    title = f"Volatility and Sharpe ratio, {days} days rolling"
    risk = points(rolling["day"].to_list(), rolling["volatility"].to_list())
    sharpe = points(rolling["day"].to_list(), rolling["sharpe_ratio"].to_list())
    if not risk:
        few = f"needs {days} days, has {rolling.height}"
        torn = f"there are no {days} days in a row with a return each"
        return refused(title, few if rolling.height < days else torn, size="half")
    # What never moved still needs an axis: one of a per cent.
    above = theme.value_axis(0.0, max(value for _, value in risk) or 0.01, "rate", most=3, domain=[0.56, 1.0])
    time = theme.time_axis(risk[0][0], risk[-1][0], most=5)
    traces = stroke(risk, name="Volatility", texts=[f"volatility {formats.written(v, 'rate')}" for _, v in risk])
    now = formats.written(risk[-1][1], "rate")
    notes = [
        theme.note(f"volatility a year {now}", x=0.0, xref="paper", y=1.1, yref="paper", color=theme.BLUE),
    ]
    labels = [*above.labels, *time.labels, str(days), now]
    layout = theme.layout(
        height=196, left=46, right=8, top=24, xaxis={**time.layout, "anchor": "y2"}, yaxis=above.layout
    )
    if sharpe:
        levels = [value for _, value in sharpe]
        below = theme.value_axis(min(0.0, *levels), max(0.0, *levels), "ratio", most=3, domain=[0.0, 0.42], anchor="x")
        traces += stroke(
            sharpe,
            name="Sharpe ratio",
            color=theme.VERMILION,
            dash="solid",
            yaxis="y2",
            texts=[f"Sharpe {formats.written(v, 'ratio')}" for _, v in sharpe],
        )
        now_too = formats.written(sharpe[-1][1], "ratio")
        notes.append(
            theme.note(f"Sharpe ratio {now_too}", x=0.0, xref="paper", y=0.51, yref="paper", color=theme.VERMILION)
        )
        layout["yaxis2"] = below.layout
        labels += [*below.labels, now_too]
    layout["annotations"] = notes
    return Chart(
        title=title,
        subtitle="365 days a year; risk-free rate as in the glossary",
        fields=(
            Field(name="day", title="Day", unit="date"),
            Field(name="volatility", title="Volatility", unit="rate"),
            Field(name="sharpe_ratio", title="Sharpe ratio", unit="ratio"),
        ),
        rows=tuple(rolling.select("day", "volatility", "sharpe_ratio").iter_rows()),
        labels=tuple(labels),
        alt=f"Volatility of the last {days} days: {now} a year"
        + (
            f"; Sharpe ratio {formats.written(sharpe[-1][1], 'ratio')}."
            if sharpe
            else "; the Sharpe ratio is undefined."
        ),
        traces=tuple(traces),
        layout=layout,
        size="half",
    )


def liquidation_distance(history: pl.DataFrame, *, week: tuple[date, date]) -> View:
    """Line: how far collateral could fall before it is liquidated, as the platform measured it.

    Args:
        history: day Date, liquidation_distance Decimal fraction, the last of each day; 1 where nothing is borrowed.
        week: First day and the day after the last of the week that is shaded.
    """
    title = "Distance to liquidation"
    series = points(history["day"].to_list(), history["liquidation_distance"].to_list())
    if not series:
        return refused(title, "the platform measured no risk of this portfolio", size="half")
    if all(value >= 1 for _, value in series):
        return refused(title, "nothing has been borrowed, so nothing can be liquidated", size="half")
    axis = theme.value_axis(0.0, max(value for _, value in series), "rate", most=4)
    time = theme.time_axis(series[0][0], max(series[-1][0], week[1] - _DAY), most=5)
    low_day, low = min(series, key=lambda point: point[1])
    now = formats.written(Decimal(repr(series[-1][1])), "rate")
    lowest = formats.written(Decimal(repr(low)), "rate")
    return Chart(
        title=title,
        subtitle="fall of collateral that would liquidate it, the platform's measure",
        fields=(
            Field(name="day", title="Day", unit="date"),
            Field(name="liquidation_distance", title="Distance", unit="rate"),
        ),
        rows=tuple(history.select("day", "liquidation_distance").iter_rows()),
        labels=(*axis.labels, *time.labels, now, lowest),
        alt=f"Distance to liquidation: {now} now, smallest {lowest} on {formats.day(low_day)}.",
        traces=tuple(
            stroke(series, name="Distance", texts=[formats.written(Decimal(repr(v)), "rate") for _, v in series])
        ),
        layout=theme.layout(
            height=176,
            left=44,
            right=8,
            top=20,
            xaxis=time.layout,
            yaxis=axis.layout,
            shapes=[theme.band(*week)],
            annotations=[
                theme.note(
                    f"now {now}, lowest {lowest} on {formats.day(low_day)}",
                    x=0.0,
                    xref="paper",
                    y=1.1,
                    yref="paper",
                    color=theme.BLUE,
                )
            ],
        ),
        size="half",
    )


def tail_days(history: pl.DataFrame) -> View:
    """Dots and a line: each day's return, and the loss promised the day before to be exceeded one day in twenty.

    Args:
        history: day Date, ret Float64, var Float64 (a positive loss), failed Boolean; oldest first.
    """
    title = "Each day against the value at risk stated the day before"
    if history.is_empty():
        return refused(title, "the platform stated no value at risk before a day with a return")
    rets, failed = history["ret"].to_list(), history["failed"].to_list()
    promise = [(day, -value) for day, value in history.select("day", "var").iter_rows()]
    axis = theme.value_axis(min(*rets, *(value for _, value in promise), 0.0), max(*rets, 0.0), "fraction", most=5)
    time = theme.time_axis(promise[0][0], promise[-1][0])
    dots: Json = {
        "type": "scatter",
        "mode": "markers",
        "x": [day.isoformat() for day in history["day"]],
        "y": rets,
        "marker": {
            "size": [7 if bad else 4 for bad in failed],
            "symbol": ["diamond" if bad else "circle" for bad in failed],
            "color": [theme.VERMILION if bad else theme.SKY for bad in failed],
        },
        "hovertemplate": "%{x|%-d %b %Y}: %{y:.2%}<extra></extra>",
    }
    number = sum(failed)
    expected = formats.number(len(rets) * 0.05, 1)
    return Chart(
        title=title,
        subtitle=f"diamonds: {number} of {len(rets)} days lost more than the value at risk; {expected} expected",
        fields=(
            Field(name="day", title="Day", unit="date"),
            Field(name="ret", title="Return", unit="fraction"),
            Field(name="var", title="Promised loss", unit="rate"),
            Field(name="failed", title="Lost more"),
        ),
        rows=tuple(history.select("day", "ret", "var", "failed").iter_rows()),
        labels=(*axis.labels, *time.labels, str(number), str(len(rets)), expected),
        alt=f"{number} of {len(rets)} days lost more than the platform's value at risk; {expected} would be expected.",
        traces=(*stroke(promise, name="Value at risk", color=theme.INK, width=1.1, texts=_losses(promise)), dots),
        layout=theme.layout(height=190, left=44, right=10, xaxis=time.layout, yaxis=axis.layout, hovermode="closest"),
    )


def _losses(promise: list[Point]) -> list[str]:
    return [f"value at risk: {formats.written(value, 'fraction')}" for _, value in promise]


def _bins(rets: list[float]) -> tuple[list[float], list[int]]:
    """About thirty bins of a round width, one edge at zero so that gains and losses do not mix."""
    steps = theme.ticks(min(rets), max(rets), most=28)
    width = steps[1] - steps[0]
    low = math.floor(min(rets) / width)
    high = math.floor(max(rets) / width) + 1
    counts = [0] * (high - low)
    for ret in rets:
        counts[min(math.floor(ret / width) - low, len(counts) - 1)] += 1
    return [float(f"{place * width:.12g}") for place in range(low, high + 1)], counts


def _upright(x: float, color: str, dash: str) -> Json:
    return {
        "type": "line",
        "yref": "paper",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "line": {"color": color, "dash": dash, "width": 1.4},
    }
