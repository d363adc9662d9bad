"""Charts of net value, flows, growth and drawdown by day.

Depends on frames of the desk. Does not compute a figure.
"""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.figures.line_traces import Point, draw_line, gaps, points
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, not_shown

_DAY = timedelta(days=1)

# Pixels of the plot of growth, and between two labels at its edge.
_GROWTH_HEIGHT, _LABEL_HEIGHT = 150, 13
_LEFT_MARGIN, _RIGHT_MARGIN = 42, 74


def week_returns(days: pl.DataFrame) -> View:
    """Bars: the return of each day of the week.

    Args:
        days: day Date, ret Float64 (null with a reason), days Int64 (how many the return spans), value, gain and flow
            Decimal in USD, reason String; one row for each of the seven days.
    """
    title = "Return of each day of the week"
    with_return = days.filter(pl.col("ret").is_not_null())
    if with_return.is_empty():
        reason = days["reason"].drop_nulls().to_list()
        return not_shown(title, reason[0] if reason else "no day of the week has a return", size="half")
    rets = with_return["ret"].to_list()
    # A week that never moved still needs an axis: one of a per cent either way.
    least_height = 0.01 if max(map(abs, rets)) == 0 else 0.0
    axis = theme.value_axis(
        min(-least_height, 0.0, *rets), max(least_height, 0.0, *rets), "fraction", max_ticks=5, pad=0.1
    )
    names = [f"{day:%a}<br>{day.day}" for day in days["day"]]
    texts = [formats.text(ret, "fraction") for ret in days["ret"]]
    bars: Json = {
        "type": "bar",
        "x": names,
        "y": days["ret"].to_list(),
        "text": [text.removesuffix(f"{formats.HARD_SPACE}%") for text in texts],
        "textposition": "outside",
        "textfont": {"size": theme.SMALL, "color": theme.TEXT},
        "cliponaxis": False,
        "marker": {"color": [_bar_colour(ret, span) for ret, span in days.select("ret", "days").iter_rows()]},
        "hovertemplate": "%{x}: %{y:.2%}<extra></extra>",
    }
    layout = theme.layout(
        height=250,
        left=_LEFT_MARGIN,
        right=6,
        bottom=36,
        xaxis={
            "type": "category",
            "tickfont": {"size": theme.SMALL, "color": theme.GREY},
            "showgrid": False,
            "fixedrange": True,
        },
        yaxis=axis.layout,
        bargap=0.35,
    )
    over_several_days = with_return.filter(pl.col("days") > 1)
    notes = tuple(
        f"Grey: the return of {formats.day(day)} is of {formats.count(span, 'day')}, since the close before the gap."
        for day, span in over_several_days.select("day", "days").iter_rows()
    )
    return Chart(
        title=title,
        subtitle="per cent, flows taken out",
        fields=_fields("day", "ret", "days", "value", "gain", "flow", "reason"),
        rows=tuple(days.select("day", "ret", "days", "value", "gain", "flow", "reason").iter_rows()),
        labels=(*axis.labels, *texts, *names),
        alt=_week_alt(with_return.filter(pl.col("days").fill_null(1) <= 1)),
        notes=notes,
        traces=(bars,),
        layout=layout,
        size="half",
    )


def _bar_colour(ret: float | None, span: int | None) -> str:
    """The colour of a day's bar: gain, loss, or grey where the return spans several days."""
    if (span or 1) > 1:
        return theme.GREY
    return theme.BLUE if (ret or 0) >= 0 else theme.VERMILION


def _week_alt(one_day_returns: pl.DataFrame) -> str:
    """Best and worst day, of those with a return of their own."""
    if one_day_returns.is_empty():
        return "No day of the week has a return of its own."
    best = max(one_day_returns.iter_rows(named=True), key=lambda row: row["ret"])
    worst = min(one_day_returns.iter_rows(named=True), key=lambda row: row["ret"])
    return (
        f"Daily returns of the week: best {formats.text(best['ret'], 'fraction')} on {best['day']:%A}, "
        f"worst {formats.text(worst['ret'], 'fraction')} on {worst['day']:%A}."
    )


