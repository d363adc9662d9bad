"""Where the suites lie and how they are read; judges nothing.

A suite file is Python, run once by `runpy`, and leaves two names behind:
`SUITE`, an ExpectationSuite, and, where rows must be seen together,
`DETECTORS`. A file that cannot be read, or speaks of a table or column that
does not exist, is an error here and never a pass later.
"""

import runpy
from collections.abc import Iterable, Sequence
from pathlib import Path

from ys_analytics.errors import SuiteError, UsageError
from ys_analytics.quality.suite_types import CROSS_STORE, Detect, Suite, columns_of
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
    """Run one suite file.

    Raises:
        SuiteError: the file is absent or broken, or a promise in it is not one.
    """
    path = path_of(name, folder)
    where = path.relative_to(folder.parent).as_posix()
    if not path.is_file():
        raise SuiteError(f"{where} is absent: {name} cannot be judged without its suite")
    try:
        left = runpy.run_path(str(path))
        shape = left["SUITE"]
        behaviour = tuple(left.get("DETECTORS", ()))
        suite = Suite(name=name, path=path, shape=shape, behaviour=behaviour)
        expectations = suite.expectations
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        raise SuiteError(f"{where} cannot be read: {type(error).__name__}: {reason}") from error
    _examine(suite, expectations, where)
    return suite


def _examine(suite: Suite, expectations: Sequence[object], where: str) -> None:
    """Refuse promises without weight or reason, and promises about columns nobody has."""
    if suite.shape.name != suite.name:
        raise SuiteError(f"{where} names its suite {suite.shape.name!r}; it must be {suite.name!r}")
    for promise in (*expectations, *suite.behaviour):
        called = promise.rule if isinstance(promise, Detect) else type(promise).__name__
        if not getattr(promise, "severity", None) or not getattr(promise, "notes", None):
            raise SuiteError(f"{where}: {called} needs a severity and notes that begin with the damage")
        columns = promise.columns if isinstance(promise, Detect) else columns_of(promise)
        if suite.name in TABLES:
            unknown = [column for column in columns if column not in TABLES[suite.name].schema]
            if unknown:
                raise SuiteError(f"{where}: {called} is about {unknown[0]!r}, a column {suite.name} does not have")
