"""Every way the kit can fail, each with the exit code a script can act on.

Knows no store, frame or page. One line says what happened, to what, and what
to do; the cause travels as `__cause__` for machines and for `--debug`.

    YsError
    ├── UsageError          the question itself cannot be answered   exit  2
    ├── SettingsError       a setting is absent or malformed         exit 10
    ├── StoreError          a store refused us or went away          exit 11
    │   └── BusyError       another process holds an embedded store
    ├── ContractError       a frame is not what its schema says      exit 12
    │   └── RunError        a frozen run is absent, torn or altered
    ├── MigrationError      the ledger and the files disagree        exit 13
    ├── ExpectationFailed   the data broke a stated promise          exit 14
    │   └── SuiteError      a suite of promises cannot be read
    └── ReportError         a notebook or the PDF step failed        exit 15
"""

from typing import ClassVar


class YsError(Exception):
    """Something a person can act on; its text is one line and holds no secret."""

    exit_code: ClassVar[int] = 1

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the line itself."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(YsError):
    """The question cannot be answered: no such week, table or portfolio."""

    exit_code = 2


class SettingsError(YsError):
    """A setting is absent or malformed."""

    exit_code = 10


class StoreError(YsError):
    """A store refused us or went away."""

    exit_code = 11


class BusyError(StoreError):
    """Another process held an embedded store for longer than we wait."""


class ContractError(YsError):
    """A frame, or a table, is not what its schema says."""

    exit_code = 12


class RunError(ContractError):
    """A frozen run is absent, torn, or no longer the bytes that were judged."""


class MigrationError(YsError):
    """The ledger of a store and the migration files disagree."""

    exit_code = 13


class ExpectationFailed(YsError):  # noqa: N818 - a verdict on the data, not a fault of the program
    """The data broke a promise that a report rests on."""

    exit_code = 14


class SuiteError(ExpectationFailed):
    """A suite file is absent or broken, so what it promises is unknown."""


class ReportError(YsError):
    """A notebook, a page or a print failed."""

    exit_code = 15