def value(values: pl.DataFrame, flows: pl.DataFrame, *, week: tuple[date, date]) -> View:
    """Line and bars: what it was worth at each close, and what was paid in and taken out.

    Args:
        values: day Date, value Decimal in USD.
        flows: day Date, amount Decimal in USD, positive into the portfolio; null where no price is known.
        week: First day and the day after the last of the week that is shaded.
    """
    title = "Net value and external flows"
    series = points(values["day"].to_list(), values["value"].to_list())
    if not series:
        return not_shown(title, "the portfolio has no snapshot yet")
    flow_amounts = flows.drop_nulls("amount").select("day", "amount").rows()
    high = max(value for _, value in series)
    axis = theme.value_axis(min(0.0, *(value for _, value in series)), high, "USD", max_ticks=4)
    amounts = [float(amount) for _, amount in flow_amounts]
    flow_axis = theme.sparse_axis(min([0.0, *amounts]), max([0.0, *amounts]), "USD", domain=[0.0, 0.2])
    time = _time_axis(series, week)
    last_day, last = series[-1]
    last_text = formats.text(Decimal(str(last)), "USD whole")
    layout = theme.layout(
        height=192,
        left=_LEFT_MARGIN,
        right=_RIGHT_MARGIN,
        xaxis={**time.layout, "anchor": "y2"},
        yaxis={**axis.layout, "domain": [0.3 if flow_amounts else 0.0, 1.0]},
        yaxis2={**flow_axis.layout, "anchor": "x"} if flow_amounts else {"visible": False, "domain": [0.0, 0.01]},
        shapes=[theme.band(*week)],
        annotations=[
            theme.note(last_text, x=last_day.isoformat(), y=last, xshift=6, color=theme.BLUE),
            *([_edge_label("flows", 0.06)] if flow_amounts else []),
        ],
    )
    traces = [
        *draw_line(series, name="Net value", fill=theme.tint(theme.BLUE, 0.08), texts=_hover_texts(series)),
        *([_bars(flow_amounts, days=(last_day - series[0][0]).days)] if flow_amounts else []),
    ]
    if not flow_amounts:
        layout["xaxis"]["anchor"] = "y"
    return Chart(
        title=title,
        subtitle="USD at each day's close; the week is shaded"
        + ("" if flow_amounts else "; no money crossed its edge"),
        fields=_fields("day", "value"),
        rows=tuple(values.select("day", "value").iter_rows()),
        labels=(
            *axis.labels,
            *flow_axis.labels,
            *time.labels,
            last_text,
            *(formats.text(amount, "USD") for _, amount in flow_amounts),
        ),
        alt=_value_alt(series, flow_amounts),
        notes=_gap_notes(series),
        traces=tuple(traces),
        layout=layout,
    )


