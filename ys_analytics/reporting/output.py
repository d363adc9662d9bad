"""Names and folders of printed pages, and how files are put there complete.

Depends on names and renames. Does not know what is printed. A page is written to a folder of its own and moved into
place by rename, so that a reader sees all of a file or none of it.
"""

import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from ys_analytics.errors import file_errors
from ys_analytics.frames.atomic import unfinished

_SCRATCH, _READY = ".printing-", "ready-"
_MAX_STEM = 48


def stem(portfolio: str, portfolio_id: str) -> str:
    """The name of a portfolio's files: readable, unique, safe in any file system.

    >>> stem('<script>alert(1)</script> & Söhne "Ω"', "0192f0c1-0000-0000-0000-000000000000")
    'script-alert-1-script-sohne-0192f0c1'
    """
    plain = unicodedata.normalize("NFKD", portfolio).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_STEM].strip("-")
    return f"{slug or 'portfolio'}-{portfolio_id[:8]}"


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder next to the pages for files that are not complete yet.

    Files of a dead process are moved into place where all of a page was written, and removed otherwise.
    """
    with file_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(f"{_SCRATCH}*"):
        owner = leftover.name.removeprefix(_SCRATCH).split("-")[0]
        if not (owner.isdigit() and psutil.pid_exists(int(owner))):
            for ready in sorted(leftover.glob(f"{_READY}*")):
                _move(ready, folder)
            shutil.rmtree(leftover, ignore_errors=True)
    with file_errors(folder):
        created = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}{os.getpid()}-", dir=folder))
    with unfinished(created):
        yield created


def put(files: Mapping[Path, bytes], *, folder: Path, staging: Path) -> None:
    """Write the files of a page and move them into place: all of them, or after a crash by the next `scratch`.

    Args:
        files: Content of each, in or below `folder`; the last is moved last.
        folder: Of the pages.
        staging: A folder of `scratch`.

    Raises:
        FileError: one cannot be written; none is in place then.
    """
    with file_errors(folder):
        unfinished_folder = Path(tempfile.mkdtemp(prefix="writing-", dir=staging))
    for index, (target, content) in enumerate(files.items()):
        staged = unfinished_folder / f"{index}" / target.relative_to(folder)
        with file_errors(target):
            staged.parent.mkdir(parents=True)
            with staged.open("wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
    with file_errors(folder):
        ready = unfinished_folder.rename(staging / unfinished_folder.name.replace("writing-", _READY))
        _move(ready, folder)


def _move(ready: Path, folder: Path) -> None:
    """Move what is left of a page into place, in the order in which it was written."""
    for subfolder in sorted(ready.iterdir()):
        for staged in [path for path in subfolder.rglob("*") if path.is_file()]:
            target = folder / staged.relative_to(subfolder)
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(target)
    shutil.rmtree(ready, ignore_errors=True)
