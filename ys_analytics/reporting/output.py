"""Where printed pages lie, and how they get there whole.

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

from ys_analytics.errors import reaching
from ys_analytics.frames.atomic import unfinished

_SCRATCH = ".printing-"
_LONGEST = 48


def stem(portfolio: str, portfolio_id: str) -> str:
    """The name of a portfolio's files: readable, unique, safe in any file system.

    >>> stem('<script>alert(1)</script> & Söhne "Ω"', "0192f0c1-0000-0000-0000-000000000000")
    'script-alert-1-script-sohne-0192f0c1'
    """
    plain = unicodedata.normalize("NFKD", portfolio).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-")
    return f"{slug or 'portfolio'}-{portfolio_id[:8]}"


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder beside the pages for what is not whole yet; what dead processes left is swept first."""
    with reaching(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_SCRATCH}*"):
        owner = left.name.removeprefix(_SCRATCH).split("-")[0]
        if not (owner.isdigit() and psutil.pid_exists(int(owner))):
            shutil.rmtree(left, ignore_errors=True)
    with reaching(folder):
        made = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}{os.getpid()}-", dir=folder))
    with unfinished(made):
        yield made


def put(files: Mapping[Path, bytes], *, through: Path) -> None:
    """Write files and move them into place, the last one last: its presence says that all are there."""
    for target, content in files.items():
        waiting = through / target.name
        with reaching(target), waiting.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    for target in files:
        with reaching(target):
            (through / target.name).replace(target)