def growth(
    returns: pl.DataFrame,
    *,
    week: tuple[date, date],
    target: Decimal | None = None,
    benchmark: pl.DataFrame | None = None,
    drawdowns: pl.DataFrame | None = None,
) -> View:
    """Line: what one dollar invested at the start has earned; the benchmark's and the owner's target as other lines.

    Args:
        returns: day Date, growth Float64, the linked return since the first day, as a fraction, and days Int64, which
            each return spans.
        week: First day and the day after the last of the week that is shaded.
        target: The return per year the owner hopes for, as a fraction.
        benchmark: day Date, benchmark_growth Float64, name String; null where it has no price.
        drawdowns: peak, recovery (null while it lasts) Date: the falls to shade.
    """
    title = "Return since inception"
    series = points(returns["day"].to_list(), returns["growth"].to_list())
    if not series:
        return not_shown(title, _null_reason(returns))
    first, (last_day, last) = series[0][0] - _DAY * _days_spanned(returns).get(series[0][0], 1), series[-1]
    target_line = (
        [(first, 0.0), (last_day, (1 + float(target)) ** ((last_day - first).days / 365) - 1)] if target else []
    )
    benchmark_points, benchmark_name = _benchmark_line(benchmark)
    levels = [value for _, value in (*series, *target_line, *benchmark_points)]
    axis = theme.value_axis(min(0.0, *levels), max(0.0, *levels), "fraction", max_ticks=4, pad=0.02)
    time = _time_axis(series, week)
    last_text = formats.text(last, "fraction")
    notes = [theme.note(last_text, x=last_day.isoformat(), y=last, xshift=6, color=theme.BLUE)]
    labels = [*axis.labels, *time.labels, last_text]
    traces = draw_line(series, name="Return", texts=[f"{formats.text(value, 'fraction')}" for _, value in series])
    if target_line:
        target_text = formats.text(target_line[-1][1], "fraction")
        shift = _label_shift(last, target_line[-1][1], axis)
        traces += [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [day.isoformat() for day, _ in target_line],
                "y": [level for _, level in target_line],
                "line": {"color": theme.GREY, "width": 1.1, "dash": "dash"},
                "hoverinfo": "skip",
            }
        ]
        notes[0]["yshift"] = shift
        notes.append(
            theme.note(
                f"target {target_text}",
                x=last_day.isoformat(),
                y=target_line[-1][1],
                xshift=6,
                yshift=-shift,
                color=theme.GREY,
            )
        )
        notes[-1]["font"]["size"] = theme.SMALL
        labels += [target_text, formats.text(target, "fraction")]
    fallen = _drawdown_shades(drawdowns, last_day)
    rows = returns.select("day", "growth")
    if benchmark_points:
        benchmark_text = formats.text(benchmark_points[-1][1], "fraction")
        color, dash = theme.LINE_STYLES[1][0], "dot"
        traces += draw_line(
            benchmark_points, name=benchmark_name, color=color, dash=dash, width=1.2,
            texts=[f"{benchmark_name} {formats.text(value, 'fraction')}" for _, value in benchmark_points],
        )  # fmt: skip
        benchmark_day, benchmark_last = benchmark_points[-1]
        label = f"{formats.short(benchmark_name, max_length=12)} {benchmark_text}"
        notes.append(theme.note(label, x=benchmark_day.isoformat(), y=benchmark_last, xshift=6, color=color))
        labels.append(benchmark_text)
        _move_labels_apart(notes, axis)
        benchmark_growth = (benchmark if benchmark is not None else returns).select("day", "benchmark_growth")
        rows = rows.join(benchmark_growth, on="day", how="left", maintain_order="left")
    return Chart(
        title=title,
        subtitle="linked daily returns, flows taken out"
        + (f"; dashed: the target of {formats.text(target, 'rate')} a year" if target_line else "")
        + (f"; dotted: the benchmark, {benchmark_name}" if benchmark_points else "")
        + ("; shaded: the deepest falls, to recovery" if fallen else ""),
        fields=_fields("day", "growth", *(["benchmark_growth"] if benchmark_points else [])),
        rows=tuple(rows.iter_rows()),
        labels=tuple(labels),
        alt=(
            f"Return since {formats.day(series[0][0])}: {last_text}; "
            f"highest {formats.text(max(level for _, level in series), 'fraction')}, "
            f"lowest {formats.text(min(level for _, level in series), 'fraction')}."
        ),
        traces=tuple(traces),
        layout=theme.layout(
            height=192,
            left=_LEFT_MARGIN,
            right=_RIGHT_MARGIN + 18,
            xaxis=time.layout,
            yaxis=axis.layout,
            shapes=[*fallen, theme.band(*week)],
            annotations=notes,
        ),
    )


def _drawdown_shades(drawdowns: pl.DataFrame | None, last: date) -> list[Json]:
    """A shade behind each fall, from the day after its peak to its recovery."""
    if drawdowns is None:
        return []
    shades = []
    for peak, recovery in drawdowns.select("peak", "recovery").iter_rows():
        begun = last if peak is None else peak
        shades.append({**theme.band(begun, recovery or last), "fillcolor": theme.tint(theme.VERMILION, 0.1)})
    return shades


def _benchmark_line(benchmark: pl.DataFrame | None) -> tuple[list[Point], str]:
    """The benchmark's growth and its name; nothing where there is none."""
    if benchmark is None or benchmark.is_empty():
        return [], ""
    return points(benchmark["day"].to_list(), benchmark["benchmark_growth"].to_list()), str(benchmark["name"][0])


