"""Whether what the applied migrations made is still there, as they made it.

Compares a database's catalogue with its files and with `schemas`; mends nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ys_analytics.migrations.files import Made, MigrationFile
from ys_analytics.migrations.ledger import Ledger
from ys_analytics.migrations.step import Step
from ys_analytics.schemas import TABLES, Column, Table


def find_drift(steps: Sequence[Step], files: Sequence[MigrationFile], ledger: Ledger) -> tuple[Step, ...]:
    """The same steps, the applied ones marked `drifted` where the database no longer agrees."""
    by_version = {file.version: file for file in files}
    found = ledger.found()
    # The declarations describe the newest schema; an older one is not wrong for differing.
    newest = all(step.state != "pending" for step in steps)
    columns = ledger.columns() if newest else None
    return tuple(
        _looked_at(step, by_version[step.version], ledger, found, columns) if step.state == "applied" else step
        for step in steps
    )


def _looked_at(
    step: Step,
    file: MigrationFile,
    ledger: Ledger,
    found: frozenset[Made],
    columns: dict[tuple[str, str], str] | None,
) -> Step:
    wrong = [f"{made} is gone" for made in file.makes() if made not in found]
    if columns is not None:
        for made in file.makes():
            if made in found and made.name in TABLES and TABLES[made.name].store == ledger.store:
                wrong += _strange_columns(TABLES[made.name], columns)
    return replace(step, state="drifted", detail="; ".join(wrong)) if wrong else step


def _strange_columns(table: Table, columns: dict[tuple[str, str], str]) -> Iterator[str]:
    """What is wrong with the columns of one table, in words."""
    for column in table.columns:
        declared, there = _native(table, column), columns.get((table.name, column.name))
        if there is None:
            yield f"column {table.name}.{column.name} is gone"
        elif there != declared:
            yield f"column {table.name}.{column.name} is {there}, not {declared}"
    declared_names = {column.name for column in table.columns}
    for name in sorted(column for home, column in columns if home == table.name and column not in declared_names):
        yield f"column {table.name}.{name} is not declared"


def _native(table: Table, column: Column) -> str:
    """The type as the ledgers spell it: PostgreSQL's says `not null`, ClickHouse's has no null to speak of."""
    required = table.store == "postgres" and not table.view and not column.nullable
    return f"{column.native} not null" if required else column.native
