"""Types of a suite: rules about one table, detectors, and the snapshot they are checked against.

Depends on schemas. Does not run a rule or know an engine.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from ys_analytics.schemas import STORES, TABLES, Severity

# The suite of rules between stores.
CROSS_STORE = "cross_store"

# What a suite needs besides its own table: flows explain what comes and goes in a portfolio.
NEEDED_WITH = {"portfolio_snapshots": ("transactions",)}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The frozen frames a suite is checked against, read when first needed.

    Attributes:
        files: Where each table's Parquet file lies.
        as_of: The moment the run speaks of: the end of its week, or when it was frozen where that came first. The age
            of a history is measured from it.
        frozen_at: When it was frozen. Tables of current state are of this moment, however long the week is over.
    """

    files: Mapping[str, Path]
    as_of: datetime
    frozen_at: datetime
    _read: dict[str, pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    def frame(self, table: str) -> pl.DataFrame:
        """All rows of one table.

        Raises:
            KeyError: the snapshot does not hold that table.
        """
        if table not in self._read:
            self._read[table] = pl.read_parquet(self.files[table])
        return self._read[table]

    def moment(self, table: str) -> datetime:
        """The moment up to which rows of a table may lie: that of the week for a history, of the freeze for the rest.

        A cache and a table of current state are read as they are now, in a past week too.
        """
        declared = TABLES[table]
        history = declared.span_column is not None and STORES[declared.store].lasting
        return self.as_of if history else self.frozen_at

    def forget(self) -> None:
        """Free the frames read: the next suite needs other tables."""
        self._read.clear()


# What a detector gives back: the keys of the rows at fault, and `said`, what is wrong with each.
FindRows = Callable[[Snapshot], pl.DataFrame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A check over many rows, which no shape of a single row can express.

    Attributes:
        rule: The rule as a name: `no_reverting_spike(price)`.
        find: Gives the rows at fault of a snapshot.
        columns: The columns it is about.
        severity: What a failed rule means.
        notes: Why it matters; begins with the damage.
        needs: The tables it reads.
    """

    rule: str
    find: FindRows
    columns: tuple[str, ...]
    severity: Severity
    notes: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite, read: what is declared of a table, and what its file adds.

    Attributes:
        name: The table it is about, or `cross_store`.
        expectations: The rules that Great Expectations runs.
        detectors: Our detectors.
    """

    name: str
    expectations: tuple[Any, ...]
    detectors: tuple[Detector, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row at fault."""
        return TABLES[self.name].key if self.name in TABLES else ()

    @property
    def needs(self) -> set[str]:
        """The tables it cannot be checked without."""
        own_table = set() if self.name == CROSS_STORE else {self.name}
        return own_table.union(*(detector.needs for detector in self.detectors))


def columns_of(expectation: Any) -> tuple[str, ...]:
    """The columns a rule is about; a query names them in its meta.

    >>> from types import SimpleNamespace
    >>> columns_of(SimpleNamespace(column_A="gas_used", column_B="gas_price", meta=None))
    ('gas_used', 'gas_price')
    """
    columns: list[str] = []
    for field_name in ("column", "column_A", "column_B"):
        value = getattr(expectation, field_name, None)
        columns += [value] if isinstance(value, str) else []
    columns += list(getattr(expectation, "column_list", None) or ())
    columns += list((getattr(expectation, "meta", None) or {}).get("columns", ()))
    return tuple(columns)