def _move_labels_apart(notes: list[theme.Json], axis: theme.Axis) -> None:
    """Move labels at the right edge apart where they would stand on each other: by pixels, from the lowest up."""
    low, high = axis.layout["range"]
    pixels = _GROWTH_HEIGHT / (high - low)
    last_position = float("-inf")
    for note in sorted(notes, key=lambda label: float(label["y"])):
        position = float(note["y"]) * pixels
        new_position = max(position, last_position + _LABEL_HEIGHT)
        note["yshift"] = new_position - position
        last_position = new_position


def underwater(returns: pl.DataFrame, *, week: tuple[date, date], limit: Decimal | None = None) -> View:
    """Area: how far below its highest value it stood, with the owner's limit.

    Args:
        returns: day Date, underwater Float64, 0 at a peak and negative below it.
        week: First day and the day after the last of the week that is shaded.
        limit: The fall the owner accepts, as a positive fraction.
    """
    title = "Distance from the peak"
    series = points(returns["day"].to_list(), returns["underwater"].to_list())
    if not series:
        return not_shown(title, _null_reason(returns))
    limit_level = -float(limit) if limit is not None else 0.0
    deepest_day, deepest = min(series, key=lambda point: point[1])
    axis = theme.value_axis(min(limit_level, deepest), 0.0, "fraction", max_ticks=4, pad=0.03)
    axis.layout["range"][1] = 0.0
    time = _time_axis(series, week)
    last_text = formats.text(series[-1][1], "fraction")
    notes = [theme.note(last_text, x=series[-1][0].isoformat(), y=series[-1][1], xshift=6, color=theme.BLUE)]
    labels = [*axis.labels, *time.labels, last_text, formats.text(deepest, "fraction")]
    shapes = [theme.band(*week)]
    if limit is not None:
        text = f"limit {formats.text(-limit, 'fraction')}"
        shapes.append(theme.line(limit_level, color=theme.VERMILION))
        shift = _label_shift(series[-1][1], limit_level, axis)
        notes[0]["yshift"] = shift
        notes.append(
            theme.note(text, x=1.0, xref="paper", y=limit_level, xshift=6, yshift=-shift, color=theme.VERMILION)
        )
        labels.append(text)
    limit_sentence = f"{_limit_sentence(series, limit, week)}." if limit is not None else ""
    return Chart(
        title=title,
        subtitle="fall from the highest value so far, flows taken out"
        + ("; dashed: the limit the owner set" if limit else ""),
        fields=_fields("day", "underwater"),
        rows=tuple(returns.select("day", "underwater").iter_rows()),
        labels=tuple(labels),
        alt=(
            f"Deepest fall {formats.text(deepest, 'fraction')} on {formats.day(deepest_day)}; now {last_text}"
            + (f"; {limit_sentence}" if limit_sentence else ".")
        ),
        notes=(f"{limit_sentence[0].upper()}{limit_sentence[1:]}",) if limit_sentence else (),
        traces=tuple(
            draw_line(
                series,
                name="Fall",
                fill=theme.tint(theme.BLUE, 0.12),
                width=1.2,
                texts=[formats.text(v, "fraction") for _, v in series],
            )
        ),
        layout=theme.layout(
            height=168,
            left=_LEFT_MARGIN,
            right=_RIGHT_MARGIN + 18,
            xaxis=time.layout,
            yaxis=axis.layout,
            shapes=shapes,
            annotations=notes,
        ),
    )


def _days_spanned(returns: pl.DataFrame) -> dict[date, int]:
    """How many days the return of each day spans."""
    return dict(returns.select("day", pl.col("days").fill_null(1)).iter_rows())


