"""What a portfolio was worth and what it returned, drawn over days.

Frames come from the desk, figures go to the page; nothing is computed here but
where ink goes.
"""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.figures.line_traces import Point, gaps, points, stroke
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, refused

_DAY = timedelta(days=1)

# Pixels of the plot of growth, and between two labels at its edge.
_GROWTH_HEIGHT, _LABEL = 150, 13
_LEFT, _RIGHT = 42, 74


def week_returns(days: pl.DataFrame) -> View:
    """Bars: the return of each day of the week.

    Args:
        days: day Date, ret Float64 (null with a reason), days Int64 (how many the return spans), value, gain and flow
            Decimal in USD, reason String; one row for each of the seven days.
    """
    title = "Return of each day of the week"
    shown = days.filter(pl.col("ret").is_not_null())
    if shown.is_empty():
        reason = days["reason"].drop_nulls().to_list()
        return refused(title, reason[0] if reason else "no day of the week has a return", size="half")
    rets = shown["ret"].to_list()
    # A week that never moved still needs an axis: one of a per cent either way.
    still = 0.01 if max(map(abs, rets)) == 0 else 0.0
    axis = theme.value_axis(min(-still, 0.0, *rets), max(still, 0.0, *rets), "fraction", most=5, pad=0.1)
    names = [f"{day:%a}<br>{day.day}" for day in days["day"]]
    texts = [formats.written(ret, "fraction") for ret in days["ret"]]
    bars: Json = {
        "type": "bar",
        "x": names,
        "y": days["ret"].to_list(),
        "text": [text.removesuffix(f"{formats.HARD_SPACE}%") for text in texts],
        "textposition": "outside",
        "textfont": {"size": theme.SMALL, "color": theme.INK},
        "cliponaxis": False,
        "marker": {"color": [_ink(ret, span) for ret, span in days.select("ret", "days").iter_rows()]},
        "hovertemplate": "%{x}: %{y:.2%}<extra></extra>",
    }
    layout = theme.layout(
        height=250,
        left=_LEFT,
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
    long = shown.filter(pl.col("days") > 1)
    notes = tuple(
        f"Grey: the return of {formats.day(day)} is of {formats.count(span, 'day')}, since the close before the gap."
        for day, span in long.select("day", "days").iter_rows()
    )
    return Chart(
        title=title,
        subtitle="per cent, flows taken out",
        fields=_fields("day", "ret", "days", "value", "gain", "flow", "reason"),
        rows=tuple(days.select("day", "ret", "days", "value", "gain", "flow", "reason").iter_rows()),
        labels=(*axis.labels, *texts, *names),
        alt=_week_alt(shown.filter(pl.col("days").fill_null(1) <= 1)),
        notes=notes,
        traces=(bars,),
        layout=layout,
        size="half",
    )


def _ink(ret: float | None, span: int | None) -> str:
    """A day's gain or loss in colour; what is of several days is grey."""
    if (span or 1) > 1:
        return theme.GREY
    return theme.BLUE if (ret or 0) >= 0 else theme.VERMILION


def _week_alt(alone: pl.DataFrame) -> str:
    """Best and worst day, of those with a return of their own."""
    if alone.is_empty():
        return "No day of the week has a return of its own."
    best = max(alone.iter_rows(named=True), key=lambda row: row["ret"])
    worst = min(alone.iter_rows(named=True), key=lambda row: row["ret"])
    return (
        f"Daily returns of the week: best {formats.written(best['ret'], 'fraction')} on {best['day']:%A}, "
        f"worst {formats.written(worst['ret'], 'fraction')} on {worst['day']:%A}."
    )


def value(values: pl.DataFrame, flows: pl.DataFrame, *, week: tuple[date, date]) -> View:
    """Line and bars: what it was worth at each close, and what was paid in and taken out.

    Args:
        values: day Date, value Decimal in USD.
        flows: day Date, amount Decimal in USD, positive into the portfolio; null where nobody could price it.
        week: First day and the day after the last of the week that is shaded.
    """
    title = "Net value and external flows"
    series = points(values["day"].to_list(), values["value"].to_list())
    if not series:
        return refused(title, "the portfolio has no snapshot yet")
    moves = flows.drop_nulls("amount").select("day", "amount").rows()
    high = max(value for _, value in series)
    axis = theme.value_axis(min(0.0, *(value for _, value in series)), high, "USD", most=4)
    amounts = [float(amount) for _, amount in moves]
    below = theme.sparse_axis(min([0.0, *amounts]), max([0.0, *amounts]), "USD", domain=[0.0, 0.2])
    time = _days(series, week)
    last_day, last = series[-1]
    end = formats.written(Decimal(str(last)), "USD whole")
    layout = theme.layout(
        height=192,
        left=_LEFT,
        right=_RIGHT,
        xaxis={**time.layout, "anchor": "y2"},
        yaxis={**axis.layout, "domain": [0.3 if moves else 0.0, 1.0]},
        yaxis2={**below.layout, "anchor": "x"} if moves else {"visible": False, "domain": [0.0, 0.01]},
        shapes=[theme.band(*week)],
        annotations=[
            theme.note(end, x=last_day.isoformat(), y=last, xshift=6, color=theme.BLUE),
            *([_beside("flows", 0.06)] if moves else []),
        ],
    )
    traces = [
        *stroke(series, name="Net value", fill=theme.tint(theme.BLUE, 0.08), texts=_usd(series)),
        *([_bars(moves, days=(last_day - series[0][0]).days)] if moves else []),
    ]
    if not moves:
        layout["xaxis"]["anchor"] = "y"
    return Chart(
        title=title,
        subtitle="USD at each day's close; the week is shaded" + ("" if moves else "; no money crossed its edge"),
        fields=_fields("day", "value"),
        rows=tuple(values.select("day", "value").iter_rows()),
        labels=(
            *axis.labels,
            *below.labels,
            *time.labels,
            end,
            *(formats.written(amount, "USD") for _, amount in moves),
        ),
        alt=_value_alt(series, moves),
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
) -> View:
    """Line: what one dollar invested at the start has earned; the benchmark's and the owner's target as other lines.

    Args:
        returns: day Date, growth Float64, the linked return since the first day, as a fraction, and days Int64, which
            each return spans.
        week: First day and the day after the last of the week that is shaded.
        target: The return per year the owner hopes for, as a fraction.
        benchmark: day Date, benchmark_growth Float64, name String; null where it has no price.
    """
    title = "Return since inception"
    series = points(returns["day"].to_list(), returns["growth"].to_list())
    if not series:
        return refused(title, _why(returns))
    first, (last_day, last) = series[0][0] - _DAY * _spans(returns).get(series[0][0], 1), series[-1]
    hope = [(first, 0.0), (last_day, (1 + float(target)) ** ((last_day - first).days / 365) - 1)] if target else []
    other, called = _benchmark(benchmark)
    levels = [value for _, value in (*series, *hope, *other)]
    axis = theme.value_axis(min(0.0, *levels), max(0.0, *levels), "fraction", most=4, pad=0.02)
    time = _days(series, week)
    end = formats.written(last, "fraction")
    notes = [theme.note(end, x=last_day.isoformat(), y=last, xshift=6, color=theme.BLUE)]
    labels = [*axis.labels, *time.labels, end]
    traces = stroke(series, name="Return", texts=[f"{formats.written(value, 'fraction')}" for _, value in series])
    if hope:
        hoped = formats.written(hope[-1][1], "fraction")
        shift = _shift(last, hope[-1][1], axis)
        traces += [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [day.isoformat() for day, _ in hope],
                "y": [at for _, at in hope],
                "line": {"color": theme.GREY, "width": 1.1, "dash": "dash"},
                "hoverinfo": "skip",
            }
        ]
        notes[0]["yshift"] = shift
        notes.append(
            theme.note(
                f"target {hoped}", x=last_day.isoformat(), y=hope[-1][1], xshift=6, yshift=-shift, color=theme.GREY
            )
        )
        notes[-1]["font"]["size"] = theme.SMALL
        labels += [hoped, formats.written(target, "fraction")]
    rows = returns.select("day", "growth")
    if other:
        its = formats.written(other[-1][1], "fraction")
        color, dash = theme.STROKES[1][0], "dot"
        traces += stroke(
            other, name=called, color=color, dash=dash, width=1.2,
            texts=[f"{called} {formats.written(value, 'fraction')}" for _, value in other],
        )  # fmt: skip
        notes.append(
            theme.note(
                f"{formats.short(called, most=12)} {its}", x=other[-1][0].isoformat(), y=other[-1][1], xshift=6,
                color=color,
            )
        )  # fmt: skip
        labels.append(its)
        _spread(notes, axis)
        shown = (benchmark if benchmark is not None else returns).select("day", "benchmark_growth")
        rows = rows.join(shown, on="day", how="left", maintain_order="left")
    return Chart(
        title=title,
        subtitle="linked daily returns, flows taken out"
        + (f"; dashed: the target of {formats.written(target, 'rate')} a year" if hope else "")
        + (f"; dotted: the benchmark, {called}" if other else ""),
        fields=_fields("day", "growth", *(["benchmark_growth"] if other else [])),
        rows=tuple(rows.iter_rows()),
        labels=tuple(labels),
        alt=(
            f"Return since {formats.day(series[0][0])}: {end}; "
            f"highest {formats.written(max(v for _, v in series), 'fraction')}, "
            f"lowest {formats.written(min(v for _, v in series), 'fraction')}."
        ),
        traces=tuple(traces),
        layout=theme.layout(
            height=192,
            left=_LEFT,
            right=_RIGHT + 18,
            xaxis=time.layout,
            yaxis=axis.layout,
            shapes=[theme.band(*week)],
            annotations=notes,
        ),
    )


