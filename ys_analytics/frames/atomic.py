"""Atomic writes: a reader finds the old file or folder or the new one, never half of each.

Depends on renames and locks. Does not know what is written.
"""

import ctypes
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from ys_analytics.errors import file_errors

_AT_FDCWD = -100  # AT_FDCWD
_RENAME_EXCHANGE = 2  # RENAME_EXCHANGE

# What this process is writing and has not finished.
_unfinished: set[Path] = set()


@contextmanager
def unfinished(path: Path) -> Iterator[None]:
    """A file or folder that is not whole for the length of a block, and is gone after it."""
    _unfinished.add(path)
    try:
        yield
    finally:
        discard(path)
        _unfinished.discard(path)


def discard_unfinished() -> None:
    """Remove all that is not whole, for a process that ends without leaving its blocks."""
    for path in tuple(_unfinished):
        discard(path)


def discard(path: Path) -> None:
    """Remove a file or a folder; nothing happens where it is gone."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def write_folder(final: Path) -> Iterator[Path]:
    """An empty folder next to `final` that takes its place when the block ends well, and vanishes otherwise.

    Folders of a process that was killed are removed by the next. Two processes may work at once; the one
    that ends last is the one that stays.
    """
    parent = final.parent
    token = f".{final.name}.{uuid4().hex[:12]}"
    own_lock, folder = FileLock(parent / f"{token}.lock"), parent / f"{token}.tmp"
    with file_errors(final):
        parent.mkdir(parents=True, exist_ok=True)
        with FileLock(parent / ".runs.lock"):
            _remove_abandoned(parent)
            own_lock.acquire()
        try:
            with unfinished(Path(own_lock.lock_file)), unfinished(folder):
                folder.mkdir()
                yield folder
                _sync_folders(folder)
                replace(folder, final)
        finally:
            own_lock.release()


@contextmanager
def write_file(final: Path) -> Iterator[Path]:
    """A name next to `final` for a file that takes its place when the block ends well, and vanishes otherwise."""
    path = final.with_name(f".{uuid4().hex[:12]}.tmp")  # no longer than the name it is to have
    with file_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        with unfinished(path):
            yield path
            path.replace(final)
            _sync(final.parent)


def replace(new: Path, final: Path) -> None:
    """Put `new` where `final` is or was; what was there is removed afterwards.

    With an exchange of names, which Linux offers, there is no moment without a run. Elsewhere there is one
    between two renames; `restore` repairs it if the process dies there.
    """
    if final.exists() and not _swap_names(new, final):
        old = final.with_name(f".{final.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        final.rename(old)
        new.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    elif new.exists() and not final.exists():
        new.rename(final)
    _sync(final.parent)


def restore(final: Path) -> None:
    """Bring back the run that a process took away and died before it put the next one there."""
    old = final.with_name(f".{final.name}.old")
    if old.is_dir() and not final.exists():
        old.rename(final)


def _swap_names(first: Path, second: Path) -> bool:
    """Swap two names in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # a C library older than the call
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0)


def _remove_abandoned(parent: Path) -> None:
    """Remove what killed processes left: a folder whose lock no process holds."""
    for path in parent.glob(".*.lock"):
        if path.name == ".runs.lock":
            continue
        lock = FileLock(path)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        shutil.rmtree(path.with_suffix(".tmp"), ignore_errors=True)
        lock.release()
        path.unlink(missing_ok=True)


def _sync_folders(folder: Path) -> None:
    """Have every name in the folder on the disk before the folder gets its own."""
    for path in (folder, *(entry for entry in folder.rglob("*") if entry.is_dir())):
        _sync(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