def _limit_sentence(series: list[Point], limit: Decimal, week: tuple[date, date]) -> str:
    """A sentence on the days beyond the limit: how many, how many in the week, the first and the last."""
    # At the limit is not beyond it, but for the rounding of a product.
    days_beyond = [day for day, value in series if -value > float(limit) + 1e-12]
    limit_text = f"the limit of {formats.text(-limit, 'fraction')}"
    if not days_beyond:
        return f"{limit_text} has not been passed"
    in_week = sum(week[0] <= day < week[1] for day in days_beyond)
    return (
        f"{limit_text} was passed on {formats.count(len(days_beyond), 'day')}, {in_week} of them in the week, "
        f"first on {formats.day(days_beyond[0])}, last on {formats.day(days_beyond[-1])}"
    )


def _label_shift(level: float, other_level: float, axis: theme.Axis) -> float:
    """Pixels by which the label at `level` moves away from that at `other_level`, which moves as far the other way."""
    low, high = axis.layout["range"]
    return (7 if level >= other_level else -7) if abs(level - other_level) < 0.1 * (high - low) else 0


_COLUMNS = {
    "day": Field(name="day", title="Day", unit="date"),
    "ret": Field(name="ret", title="Return", unit="fraction"),
    "days": Field(name="days", title="Spans", unit="days"),
    "value": Field(name="value", title="Net value", unit="USD"),
    "gain": Field(name="gain", title="Gain", unit="USD signed"),
    "flow": Field(name="flow", title="External flow", unit="USD signed"),
    "reason": Field(name="reason", title="Why there is none"),
    "growth": Field(name="growth", title="Return since inception", unit="fraction"),
    "benchmark_growth": Field(name="benchmark_growth", title="Benchmark", unit="fraction"),
    "underwater": Field(name="underwater", title="Distance from the peak", unit="fraction"),
}


def _fields(*names: str) -> tuple[Field, ...]:
    return tuple(_COLUMNS[name] for name in names)


def _time_axis(series: list[Point], week: tuple[date, date]) -> theme.Axis:
    return theme.time_axis(min(series[0][0], week[0]), max(series[-1][0], week[1] - _DAY))


def _hover_texts(series: list[Point]) -> list[str]:
    return [f"{formats.day(day)}: {formats.number(value, 2)} USD" for day, value in series]


def _null_reason(returns: pl.DataFrame) -> str:
    reasons = returns["reason"].drop_nulls().to_list() if "reason" in returns.columns else []
    return reasons[0] if reasons else "the portfolio has no snapshot yet"


def _gap_notes(series: list[Point]) -> tuple[str, ...]:
    return tuple(
        f"Dotted: {formats.count(missing, 'day')} without a snapshot, "
        f"{formats.days_between(before + _DAY, after - _DAY)}."
        for before, after, missing in gaps(series)
    )


def _bars(flow_amounts: list[tuple[date, Decimal]], *, days: int) -> Json:
    # A bar a day wide vanishes in a year's chart: a hundredth of the axis at least, in milliseconds.
    width = max(0.5, days / 130) * 86_400_000
    return {
        "type": "bar",
        "x": [day.isoformat() for day, _ in flow_amounts],
        "y": [float(amount) for _, amount in flow_amounts],
        "yaxis": "y2",
        "width": width,
        "marker": {"color": [theme.BLUE if amount >= 0 else theme.VERMILION for _, amount in flow_amounts]},
        "text": [f"{formats.day(day)}: {formats.text(amount, 'USD signed')} USD" for day, amount in flow_amounts],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }


def _edge_label(text: str, y: float) -> Json:
    return theme.note(text, x=1.0, xref="paper", y=y, yref="paper", xshift=6, color=theme.GREY)


def _value_alt(series: list[Point], flow_amounts: list[tuple[date, Decimal]]) -> str:
    low, high = min(series, key=lambda point: point[1]), max(series, key=lambda point: point[1])
    flow_sentence = (
        f" External flows: {formats.count(len(flow_amounts), 'day')} with one."
        if flow_amounts
        else " No external flow."
    )
    return (
        f"Net value from {formats.day(series[0][0])} to {formats.day(series[-1][0])}: "
        f"{formats.number(series[-1][1], 2)} USD at the end, "
        f"between {formats.number(low[1], 2)} and {formats.number(high[1], 2)}.{flow_sentence}"
    )
