"""Writes and reads the findings of a run: the same findings give the same bytes, and a seal.

Depends on `findings.json` and its seal. Does not run a rule, so that a page reads findings without Great Expectations.
The seal is written last: findings without one, or with the seal of another run or of other suites, are not of this run.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from ys_analytics.errors import RunError
from ys_analytics.frames import atomic
from ys_analytics.schemas import Finding

NAME = "findings.json"
SEAL = "findings.seal.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The run and the suites that findings are of.

    Attributes:
        run: SHA-256 of the run's manifest, which holds the hash of every frame.
        suites: SHA-256 of the suites, of the declarations they derive from and of the program that runs them.
    """

    run: str
    suites: str


def write(findings: Sequence[Finding], folder: Path, subject: Subject) -> Path:
    """Write `findings.json` into a run, whole or not at all, and then its seal.

    Args:
        findings: The findings of every suite.
        folder: The run.
        subject: What was checked, as `subject` gave it before the first row was read.

    Raises:
        RunError: the run was frozen again meanwhile, so the findings are about another.
    """
    if hash_of(folder / "manifest.json") != subject.run:
        raise RunError(f"{folder.name} was frozen again while it was checked; check it again")
    (folder / SEAL).unlink(missing_ok=True)
    path = _write_whole(folder / NAME, to_json(findings))
    seal = asdict(subject) | {"findings": hash_of(path), "promises": len(findings)}
    _write_whole(folder / SEAL, json.dumps(seal, indent=1, sort_keys=True) + "\n")
    return path


def read(folder: Path) -> list[Finding]:
    """The findings of a run.

    Raises:
        RunError: the run was not checked yet, or the file is not what a whole check of this run wrote.
    """
    path = folder / NAME
    if not path.is_file():
        raise RunError(f"{folder.name} holds no {NAME}: check it first with `ys check --run {folder}`")
    if not is_complete(folder):
        raise RunError(f"{path.name} of {folder.name} is not a whole check of this run: `ys check --run {folder}`")
    try:
        return [Finding.from_json(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise RunError(
            f"{path.name} of {folder.name} is not a list of findings ({error}); check the run again"
        ) from error


def is_complete(folder: Path, subject: Subject | None = None) -> bool:
    """Whether a run holds the findings of a whole check of itself.

    Args:
        folder: The run.
        subject: What they must be about; None accepts those of suites that have changed since.
    """
    try:
        seal = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        same = seal["findings"] == hash_of(folder / NAME) and seal["run"] == hash_of(folder / "manifest.json")
        return same and (subject is None or (seal["run"], seal["suites"]) == (subject.run, subject.suites))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def to_json(findings: Iterable[Finding]) -> str:
    """Findings as JSON text, one finding an entry, names in order."""
    return json.dumps([entry.to_json() for entry in findings], indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _write_whole(path: Path, text: str) -> Path:
    """Write a file whole: on the disk before it has its name."""
    with atomic.write_file(path) as draft, draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return path


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()