def _benchmark(compared: pl.DataFrame | None) -> tuple[list[Point], str]:
    """The benchmark's growth and its name; nothing where there is none."""
    if compared is None or compared.is_empty():
        return [], ""
    return points(compared["day"].to_list(), compared["benchmark_growth"].to_list()), str(compared["name"][0])


def _spread(notes: list[theme.Json], axis: theme.Axis) -> None:
    """Move labels at the right edge apart where they would stand on each other: by pixels, from the lowest up."""
    low, high = axis.layout["range"]
    pixels = _GROWTH_HEIGHT / (high - low)
    last = float("-inf")
    for note in sorted(notes, key=lambda one: float(one["y"])):
        stands = float(note["y"]) * pixels
        moved = max(stands, last + _LABEL)
        note["yshift"] = moved - stands
        last = moved


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
        return refused(title, _why(returns))
    bound = -float(limit) if limit is not None else 0.0
    deepest_day, deepest = min(series, key=lambda point: point[1])
    axis = theme.value_axis(min(bound, deepest), 0.0, "fraction", most=4, pad=0.03)
    axis.layout["range"][1] = 0.0
    time = _days(series, week)
    now = formats.written(series[-1][1], "fraction")
    notes = [theme.note(now, x=series[-1][0].isoformat(), y=series[-1][1], xshift=6, color=theme.BLUE)]
    labels = [*axis.labels, *time.labels, now, formats.written(deepest, "fraction")]
    shapes = [theme.band(*week)]
    if limit is not None:
        text = f"limit {formats.written(-limit, 'fraction')}"
        shapes.append(theme.line(bound, color=theme.VERMILION))
        shift = _shift(series[-1][1], bound, axis)
        notes[0]["yshift"] = shift
        notes.append(theme.note(text, x=1.0, xref="paper", y=bound, xshift=6, yshift=-shift, color=theme.VERMILION))
        labels.append(text)
    kept = f"{_kept(series, limit, week)}." if limit is not None else ""
    return Chart(
        title=title,
        subtitle="fall from the highest value so far, flows taken out"
        + ("; dashed: the limit the owner set" if limit else ""),
        fields=_fields("day", "underwater"),
        rows=tuple(returns.select("day", "underwater").iter_rows()),
        labels=tuple(labels),
        alt=(
            f"Deepest fall {formats.written(deepest, 'fraction')} on {formats.day(deepest_day)}; now {now}"
            + (f"; {kept}" if kept else ".")
        ),
        notes=(f"{kept[0].upper()}{kept[1:]}",) if kept else (),
        traces=tuple(
            stroke(
                series,
                name="Fall",
                fill=theme.tint(theme.BLUE, 0.12),
                width=1.2,
                texts=[formats.written(v, "fraction") for _, v in series],
            )
        ),
        layout=theme.layout(
            height=168,
            left=_LEFT,
            right=_RIGHT + 18,
            xaxis=time.layout,
            yaxis=axis.layout,
            shapes=shapes,
            annotations=notes,
        ),
    )


