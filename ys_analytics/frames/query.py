"""From a table and a question about it to SQL: which rows, in which order, and never a secret column.

Knows schemas and two dialects; asks nothing itself. Everything a caller gives travels as a parameter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.schemas import Span, Table

_COLLATED = ' COLLATE "C"'
_MOMENT = "toDateTime64({{{}:String}}, 6, 'UTC')"


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows of a table are wanted.

    Attributes:
        table: Of which table.
        span: Only rows placed in it, where the table has a time; None takes all.
        portfolios: Only rows of these, where rows belong to one; None takes all.
    """

    table: Table
    span: Span | None = None
    portfolios: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Refuse a portfolio that is no id: what is not a UUID names nobody, in any store."""
        for portfolio in self.portfolios or ():
            if not _is_id(portfolio):
                raise UsageError(f"portfolio {portfolio!r} is not an id in lower case; `ys load portfolios` lists them")

    @property
    def where(self) -> str:
        """The condition in the store's SQL; empty for every row."""
        postgres = self.table.store == "postgres"
        conditions = []
        if self.span is not None and self.table.placed is not None:
            time = f'"{self.table.placed}"'
            start, end = ("%(start)s", "%(end)s") if postgres else (_MOMENT.format("start"), _MOMENT.format("end"))
            conditions.append(f"{time} >= {start} AND {time} < {end}")
        if self.portfolios is not None and self.table.portfolio is not None:
            owner = f'"{self.table.portfolio}"'
            conditions.append(
                f"{owner} = ANY(%(portfolios)s::uuid[])" if postgres else f"{owner} IN {{portfolios:Array(String)}}"
            )
        return " AND ".join(conditions)

    @property
    def parameters(self) -> dict[str, object]:
        """The values `where` names."""
        values: dict[str, object] = {}
        if self.span is not None and self.table.placed is not None:
            values |= {"start": self.span.start, "end": self.span.end}
        if self.portfolios is not None and self.table.portfolio is not None:
            values["portfolios"] = list(self.portfolios)
        return values

    @property
    def statement(self) -> str:
        """The visible columns of those rows in key order, as text that `manifest.json` can show."""
        names = ", ".join(f'"{name}"' for name in self.table.schema)
        condition = f" WHERE {self.where}" if self.where else ""
        order = f" ORDER BY {', '.join(self._order)}" if self.table.key else ""
        return f'SELECT {names} FROM "{self.table.name}"{condition}{order}'  # noqa: S608 - names are the declaration's

    @property
    def _order(self) -> list[str]:
        """The key, text by its bytes as Polars sorts it; nothing before something, as Polars has it."""
        if self.table.store == "clickhouse":
            return [f'"{name}"' for name in self.table.key]
        natives = {column.name: column.native for column in self.table.columns}
        return [
            f'"{name}"{_COLLATED if isinstance(self.table.schema[name], pl.String) and natives[name] != "uuid" else ""}'
            " NULLS FIRST"
            for name in self.table.key
        ]


def _is_id(text: str) -> bool:
    """Whether a text is a UUID as the stores write it."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
