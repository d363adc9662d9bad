"""The result of parsing a column: typed values, problems by row, and remarks on what was changed."""

from dataclasses import dataclass, field

import polars as pl


@dataclass(slots=True)
class Parsed:
    """A typed column with its problems and its remarks.

    Attributes:
        values: As the schema types them; null where the row is wrong.
        wrong: Pairs of a mask of rows and what is wrong with them.
        remarks: What a reader must know although nothing is wrong, and for how many values it holds;
            0 where it holds for the column as a whole.
    """

    values: pl.Series
    wrong: list[tuple[pl.Series, str]] = field(default_factory=list)
    remarks: list[tuple[str, int]] = field(default_factory=list)


def nulls(series: pl.Series) -> pl.Series:
    """As many nulls of the same type."""
    return pl.Series(series.name, [None], dtype=series.dtype).new_from_index(0, series.len())


def where_true(values: pl.Series, where: pl.Series) -> pl.Series:
    """The values where the mask is true, null elsewhere."""
    return values.zip_with(where.fill_null(value=False), nulls(values))