def _spans(returns: pl.DataFrame) -> dict[date, int]:
    """How many days the return of each day spans."""
    return dict(returns.select("day", pl.col("days").fill_null(1)).iter_rows())


def _kept(series: list[Point], limit: Decimal, week: tuple[date, date]) -> str:
    """How often the limit was passed: ever, in the week, and since when."""
    # At the limit is not beyond it, but for the rounding of a product.
    over = [day for day, value in series if -value > float(limit) + 1e-12]
    shown = f"the limit of {formats.written(-limit, 'fraction')}"
    if not over:
        return f"{shown} has not been passed"
    this = sum(week[0] <= day < week[1] for day in over)
    return (
        f"{shown} was passed on {formats.count(len(over), 'day')}, {this} of them in the week, "
        f"first on {formats.day(over[0])}, last on {formats.day(over[-1])}"
    )


def _shift(mine: float, other: float, axis: theme.Axis) -> float:
    """By how many pixels the label at `mine` moves away from one at `other`; the other moves as much the other way."""
    low, high = axis.layout["range"]
    return (7 if mine >= other else -7) if abs(mine - other) < 0.1 * (high - low) else 0


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


def _days(series: list[Point], week: tuple[date, date]) -> theme.Axis:
    return theme.time_axis(min(series[0][0], week[0]), max(series[-1][0], week[1] - _DAY))


