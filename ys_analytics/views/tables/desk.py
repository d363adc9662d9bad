"""Any frame as a table, and the tables of agents and suites."""

from collections.abc import Mapping

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import table
from ys_analytics.views.view import Field, View

_MAX_ROWS = 30


def sheet(
    frame: pl.DataFrame, *, title: str, units: Mapping[str, str] | None = None, max_rows: int = _MAX_ROWS
) -> View:
    """Any frame, its first rows, for looking at in a notebook.

    Args:
        frame: Any frame.
        title: What it is.
        units: Of columns, as `formats.text` takes them; dates, times, numbers and texts need none.
        max_rows: Rows to show.

    >>> sheet(pl.DataFrame({"day_count": [12]}), title="Days").printed_rows()
    (('12',),)
    """
    column_units = units or {}
    fields = tuple(
        Field(name=name, title=formats.name(name), unit=column_units.get(name, _unit(dtype)))
        for name, dtype in frame.schema.items()
    )
    hidden = frame.height - max_rows
    notes = (f"{hidden:,} more rows are not shown.",) if hidden > 0 else ()
    return table(frame.head(max_rows), title=title, fields=fields, notes=notes, empty="It has no rows.")


def _unit(dtype: pl.DataType) -> str:
    if dtype == pl.Date:
        return "date"
    if isinstance(dtype, pl.Datetime):
        return "UTC"
    if dtype.is_integer():
        return "count"
    return "quantity" if dtype.is_numeric() else ""


def satellites(frame: pl.DataFrame) -> View:
    """Health and work of the satellite agents.

    Args:
        frame: name, kind, health, cached String; tasks, completed, failed, errors Int64; success, response Float64.
    """
    return table(
        frame.with_columns(pl.col("kind").map_elements(formats.name, return_dtype=pl.String)),
        title="The satellite agents in the week",
        subtitle="health as PostgreSQL has it, and as Redis does",
        fields=(
            Field(name="name", title="Satellite", width=24),
            Field(name="kind", title="Role"),
            Field(name="health", title="Health", reason="unchecked"),
            Field(name="cached", title="Cached", reason="uncached"),
            Field(name="tasks", title="Tasks", unit="count"),
            Field(name="completed", title="Done", unit="count"),
            Field(name="failed", title="Failed", unit="count"),
            Field(name="success", title="Success", unit="share", reason="unmeasured"),
            Field(name="response", title="Answer (ms)", unit="count", reason="unmeasured"),
            Field(name="errors", title="Errors", unit="count", reason="unmeasured"),
        ),
        empty="There is no satellite.",
    )


def suites(frame: pl.DataFrame) -> View:
    """Outcomes of each suite: rules, passed, failed, not run.

    Args:
        frame: `suite` String; `promises`, `kept`, `broken`, `untested` Int64; `gravest` String.
    """
    return table(
        frame,
        title="Checks by table",
        subtitle="tables with a failed check first",
        fields=(
            Field(name="suite", title="Table"),
            Field(name="promises", title="Checks", unit="count"),
            Field(name="kept", title="Passed", unit="count"),
            Field(name="broken", title="Failed", unit="count"),
            Field(name="untested", title="Did not run", unit="count"),
            Field(name="gravest", title="Highest severity"),
        ),
        empty="No check was run on this data.",
    )
