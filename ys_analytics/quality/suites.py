"""Reads the suites: what a table declares, and what its file adds; does not check.

A suite is what the table's declaration says (`derived_rules`) and, where there is a file, what is particular to the
table: a file is Python, run once by `runpy`, and leaves two names behind: `SUITE`, an ExpectationSuite, and, where rows
must be seen together, `DETECTORS`. A file that cannot be read, or speaks of a table or column that does not exist, is
an error here and never a pass later.
"""

import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ys_analytics.errors import SuiteError, UsageError
from ys_analytics.quality import derived_rules
from ys_analytics.quality.suite_types import CROSS_STORE, Detector, Suite, columns_of
from ys_analytics.resources import SUITES
from ys_analytics.schemas import TABLES

FOLDER = SUITES


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """The file of one suite.

    >>> path_of("market_data").relative_to(FOLDER).as_posix()
    'clickhouse/market_data.py'
    """
    return folder / f"{name}.py" if name == CROSS_STORE else folder / TABLES[name].store / f"{name}.py"


def names(tables: Iterable[str] | None = None) -> list[str]:
    """The suites asked for; all of them, the ones across stores last, when nothing is.

    Raises:
        UsageError: there is no such table.
    """
    all_names = [*TABLES, CROSS_STORE]
    if tables is None:
        return all_names
    requested = list(dict.fromkeys(tables))
    for name in requested:
        if name not in all_names:
            raise UsageError(f"{name!r} is not a table of the kit; `ys catalog` lists them")
    return requested


def read(name: str, folder: Path = FOLDER) -> Suite:
    """One suite: what is declared of its table, and what its file adds.

    Raises:
        SuiteError: the folder of its store is absent, or its file is broken, or a rule in it is not one.
    """
    path = path_of(name, folder)
    location = path.relative_to(folder.parent).as_posix()
    if not path.is_file() and (name == CROSS_STORE or not path.parent.is_dir()):
        missing = location if name == CROSS_STORE else path.parent.relative_to(folder.parent).as_posix()
        raise SuiteError(f"{missing} is absent: {name} cannot be checked without its suite")
    expectations, detectors = _read_file(name, path, location) if path.is_file() else ([], [])
    if name == CROSS_STORE:
        expectations = [*derived_rules.references(), *expectations]
    else:
        expectations = [*derived_rules.expectations(TABLES[name]), *expectations]
        detectors = [*derived_rules.detectors(TABLES[name]), *detectors]
    suite = Suite(name=name, expectations=tuple(expectations), detectors=tuple(detectors))
    _check_rules(suite, location)
    return suite


def _read_file(name: str, path: Path, location: str) -> tuple[list[Any], list[Detector]]:
    """Run one suite file."""
    try:
        namespace = runpy.run_path(str(path))
        suite, detectors = namespace["SUITE"], list(namespace.get("DETECTORS", ()))
        suite_name, expectations = suite.name, list(suite.expectations)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise SuiteError(f"{location} cannot be read: {type(error).__name__}: {reason}") from error
    if suite_name != name:
        raise SuiteError(f"{location} names its suite {suite_name!r}; it must be {name!r}")
    return expectations, detectors


def _check_rules(suite: Suite, location: str) -> None:
    """Refuse rules without severity or notes, and rules about columns that the table does not have."""
    for rule in (*suite.expectations, *suite.detectors):
        rule_name = rule.rule if isinstance(rule, Detector) else type(rule).__name__
        if not getattr(rule, "severity", None) or not getattr(rule, "notes", None):
            raise SuiteError(f"{location}: {rule_name} needs a severity and notes that begin with the damage")
        columns = rule.columns if isinstance(rule, Detector) else columns_of(rule)
        if suite.name in TABLES:
            unknown = [column for column in columns if column not in TABLES[suite.name].schema]
            if unknown:
                raise SuiteError(
                    f"{location}: {rule_name} is about {unknown[0]!r}, a column {suite.name} does not have"
                )
