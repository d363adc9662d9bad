"""Find drift: whether what the applied migrations made is still there, as they made it.

Compares a database's catalogue with its files and with `schemas`; fixes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from ys_analytics.migrations.files import CreatedObject, MigrationFile
from ys_analytics.migrations.ledger import Ledger
from ys_analytics.migrations.step import Step
from ys_analytics.schemas import TABLES
from ys_analytics.stores.common.drift import differences
from ys_analytics.stores.common.table_reader import Catalogue


def find_drift(steps: Sequence[Step], files: Sequence[MigrationFile], ledger: Ledger) -> tuple[Step, ...]:
    """The same steps, the applied ones marked `drifted` where the database no longer agrees."""
    by_version = {file.version: file for file in files}
    applied = [by_version[step.version] for step in steps if step.state == "applied"]
    dropped = {gone for file in applied for gone in file.drops()}
    present = ledger.existing_objects()
    # The declarations describe the newest schema; an older one is not wrong for differing.
    newest = all(step.state != "pending" for step in steps)
    catalogue = ledger.catalogue() if newest else None
    return tuple(
        _with_drift(step, by_version[step.version], ledger, present | dropped, catalogue)
        if step.state == "applied"
        else step
        for step in steps
    )


def _with_drift(
    step: Step,
    file: MigrationFile,
    ledger: Ledger,
    present: frozenset[CreatedObject],
    catalogue: Catalogue | None,
) -> Step:
    problems = [f"{created} is gone" for created in file.creates() if created not in present]
    if catalogue is not None:
        for created in file.creates():
            if created in present and created.name in TABLES and TABLES[created.name].store == ledger.store:
                column_differences = differences(TABLES[created.name], catalogue.get(created.name, {}))
                problems += [
                    f"column {created.name}.{column_difference.column} {column_difference.text}"
                    for column_difference in column_differences
                ]
    return replace(step, state="drifted", detail="; ".join(problems)) if problems else step
