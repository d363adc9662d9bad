"""Compare the ledger of applied migrations with the migration files.

One form of ledger for both databases that keep one; where its table lies and how a row gets in is theirs to
say (`postgres_ledger`, `clickhouse_ledger`). Runs no migration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ys_analytics.errors import MigrationError
from ys_analytics.migrations.files import CreatedObject, MigrationFile, file_name
from ys_analytics.migrations.step import State, Step
from ys_analytics.schemas import Store
from ys_analytics.stores.common.table_reader import Catalogue

_REMEDY: dict[State, str] = {
    "edited": "was edited after it was applied; put it back and write a new file for the change",
    "missing": "was applied but is not here; install the release that has it, or bring the file back",
    "renamed": "was renamed after it was applied; give it its name back",
    "late": "is numbered before migrations that are applied already; give it the next free number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a ledger: an applied migration.

    Attributes:
        version: Number of its file.
        description: The rest of the file's name, in words.
        checksum: SHA-256 of the file as it was applied.
        rollback: The SQL that undoes it, as the file said then.
        applied_at: When, in UTC; None if the row does not say.
    """

    version: str
    description: str
    checksum: str
    rollback: str
    applied_at: datetime | None


class Ledger(Protocol):
    """A database that keeps a ledger."""

    @property
    def store(self) -> Store:
        """Which of the stores it is."""

    def rows(self) -> tuple[Row, ...]:
        """What was applied, oldest first; empty where there is no ledger yet."""

    def apply(self, file: MigrationFile) -> None:
        """Run the file and record it."""

    def undo(self, row: Row) -> None:
        """Run the row's rollback and delete its record."""

    def existing_objects(self) -> frozenset[CreatedObject]:
        """The existing objects of the kinds that files create."""

    def catalogue(self) -> Catalogue:
        """Every table that is there now, and its columns."""


def compare(store: Store, files: Sequence[MigrationFile], rows: Sequence[Row]) -> tuple[Step, ...]:
    """The state of each migration by ledger and files alone, in order of their numbers."""
    by_version = {file.version: file for file in files}
    newest = max((row.version for row in rows), default="")
    known = {row.version for row in rows}
    steps = [_of_row(store, row, by_version.get(row.version)) for row in rows]
    steps += [_of_pending(store, file, newest) for file in files if file.version not in known]
    return tuple(sorted(steps, key=lambda step: step.version))


def refuse_conflicts(steps: Sequence[Step]) -> None:
    """Raise for the first file that contradicts the ledger; nothing is repaired silently.

    Raises:
        MigrationError: a file was edited, renamed or removed after it was applied, or comes late.
    """
    for step in steps:
        if step.state in _REMEDY:
            raise MigrationError(f"{step.store}/{file_name(step.version, step.description)} {step.detail}")


def _of_row(store: Store, row: Row, file: MigrationFile | None) -> Step:
    state: State = "applied"
    if file is None:
        state = "missing"
    elif file.description != row.description:
        state = "renamed"
    elif row.checksum not in (file.checksum, *file.replaces):
        state = "edited"
    detail = _REMEDY.get(state, "")
    if state == "renamed" and file is not None:
        detail = f"is {file.name} now: it {detail}"
    return Step(
        store=store,
        version=row.version,
        description=row.description,
        state=state,
        applied_at=row.applied_at,
        detail=detail,
    )


def _of_pending(store: Store, file: MigrationFile, newest: str) -> Step:
    state: State = "late" if file.version < newest else "pending"
    return Step(
        store=store, version=file.version, description=file.description, state=state, detail=_REMEDY.get(state, "")
    )
