"""Findings as they are written down: the same findings, the same bytes.

Knows `findings.json` and how findings are put in order of gravity; judges nothing.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ys_analytics.errors import RunError
from ys_analytics.schemas import Finding

NAME = "findings.json"
_GRAVITY = {"critical": 0, "warning": 1, "info": 2}


def write(found: Sequence[Finding], folder: Path) -> Path:
    """Write `findings.json` into a run, whole or not at all."""
    path = folder / NAME
    draft = folder / f".{NAME}.{os.getpid()}"
    draft.write_text(to_json(found), encoding="utf-8")
    draft.replace(path)
    return path


def read(folder: Path) -> list[Finding]:
    """The findings of a run.

    Raises:
        RunError: the run was not judged yet, or the file is not what we wrote.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"{folder.name} holds no {NAME}: judge it first with `ys check --run {folder}`")
    try:
        return [Finding.from_json(each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise RunError(
            f"{path.name} of {folder.name} is not a list of findings ({error}); judge the run again"
        ) from error


def to_json(found: Iterable[Finding]) -> str:
    """Findings as JSON text, one finding an entry, names in order."""
    return json.dumps([each.to_json() for each in found], indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def by_gravity(found: Iterable[Finding]) -> list[Finding]:
    """What failed or could not run, the gravest first; order of suites within."""
    broken = [each for each in found if each.outcome != "passed"]
    return sorted(broken, key=lambda each: _GRAVITY[each.severity])
