"""What was earned and at which risk, as tables.

Frames come from the desk; each number keeps its window and each refusal its reason.
"""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import Table, table
from ys_analytics.views.view import Field, View, refused

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
_STEPS = (-0.10, -0.03, 0.0, 0.03, 0.10)


def performance(measures: pl.DataFrame) -> View:
    """The week and all time beside each other.

    Args:
        measures: One row a metric: title, unit; week, since Float64; week_reason, since_reason String; since_at Date
            (when it happened); week_n, since_n, week_alone, since_alone (returns of one day), since_days Int64;
            since_coverage Float64; week_start, week_end, since_start, since_end Date.
    """
    if measures.is_empty():
        return refused("Performance", "no metric was asked for")
    row = measures.row(0, named=True)
    dated = pl.when(pl.col("since_at").is_not_null()).then(
        pl.format("{}, {}", "title", pl.col("since_at").map_elements(formats.day, return_dtype=pl.String))
    )
    return table(
        measures.with_columns(shown=pl.coalesce(dated, "title")),
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
        alt=_alt(measures),
        size="half",
    )


def _window(name: str, row: dict[str, object], which: str) -> str:
    n, start, end = row[f"{which}_n"], row[f"{which}_start"], row[f"{which}_end"]
    if not n:
        return f"{name}: no daily return."
    shown = formats.days_between(start, end)  # type: ignore[arg-type]
    covered = formats.written(row[f"{which}_coverage"], "share")  # type: ignore[arg-type]
    long = n - row[f"{which}_alone"]  # type: ignore[operator]
    several = (
        f" {formats.count(long, 'return')} over several days: in growth and drawdowns, in no daily figure."
        if long
        else ""
    )
    return f"{name}: {formats.count(n, 'return')}, {shown}, {covered} of its days.{several}"  # type: ignore[arg-type]


def _alt(measures: pl.DataFrame) -> str:
    parts = (
        f"{title} {formats.written(since, unit)}"
        for title, since, unit in measures.select("title", "since", "unit").head(6).iter_rows()
    )
    return "Since inception: " + "; ".join(parts) + "."


def drawdowns(episodes: pl.DataFrame) -> View:
    """The deepest falls.

    Args:
        episodes: rank, peak, trough, recovery (null while it lasts), depth, fall_days, recovery_days, days.
    """
    return table(
        episodes.with_columns(open=pl.when(pl.col("recovery").is_null()).then(pl.lit("not regained yet"))),
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


def monthly_returns(months: pl.DataFrame) -> View:
    """Return of each month and year, tinted.

    Args:
        months: year Int32, Float64 columns jan to dec and total, null where there is no return or one crosses the
            border; reason String: which; and perhaps begins, ends Date: the first and last day returns cover.
    """
    if months.is_empty():
        return refused("Return of each month", "no month has a return yet")
    sheet = table(
        months.with_columns(pl.col("year").cast(pl.String)),
        title="Return of each month, per cent",
        subtitle="linked daily returns" + ("; * part of a month" if _parts(months) else ""),
        fields=(
            Field(name="year", title=""),
            *(Field(name=month.lower(), title=month, unit="fraction") for month in formats.MONTHS),
            Field(name="total", title="Year", unit="fraction"),
        ),
        notes=_open_months(months),
    )
    if not isinstance(sheet, Table):
        return sheet
    # The title says per cent once, so the cells need not, and thirteen columns fit.
    parts = _parts(months)
    cells = tuple(
        tuple(
            "" if cell == formats.DASH
            else cell.removesuffix(f"{formats.HARD_SPACE}%") + ("*" if (row[0], place) in parts else "")
            for place, cell in enumerate(row)
        )
        for row in sheet.cells
    )  # fmt: skip
    tints = tuple(("", *(_tint(value) for value in row[1:-1]), "") for row in sheet.rows)
    heads = tuple(replace(field, unit="count") if field.name != "year" else field for field in sheet.fields)
    return replace(sheet, cells=cells, tints=tints, fields=heads, compact=True)


def _parts(months: pl.DataFrame) -> set[tuple[str, int]]:
    """Year, and place in the row, of each month that returns cover only in part."""
    if not {"begins", "ends"} <= set(months.columns):
        return set()
    begins, ends = months["begins"][0], months["ends"][0]
    found = set()
    if begins is not None and begins.day > 1:
        found.add((str(begins.year), begins.month))
    if ends is not None and (ends + _DAY).day > 1:
        found.add((str(ends.year), ends.month))
    return found


def _open_months(months: pl.DataFrame) -> tuple[str, ...]:
    """Why months are left open although returns are on record."""
    reasons = dict.fromkeys(months["reason"].drop_nulls().to_list())
    return tuple(f"Left open where {reason.replace('; ', ', and where ')} of a month." for reason in reasons)


def _tint(value: object) -> str:
    if not isinstance(value, float):
        return ""
    return _TINTS[sum(value > step for step in _STEPS)]


def claims(compared: pl.DataFrame) -> View:
    """What the platform says of this portfolio beside what we compute.

    Args:
        compared: title, unit, unit_difference String; day Date; stored, ours, difference Float64; verdict String
            (agrees, method, data or neither, and how); reason String where ours is missing.
    """
    day = "" if compared.is_empty() else f" of {formats.day(compared['day'].max())}"  # type: ignore[arg-type]
    return table(
        compared,
        title="The platform's figures and ours",
        subtitle=f"latest claims{day}; a difference is explained by another method, by the data, or by neither",
        fields=(
            Field(name="title", title=""),
            Field(name="stored", title="Platform says", unit_from="unit"),
            Field(name="ours", title="We compute", unit_from="unit", reason="reason"),
            Field(name="difference", title="Difference", unit_from="unit_difference", reason="reason"),
            Field(name="verdict", title="Explained by", width=34),
        ),
        empty="The platform makes no claim about this portfolio.",
    )
