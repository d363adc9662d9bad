"""The kit's errors, each with an exit code for scripts.

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
    ├── ExpectationFailed   the data failed a check          exit 14
    │   └── SuiteError      a suite cannot be read
    ├── ReportError         a notebook or the PDF step failed        exit 15
    └── FileError           a file or folder cannot be read/written  exit 16
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from ys_analytics.printable import printable

# Advice by the error number of a file system.
_ADVICE = {
    errno.ENOSPC: "free some space, or name a folder on another disk",
    errno.EDQUOT: "free some of your quota, or name a folder on another disk",
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`), or name a folder on another disk",
    errno.EROFS: "name a folder that can be written",
    errno.EACCES: "name a folder of yours, or ask its owner",
    errno.EPERM: "name a folder of yours, or ask its owner",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.ENOENT: "the folder or file is not there; make it, or name another",
    errno.ENOTDIR: "a part of the path is a file; name another folder",
    errno.EISDIR: "it is a folder; name a file",
    errno.EEXIST: "something else has that name; remove it, or name another folder",
    errno.EIO: "the disk itself fails; name a folder on another one",
    errno.EMFILE: "raise the limit on open files (`ulimit -n`)",
    errno.ENFILE: "too many files are open on this machine; close some programs",
    errno.ELOOP: "its links lead in a circle; name another folder",
    errno.ESTALE: "the network folder went away; mount it again",
}


class YsError(Exception):
    """Something a person can act on; its text is one line and holds no secret."""

    exit_code: ClassVar[int] = 1

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: the line itself."""
        return [printable(f"{type(self).__name__}: {self}", lines=True)]


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
    """A frozen run is absent, torn, or no longer the bytes that were checked."""


class MigrationError(YsError):
    """The ledger of a store and the migration files disagree."""

    exit_code = 13


class ExpectationFailed(YsError):  # noqa: N818 - about the data, not a fault of the program
    """The data failed a check that a report rests on."""

    exit_code = 14


class SuiteError(ExpectationFailed):
    """A suite file is absent or broken, so its rules are unknown."""


class ReportError(YsError):
    """A notebook, a page or a print failed."""

    exit_code = 15


class FileError(YsError):
    """A file or folder cannot be read or written: a full disk, a read-only folder, a name that is too long."""

    exit_code = 16


def file_error(error: OSError, path: Path | None = None) -> FileError | None:
    """An OSError of the file system as a FileError; None where it is of another kind, such as a network's.

    Args:
        error: As Python, Arrow or Polars raise it; Polars tells the number in its text alone.
        path: What was being read or written, for errors that do not say.

    >>> print(file_error(OSError(errno.ENOSPC, "No space left on device"), Path("run/frames")))
    run/frames: no space left on device; free some space, or name a folder on another disk
    """
    number = error.errno
    if number is None and (in_text := re.search(r"\(os error (\d+)\)|\[Errno (\d+)\]", str(error))):
        number = int(in_text[1] or in_text[2])
    if number not in _ADVICE:
        return None
    subject = path or error.filename
    reason = os.strerror(number)
    return FileError(f"{subject or 'a file, or the output'}: {reason[0].lower()}{reason[1:]}; {_ADVICE[number]}")


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Translate file system errors inside the block into a FileError about `path`.

    Raises:
        FileError: a file or folder cannot be read or written.
    """
    try:
        yield
    except OSError as error:
        translated = file_error(error, path)
        if translated is None:
            raise
        raise translated from error
