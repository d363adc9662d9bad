"""Whether what the applied migrations made is still there, as they made it.

Compares a database's catalogue with its files and with `schemas`; mends nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

from ys_analytics.migrations.files import Made, MigrationFile
from ys_analytics.migrations.ledger import Ledger
from ys_analytics.migrations.step import Step
from ys_analytics.schemas import TABLES
from ys_analytics.stores.common.drift import differences
from ys_analytics.stores.common.table_reader import Catalogue


def find_drift(steps: Sequence[Step], files: Sequence[MigrationFile], ledger: Ledger) -> tuple[Step, ...]:
    """The same steps, the applied ones marked `drifted` where the database no longer agrees."""
    by_version = {file.version: file for file in files}
    found = ledger.found()
    # The declarations describe the newest schema; an older one is not wrong for differing.
    newest = all(step.state != "pending" for step in steps)
    catalogue = ledger.catalogue() if newest else None
    return tuple(
        _looked_at(step, by_version[step.version], ledger, found, catalogue) if step.state == "applied" else step
        for step in steps
    )


def _looked_at(
    step: Step,
    file: MigrationFile,
    ledger: Ledger,
    found: frozenset[Made],
    catalogue: Catalogue | None,
) -> Step:
    wrong = [f"{made} is gone" for made in file.makes() if made not in found]
    if catalogue is not None:
        for made in file.makes():
            if made in found and made.name in TABLES and TABLES[made.name].store == ledger.store:
                there = differences(TABLES[made.name], catalogue.get(made.name, {}))
                wrong += [f"column {made.name}.{each.column} {each.text}" for each in there]
    return replace(step, state="drifted", detail="; ".join(wrong)) if wrong else step
