"""Charts of the distribution of returns, rolling risk, distance to liquidation and value at risk.

Depends on frames of the desk. Does not compute a risk figure; it only counts days into bins.
"""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.figures.histogram import Histogram, why_none
from ys_analytics.views.figures.line_traces import Point, draw_line, points
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, not_shown

_DAY = timedelta(days=1)
_MIN_DAYS = 10

_TAIL_MEASURES = (
    ("value_at_risk", "VaR 95 %", theme.VERMILION, "dash"),
    ("expected_shortfall", "CVaR 95 %", theme.TEXT, "dot"),
)


def return_distribution(returns: pl.DataFrame, measures: pl.DataFrame) -> View:
    """Histogram: how often each size of daily return came, with value at risk and shortfall marked.

    Args:
        returns: ret Float64, days Int64 (how many a return spans); nulls and returns over several days are left out.
        measures: metric String, since Float64; value_at_risk and expected_shortfall are marked where present,
            positive for a loss.
    """
    title = "Distribution of daily returns"
    with_return = returns.filter(pl.col("ret").is_not_null())
    rets = with_return.filter(pl.col("days").fill_null(1) <= 1)["ret"].to_list()
    if reason := why_none(rets, minimum=_MIN_DAYS, period="days", adjective="daily"):
        return not_shown(title, reason, size="half")
    bins = Histogram.of(rets, max_bins=28)
    edges, width = bins.edges, bins.width
    shown_measures = measures.filter(
        pl.col("metric").is_in([name for name, *_ in _TAIL_MEASURES]) & pl.col("since").is_not_null()
    )
    losses = dict(shown_measures.select("metric", "since").iter_rows())
    x_axis = theme.value_axis(edges[0], edges[-1], "fraction", max_ticks=5, showgrid=False, zeroline=False)
    # Below thirty returns neither is known, and no mark stands left of the bins.
    leftmost = min([edges[0], *(-value for value in losses.values())])
    x_axis.layout["range"] = [leftmost - width / 2, edges[-1] + width / 2]
    y_axis = theme.value_axis(0, max(bins.counts), "count", max_ticks=4)
    shapes, notes, labels = [], [], [*x_axis.labels, *y_axis.labels, str(len(rets))]
    for row, (metric, name, color, dash) in enumerate(_TAIL_MEASURES):
        if metric not in losses:
            continue
        text = f"{name}: {formats.text(losses[metric], 'rate')}"
        x = -losses[metric]
        shapes.append(_vertical_line(x, color, dash))
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
    return Chart(
        title=title,
        subtitle=f"days in each bin of {formats.text(width, 'rate')}, {formats.count(len(rets), 'day')} in all",
        fields=bins.fields("days"),
        rows=bins.rows,
        labels=tuple(labels),
        alt=(
            f"{formats.count(len(rets), 'daily return')} from {formats.text(min(rets), 'fraction')} to "
            f"{formats.text(max(rets), 'fraction')}. "
            + " ".join(
                f"{name}: {formats.text(losses[metric], 'rate')}."
                for metric, name, *_ in _TAIL_MEASURES
                if metric in losses
            )
        ),
        notes=_several_days_note(with_return.height - len(rets)),
        traces=(bins.bars("days", decimals=2),),
        layout=theme.layout(
            height=196,
            left=34,
            right=8,
            xaxis=x_axis.layout,
            yaxis=y_axis.layout,
            shapes=shapes,
            annotations=notes,
            hovermode="closest",
        ),
        size="half",
    )


