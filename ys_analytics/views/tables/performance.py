"""Tables of performance metrics, drawdowns, monthly returns and the platform's claims.

Depends on frames of the desk. Does not compute. Each number keeps its window, and each null its reason.
"""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import Table, table
from ys_analytics.views.view import Field, View, not_shown

# The colour under a month's return: blue above zero, vermilion below, denser for more. Translucent, so that the page
# shows through and its text keeps its contrast on white paper and in a dark notebook alike.
_TINTS = (
    "rgba(213, 94, 0, 0.35)",
    "rgba(213, 94, 0, 0.18)",
    "rgba(213, 94, 0, 0.08)",
    "rgba(0, 114, 178, 0.07)",
    "rgba(0, 114, 178, 0.17)",
    "rgba(0, 114, 178, 0.34)",
)
_DAY = timedelta(days=1)
_TINT_STEPS = (-0.10, -0.03, 0.0, 0.03, 0.10)


def performance(frame: pl.DataFrame) -> View:
    """Metrics of the week and since inception, next to each other.

    Args:
        frame: One row a metric: title, unit; week, since Float64; week_reason, since_reason String; since_at Date
            (when it happened); week_n, since_n, week_alone, since_alone (returns of one day), since_days Int64;
            since_coverage Float64; week_start, week_end, since_start, since_end Date.
    """
    if frame.is_empty():
        return not_shown("Performance", "no metric was asked for")
    row = frame.row(0, named=True)
    title_with_date = pl.when(pl.col("since_at").is_not_null()).then(
        pl.format("{}, {}", "title", pl.col("since_at").map_elements(formats.day, return_dtype=pl.String))
    )
    return table(
        frame.with_columns(shown=pl.coalesce(title_with_date, "title")),
        title="The week and since inception",
        subtitle="external flows taken out; 365 days a year",
        fields=(
            Field(name="shown", title=""),
            Field(name="week", title="The week", unit_from="unit", reason="week_reason", tone=True),
            Field(name="since", title="Since inception", unit_from="unit", reason="since_reason", tone=True),
        ),
        notes=(
            _window("The week", row, "week"),
            _window("Since inception, with its dates", row, "since"),
        ),
        alt=_alt(frame),
        size="half",
    )


def _window(name: str, row: dict[str, object], which: str) -> str:
    n, start, end = row[f"{which}_n"], row[f"{which}_start"], row[f"{which}_end"]
    if not n:
        return f"{name}: no daily return."
    dates = formats.days_between(start, end)  # type: ignore[arg-type]
    coverage = formats.text(row[f"{which}_coverage"], "share")  # type: ignore[arg-type]
    over_several_days = n - row[f"{which}_alone"]  # type: ignore[operator]
    several_text = (
        f" {formats.count(over_several_days, 'return')} over several days: in growth and drawdowns, in no daily figure."
        if over_several_days
        else ""
    )
    return f"{name}: {formats.count(n, 'return')}, {dates}, {coverage} of its days.{several_text}"  # type: ignore[arg-type]


def _alt(frame: pl.DataFrame) -> str:
    parts = (
        f"{title} {formats.text(since, unit)}"
        for title, since, unit in frame.select("title", "since", "unit").head(6).iter_rows()
    )
    return "Since inception: " + "; ".join(parts) + "."


def drawdowns(frame: pl.DataFrame) -> View:
    """The deepest falls.

    Args:
        frame: rank, peak, trough, recovery (null while it lasts), depth, fall_days, recovery_days, days.
    """
    return table(
        frame.with_columns(open=pl.when(pl.col("recovery").is_null()).then(pl.lit("not regained yet"))),
        title="Deepest falls from a peak",
        subtitle="days are calendar days",
        fields=(
            Field(name="rank", title="", unit="count"),
            Field(name="depth", title="Depth", unit="fraction", tone=True),
            Field(name="peak", title="Peak", unit="date"),
            Field(name="trough", title="Lowest", unit="date"),
            Field(name="recovery", title="Recovered", unit="date", reason="open"),
            Field(name="fall_days", title="Fall", unit="days"),
            Field(name="recovery_days", title="Recovery", unit="days", reason="open"),
            Field(name="days", title="Total days", unit="days"),
        ),
        empty="No fall from a peak is on record.",
    )


