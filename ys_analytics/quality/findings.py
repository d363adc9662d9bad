"""Findings as they are written down: the same findings, the same bytes, and a seal that says what they are about.

Knows `findings.json`, its seal and how findings are put in order of gravity; judges nothing. The seal is written
last: findings without one, or with the seal of another run or of other suites, are no verdict on this run.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from ys_analytics.errors import RunError
from ys_analytics.frames import atomic
from ys_analytics.quality import suites
from ys_analytics.schemas import Finding

NAME = "findings.json"
SEAL = "findings.seal.json"
_GRAVITY = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a verdict is about: which run, by which suites.

    Attributes:
        run: SHA-256 of the run's manifest, which holds the hash of every frame.
        suites: SHA-256 of the suites, of the declarations they derive from and of the program that runs them.
    """

    run: str
    suites: str


def subject(folder: Path, suites_in: Path = suites.FOLDER) -> Subject:
    """What a verdict on a run would be about now.

    Raises:
        RunError: there is no run.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise RunError(f"{folder}: there is no run; make one with `ys freeze --week WEEK`")
    package = Path(__file__).parent.parent
    code = [path for folder in (suites_in, package / "schemas", package / "quality") for path in _modules(folder)]
    promised = sha256()
    for path in code:
        promised.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return Subject(run=_hash(manifest), suites=promised.hexdigest())


def write(found: Sequence[Finding], folder: Path, about: Subject) -> Path:
    """Write `findings.json` into a run, whole or not at all, and then its seal.

    Args:
        found: The findings of a whole verdict.
        folder: The run.
        about: What was judged, as `subject` gave it before the first row was read.

    Raises:
        RunError: the run was frozen again meanwhile, so the findings are about another.
    """
    if _hash(folder / "manifest.json") != about.run:
        raise RunError(f"{folder.name} was frozen again while it was judged; judge it again")
    (folder / SEAL).unlink(missing_ok=True)
    path = _put(folder / NAME, to_json(found))
    seal = asdict(about) | {"findings": _hash(path), "promises": len(found)}
    _put(folder / SEAL, json.dumps(seal, indent=1, sort_keys=True) + "\n")
    return path


def read(folder: Path) -> list[Finding]:
    """The findings of a run.

    Raises:
        RunError: the run was not checked yet, or the file is not what a whole verdict on this run wrote.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"{folder.name} holds no {NAME}: judge it first with `ys check --run {folder}`")
    if not whole(folder):
        raise RunError(f"{path.name} of {folder.name} is not a whole verdict on this run: `ys check --run {folder}`")
    try:
        return [Finding.from_json(each) for each in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise RunError(
            f"{path.name} of {folder.name} is not a list of findings ({error}); judge the run again"
        ) from error


def whole(folder: Path, about: Subject | None = None) -> bool:
    """Whether a run holds the findings of a whole verdict on itself.

    Args:
        folder: The run.
        about: What they must be about; None accepts those of suites that have changed since.
    """
    try:
        seal = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        same = seal["findings"] == _hash(folder / NAME) and seal["run"] == _hash(folder / "manifest.json")
        return same and (about is None or (seal["run"], seal["suites"]) == (about.run, about.suites))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def to_json(found: Iterable[Finding]) -> str:
    """Findings as JSON text, one finding an entry, names in order."""
    return json.dumps([each.to_json() for each in found], indent=1, ensure_ascii=False, sort_keys=True) + "\n"


# The rule that a table can be loaded as what it is declared to be; where it cannot run, the table is what is wrong.
LOADS = "loads as declared"


def by_severity(found: Iterable[Finding]) -> list[Finding]:
    """What failed or could not run, the gravest first; order of suites within."""
    broken = [each for each in found if each.outcome != "passed"]
    return sorted(broken, key=lambda each: _GRAVITY[each.severity])


def _put(path: Path, text: str) -> Path:
    """Write a file whole: on the disk before it has its name."""
    with atomic.draft(path) as draft, draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return path


def _modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
