"""File systems that are small or read-only, made for a test and gone with it."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, *, size: str = "2m") -> Iterator[Path]:
    """A file system in memory of that size."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)):
        pytest.skip("a small file system needs root and the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, *, leave: int = 0) -> None:
    """Leave so many bytes free, in whole pages."""
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as full:
            assert full.errno == errno.ENOSPC  # noqa: PT017 - the loop has no other end
        file.truncate(max(0, file.tell() - leave))


def make_read_only(folder: Path) -> None:
    """Refuse every write from here on."""
    assert _mount("-o", "remount,ro", str(folder)) == 0


def _mount(*words: str) -> int:
    return subprocess.run(["mount", *words], capture_output=True, check=False).returncode
