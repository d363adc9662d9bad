"""Where the suites lie and how they are read; checks nothing.

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
    known = [*TABLES, CROSS_STORE]
    if tables is None:
        return known
    asked = list(dict.fromkeys(tables))
    for name in asked:
        if name not in known:
            raise UsageError(f"{name!r} is not a table of the kit; `ys catalog` lists them")
    return asked


def read(name: str, folder: Path = FOLDER) -> Suite:
    """One suite: what is declared of its table, and what its file adds.

    Raises:
        SuiteError: the folder of its store is absent, or its file is broken, or a rule in it is not one.
    """
    path = path_of(name, folder)
    where = path.relative_to(folder.parent).as_posix()
    if not path.is_file() and (name == CROSS_STORE or not path.parent.is_dir()):
        lost = where if name == CROSS_STORE else path.parent.relative_to(folder.parent).as_posix()
        raise SuiteError(f"{lost} is absent: {name} cannot be judged without its suite")
    expectations, detectors = _particular(name, path, where) if path.is_file() else ([], [])
    if name == CROSS_STORE:
        expectations = [*derived_rules.references(), *expectations]
    else:
        expectations = [*derived_rules.expectations(TABLES[name]), *expectations]
        detectors = [*derived_rules.detectors(TABLES[name]), *detectors]
    suite = Suite(name=name, expectations=tuple(expectations), detectors=tuple(detectors))
    _examine(suite, where)
    return suite


def _particular(name: str, path: Path, where: str) -> tuple[list[Any], list[Detector]]:
    """Run one suite file."""
    try:
        left = runpy.run_path(str(path))
        shape, detectors = left["SUITE"], list(left.get("DETECTORS", ()))
        called, expectations = shape.name, list(shape.expectations)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise SuiteError(f"{where} cannot be read: {type(error).__name__}: {reason}") from error
    if called != name:
        raise SuiteError(f"{where} names its suite {called!r}; it must be {name!r}")
    return expectations, detectors


def _examine(suite: Suite, where: str) -> None:
    """Refuse rules without weight or reason, and rules about columns nobody has."""
    for rule in (*suite.expectations, *suite.detectors):
        called = rule.rule if isinstance(rule, Detector) else type(rule).__name__
        if not getattr(rule, "severity", None) or not getattr(rule, "notes", None):
            raise SuiteError(f"{where}: {called} needs a severity and notes that begin with the damage")
        columns = rule.columns if isinstance(rule, Detector) else columns_of(rule)
        if suite.name in TABLES:
            unknown = [column for column in columns if column not in TABLES[suite.name].schema]
            if unknown:
                raise SuiteError(f"{where}: {called} is about {unknown[0]!r}, a column {suite.name} does not have")