def _several_days_note(number: int) -> tuple[str, ...]:
    """A note on how many returns span several days."""
    return (f"{formats.count(number, 'return')} over several days left out.",) if number else ()


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
        too_short = f"needs {days} days, has {rolling.height}"
        no_window = f"there are no {days} days in a row with a return of both each, or the benchmark does not move"
        return not_shown(title, too_short if rolling.height < days else no_window, size="half")
    levels = [value for _, value in series]
    axis = theme.value_axis(min(0.0, *levels), max(0.0, *levels), "ratio", max_ticks=4)
    time = theme.time_axis(series[0][0], series[-1][0], max_ticks=5)
    last_day, last = series[-1]
    last_text = formats.text(last, "ratio")
    return Chart(
        title=title,
        subtitle=f"daily returns against the benchmark, {benchmark or 'none'}",
        fields=(Field(name="day", title="Day", unit="date"), Field(name="beta", title="Beta", unit="ratio")),
        rows=tuple(rolling.select("day", "beta").iter_rows()),
        labels=(*axis.labels, *time.labels, last_text, str(days)),
        alt=(
            f"Beta of the last {days} days: {last_text}; lowest {formats.text(min(levels), 'ratio')}, "
            f"highest {formats.text(max(levels), 'ratio')}."
        ),
        traces=tuple(draw_line(series, name="Beta", texts=[formats.text(value, "ratio") for value in levels])),
        layout=theme.layout(
            height=196, left=46, right=34, top=24, xaxis=time.layout, yaxis=axis.layout,
            annotations=[theme.note(last_text, x=last_day.isoformat(), y=last, xshift=6, color=theme.BLUE)],
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
    volatility = points(rolling["day"].to_list(), rolling["volatility"].to_list())
    sharpe = points(rolling["day"].to_list(), rolling["sharpe_ratio"].to_list())
    if not volatility:
        too_short = f"needs {days} days, has {rolling.height}"
        no_window = f"there are no {days} days in a row with a return each"
        return not_shown(title, too_short if rolling.height < days else no_window, size="half")
    # What never moved still needs an axis: one of a per cent.
    volatility_axis = theme.value_axis(
        0.0, max(value for _, value in volatility) or 0.01, "rate", max_ticks=3, domain=[0.56, 1.0]
    )
    time = theme.time_axis(volatility[0][0], volatility[-1][0], max_ticks=5)
    traces = draw_line(
        volatility, name="Volatility", texts=[f"volatility {formats.text(v, 'rate')}" for _, v in volatility]
    )
    volatility_text = formats.text(volatility[-1][1], "rate")
    notes = [
        theme.note(f"volatility a year {volatility_text}", x=0.0, xref="paper", y=1.1, yref="paper", color=theme.BLUE),
    ]
    labels = [*volatility_axis.labels, *time.labels, str(days), volatility_text]
    layout = theme.layout(
        height=196, left=46, right=8, top=24, xaxis={**time.layout, "anchor": "y2"}, yaxis=volatility_axis.layout
    )
    if sharpe:
        levels = [value for _, value in sharpe]
        sharpe_axis = theme.value_axis(
            min(0.0, *levels), max(0.0, *levels), "ratio", max_ticks=3, domain=[0.0, 0.42], anchor="x"
        )
        traces += draw_line(
            sharpe,
            name="Sharpe ratio",
            color=theme.VERMILION,
            dash="solid",
            yaxis="y2",
            texts=[f"Sharpe {formats.text(v, 'ratio')}" for _, v in sharpe],
        )
        sharpe_text = formats.text(sharpe[-1][1], "ratio")
        notes.append(
            theme.note(f"Sharpe ratio {sharpe_text}", x=0.0, xref="paper", y=0.51, yref="paper", color=theme.VERMILION)
        )
        layout["yaxis2"] = sharpe_axis.layout
        labels += [*sharpe_axis.labels, sharpe_text]
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
        alt=f"Volatility of the last {days} days: {volatility_text} a year"
        + (f"; Sharpe ratio {formats.text(sharpe[-1][1], 'ratio')}." if sharpe else "; the Sharpe ratio is undefined."),
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
        return not_shown(title, "the platform measured no risk of this portfolio", size="half")
    if all(value >= 1 for _, value in series):
        return not_shown(title, "nothing has been borrowed, so nothing can be liquidated", size="half")
    axis = theme.value_axis(0.0, max(value for _, value in series), "rate", max_ticks=4)
    time = theme.time_axis(series[0][0], max(series[-1][0], week[1] - _DAY), max_ticks=5)
    low_day, low = min(series, key=lambda point: point[1])
    now = formats.text(Decimal(repr(series[-1][1])), "rate")
    lowest = formats.text(Decimal(repr(low)), "rate")
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
            draw_line(series, name="Distance", texts=[formats.text(Decimal(repr(v)), "rate") for _, v in series])
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
    """Dots and a line: each day's return, and the value at risk that the platform stated the day before.

    Args:
        history: day Date, ret Float64, var Float64 (a positive loss), failed Boolean; oldest first.
    """
    title = "Each day against the value at risk stated the day before"
    if history.is_empty():
        return not_shown(title, "the platform stated no value at risk before a day with a return")
    rets, failed = history["ret"].to_list(), history["failed"].to_list()
    stated_losses = [(day, -value) for day, value in history.select("day", "var").iter_rows()]
    axis = theme.value_axis(
        min(*rets, *(value for _, value in stated_losses), 0.0), max(*rets, 0.0), "fraction", max_ticks=5
    )
    time = theme.time_axis(stated_losses[0][0], stated_losses[-1][0])
    dots: Json = {
        "type": "scatter",
        "mode": "markers",
        "x": [day.isoformat() for day in history["day"]],
        "y": rets,
        "marker": {
            "size": [7 if exceeded else 4 for exceeded in failed],
            "symbol": ["diamond" if exceeded else "circle" for exceeded in failed],
            "color": [theme.VERMILION if exceeded else theme.SKY for exceeded in failed],
        },
        "hovertemplate": "%{x|%-d %b %Y}: %{y:.2%}<extra></extra>",
    }
    failures = sum(failed)
    expected = formats.number(len(rets) * 0.05, 1)
    return Chart(
        title=title,
        subtitle=f"diamonds: {failures} of {len(rets)} days lost more than the value at risk; {expected} expected",
        fields=(
            Field(name="day", title="Day", unit="date"),
            Field(name="ret", title="Return", unit="fraction"),
            Field(name="var", title="Value at risk", unit="rate"),
            Field(name="failed", title="Lost more"),
        ),
        rows=tuple(history.select("day", "ret", "var", "failed").iter_rows()),
        labels=(*axis.labels, *time.labels, str(failures), str(len(rets)), expected),
        alt=f"{failures} of {len(rets)} days lost more than the platform's value at risk; "
        f"{expected} would be expected.",
        traces=(
            *draw_line(
                stated_losses, name="Value at risk", color=theme.TEXT, width=1.1, texts=_loss_texts(stated_losses)
            ),
            dots,
        ),
        layout=theme.layout(height=190, left=44, right=10, xaxis=time.layout, yaxis=axis.layout, hovermode="closest"),
    )


def _loss_texts(stated_losses: list[Point]) -> list[str]:
    return [f"value at risk: {formats.text(value, 'fraction')}" for _, value in stated_losses]


def _vertical_line(x: float, color: str, dash: str) -> Json:
    return {
        "type": "line",
        "yref": "paper",
        "x0": x,
        "x1": x,
        "y0": 0,
        "y1": 1,
        "line": {"color": color, "dash": dash, "width": 1.4},
    }