def _usd(series: list[Point]) -> list[str]:
    return [f"{formats.day(day)}: {formats.number(value, 2)} USD" for day, value in series]


def _why(returns: pl.DataFrame) -> str:
    reasons = returns["reason"].drop_nulls().to_list() if "reason" in returns.columns else []
    return reasons[0] if reasons else "the portfolio has no snapshot yet"


def _gap_notes(series: list[Point]) -> tuple[str, ...]:
    return tuple(
        f"Dotted: {formats.count(missing, 'day')} without a snapshot, "
        f"{formats.days_between(before + _DAY, after - _DAY)}."
        for before, after, missing in gaps(series)
    )


def _bars(moves: list[tuple[date, Decimal]], *, days: int) -> Json:
    # A bar a day wide vanishes in a year's chart: a hundredth of the axis at least, in milliseconds.
    width = max(0.5, days / 130) * 86_400_000
    return {
        "type": "bar",
        "x": [day.isoformat() for day, _ in moves],
        "y": [float(amount) for _, amount in moves],
        "yaxis": "y2",
        "width": width,
        "marker": {"color": [theme.BLUE if amount >= 0 else theme.VERMILION for _, amount in moves]},
        "text": [f"{formats.day(day)}: {formats.written(amount, 'USD signed')} USD" for day, amount in moves],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
    }


def _beside(text: str, y: float) -> Json:
    return theme.note(text, x=1.0, xref="paper", y=y, yref="paper", xshift=6, color=theme.GREY)


def _value_alt(series: list[Point], moves: list[tuple[date, Decimal]]) -> str:
    low, high = min(series, key=lambda point: point[1]), max(series, key=lambda point: point[1])
    flowed = f" External flows: {formats.count(len(moves), 'day')} with one." if moves else " No external flow."
    return (
        f"Net value from {formats.day(series[0][0])} to {formats.day(series[-1][0])}: "
        f"{formats.number(series[-1][1], 2)} USD at the end, "
        f"between {formats.number(low[1], 2)} and {formats.number(high[1], 2)}.{flowed}"
    )
