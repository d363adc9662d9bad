"""Problems of an import by file and line; knows neither tables nor stores.

Problems are gathered over all files before any is reported, so that a file is corrected once and not line by line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from ys_analytics.errors import ContractError

# How many problems a message names; the rest are counted.
SHOWN = 10
_MAX_QUOTED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem of one row; `place` is the word for rows of that kind of file: line, row or item."""

    file: str
    place: str
    number: int
    text: str

    def __str__(self) -> str:
        """As the message names it."""
        return f"{self.file} {self.place} {self.number}: {self.text}"


@dataclass(slots=True)
class Problems:
    """The problems of an import so far, and remarks on what was changed.

    Attributes:
        table: Into which table.
        grouped: Whether each kind of problem is named once, at its first line, with a count.
        own_columns: Whether the columns are the kit's own, so that a value says more than its column.
        notes: What is wrong with the import as a whole.
        remarks: What is said although nothing is wrong, and for how many values.
        named: The problems to name.
        count: How many there are.
    """

    table: str
    grouped: bool = False
    own_columns: bool = False
    notes: list[str] = field(default_factory=list)
    remarks: dict[str, int] = field(default_factory=dict)
    named: list[Problem] = field(default_factory=list)
    count: int = 0

    def note(self, text: str) -> None:
        """Add a problem of the import as a whole; it is named before the problems of lines."""
        self.notes.append(text)

    def remark(self, text: str, count: int = 0) -> None:
        """Add a remark on values that were changed; counts of the same remark add up."""
        self.remarks[text] = self.remarks.get(text, 0) + count

    def remark_lines(self) -> tuple[str, ...]:
        """Every remark once, with the number of values it holds for.

        >>> problems = Problems(table="market_data")
        >>> problems.remark("of price rounded to 18 decimals", 2)
        >>> problems.remark("of price rounded to 18 decimals", 1)
        >>> problems.remark_lines()
        ('3 values of price rounded to 18 decimals',)
        """
        return tuple(
            f"{count:,} value{'' if count == 1 else 's'} {text}" if count else text
            for text, count in self.remarks.items()
        )

    def add(
        self, origin: pl.DataFrame, wrong: pl.Series, text: str, *, values: pl.Series | None = None, column: str = ""
    ) -> None:
        """Add a problem of every row that is `wrong`.

        Args:
            origin: file, place and number of every row.
            wrong: Whether each row is wrong; null is not.
            text: What is wrong.
            values: What to quote before it; left out for columns that hold secrets.
            column: The column's name in the file.
        """
        places = wrong.fill_null(value=False).arg_true()
        self.count += places.len()
        if not places.len():
            return
        # The first problems of each kind are enough to find the first of all.
        for row in places.head(1 if self.grouped else SHOWN):
            file, kind, number = origin.row(row)
            message = text if values is None else f"{_quoted(values[row])} {text}"
            if column:
                message = f"{message} ({column})" if self.own_columns else f"{column}: {message}"
            if self.grouped and places.len() > 1:
                message += f" (and {places.len() - 1:,} more such)"
            self.named.append(Problem(file=file, place=kind, number=number, text=message))

    def raise_if_any(self, *, order: Sequence[str]) -> None:
        """Raise if anything is wrong, naming the first problems in the order of the files.

        Raises:
            ContractError: one line with every problem named, or the first ten and a count.
        """
        if not self.count and not self.notes:
            return
        rank = {name: place for place, name in enumerate(order)}
        first = sorted(self.named, key=lambda problem: (rank.get(problem.file, 0), problem.number))[:SHOWN]
        left = len(self.named) - len(first) if self.grouped else self.count - len(first)
        more = f"; and {left} more{' kinds' if self.grouped else ''}" if left > 0 else ""
        listed = "; ".join([*self.notes, *(str(problem) for problem in first)])
        raise ContractError(f"{self.table}: nothing was imported: {listed}{more}")


def _quoted(value: object) -> str:
    text = " ".join(str(value).split())
    return f"'{text[:_MAX_QUOTED]}…'" if len(text) > _MAX_QUOTED else f"'{text}'"