def monthly_returns(frame: pl.DataFrame) -> View:
    """Return of each month and year, tinted.

    Args:
        frame: year Int32, Float64 columns jan to dec and total, null where there is no return or one crosses the
            border; reason String: which; and perhaps parts List(Int64): the months that returns cover in part.
    """
    if frame.is_empty():
        return not_shown("Return of each month", "no month has a return yet")
    sheet = table(
        frame.with_columns(pl.col("year").cast(pl.String)),
        title="Return of each month, per cent",
        subtitle="linked daily returns" + ("; * part of a month" if _partial_months(frame) else ""),
        fields=(
            Field(name="year", title=""),
            *(Field(name=month.lower(), title=month, unit="fraction") for month in formats.MONTHS),
            Field(name="total", title="Year", unit="fraction"),
        ),
        notes=_empty_month_notes(frame),
    )
    if not isinstance(sheet, Table):
        return sheet
    # The title says per cent once, so the cells need not, and thirteen columns fit.
    partial = _partial_months(frame)
    cells = tuple(
        tuple(
            "" if cell == formats.DASH
            else cell.removesuffix(f"{formats.HARD_SPACE}%") + ("*" if (row[0], column_index) in partial else "")
            for column_index, cell in enumerate(row)
        )
        for row in sheet.cells
    )  # fmt: skip
    tints = tuple(("", *(_tint(value) for value in row[1:-1]), "") for row in sheet.rows)
    fields = tuple(replace(field, unit="count") if field.name != "year" else field for field in sheet.fields)
    return replace(sheet, cells=cells, tints=tints, fields=fields, compact=True)


def month_statistics(measured: pl.DataFrame) -> View:
    """Mean, spread, extremes, skewness and excess kurtosis of monthly returns.

    Args:
        measured: title, unit String, value Float64, n Int64, reason String.
    """
    n = int(measured["n"].max() or 0)  # type: ignore[arg-type]
    return table(
        measured,
        title="Monthly returns in numbers",
        subtitle=f"{formats.count(n, 'whole month')}; skewness and excess kurtosis of the sample",
        fields=(
            Field(name="title", title=""),
            Field(name="value", title="Value", unit_from="unit", reason="reason", tone=True),
        ),
        size="half",
    )


def _partial_months(frame: pl.DataFrame) -> set[tuple[str, int]]:
    """Year, and place in the row, of each month that returns cover only in part."""
    if "parts" not in frame.columns:
        return set()
    return {(str(year), month) for year, parts in frame.select("year", "parts").iter_rows() for month in parts}


def _empty_month_notes(frame: pl.DataFrame) -> tuple[str, ...]:
    """Why months are left open although returns are on record."""
    reasons = dict.fromkeys(frame["reason"].drop_nulls().to_list())
    return tuple(f"Left open where {reason.replace('; ', ', and where ')} of a month." for reason in reasons)


def _tint(value: object) -> str:
    if not isinstance(value, float):
        return ""
    return _TINTS[sum(value > step for step in _TINT_STEPS)]


def claims(frame: pl.DataFrame) -> View:
    """The platform's figures of this portfolio next to those computed here.

    Args:
        frame: title, unit, unit_difference String; day Date; stored, ours, difference Float64; `verdict` String
            (agrees, method, data or neither, and how); reason String where ours is missing.
    """
    day = "" if frame.is_empty() else f" of {formats.day(frame['day'].max())}"  # type: ignore[arg-type]
    return table(
        frame,
        title="The platform's figures and ours",
        subtitle=f"latest claims{day}; a difference is explained by another method, by the data, or by neither",
        fields=(
            Field(name="title", title=""),
            Field(name="stored", title="Platform says", unit_from="unit"),
            Field(name="ours", title="We compute", unit_from="unit", reason="reason"),
            Field(name="difference", title="Difference", unit_from="unit_difference", reason="reason"),
            Field(name="verdict", title="Assessment", width=34),
        ),
        empty="The platform makes no claim about this portfolio.",
    )
