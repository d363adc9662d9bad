"""The policy for values that do not fit their declared type: an error, or quarantine where the caller asks for it.

Depends on how a row is named. Does not know a store or table. Nothing is ever rounded, wrapped or nulled instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ys_analytics.errors import ContractError

# How much of a hostile value an error line may carry.
_MAX_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """One row that was kept out, and the first value of it that did not fit.

    Attributes:
        source: The table, family or collection it came from.
        column: The column whose value does not fit.
        key: The row's key as text, by column.
        found: The value as the store wrote it, cut short.
        expected: What was declared.
    """

    source: str
    column: str
    key: dict[str, str]
    found: str
    expected: str

    def __str__(self) -> str:
        """One line: what, where, and what was expected.

        >>> print(RejectedRow(source="t", column="price", key={"id": "7"}, found="NaN", expected="Decimal"))
        t.price where id=7: 'NaN' is not Decimal
        """
        where = ", ".join(f"{name}={value}" for name, value in self.key.items())
        return f"{self.source}.{self.column}{f' where {where}' if where else ''}: {self.found!r} is not {self.expected}"


@dataclass(slots=True, kw_only=True)
class RejectPolicy:
    """The policy for values that do not fit during one load, and the rows it rejected.

    Attributes:
        source: Name for messages.
        key: Columns that identify a row in messages.
        quarantine: Keep rejected rows here and load the rest; otherwise the first one is an error.
        rejected: The rejected rows, in their order.
    """

    source: str = "query"
    key: Sequence[str] = ()
    quarantine: bool = False
    rejected: list[RejectedRow] = field(default_factory=list)

    def refuse(self, *, column: str, found: object, expected: object, key: dict[str, str] | None = None) -> None:
        """Record a row that does not fit.

        Raises:
            ContractError: the caller did not ask for quarantine.
        """
        row = RejectedRow(
            source=self.source, column=column, key=key or {}, found=str(found)[:_MAX_CHARACTERS], expected=str(expected)
        )
        if not self.quarantine:
            raise ContractError(f"{row}; correct the row, or load with quarantine to set it aside")
        self.rejected.append(row)
