"""The manifest of a run: for each frame its source, query, rows, types, hash and proof.

Depends on the form of `manifest.json`. Does not know a store. Two freezes of the same rows at the same as-of give the
same text.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from ys_analytics.errors import RunError, UsageError
from ys_analytics.resources import CHECKOUT
from ys_analytics.schemas import Week

# How many of the runs next to a missing one its error names.
_MAX_NAMED = 5

# The form of the file itself; a reader of another form is refused.
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRecord:
    """One frozen frame.

    Attributes:
        store: Where it came from.
        file: Its file, relative to the run's folder.
        query: The statement, or the key pattern or collection, that was asked.
        parameters: The values the statement names, as text.
        rows: How many rows the file holds.
        bytes: The size of the file.
        sha256: The hash of the file.
        latest: The last moment in the table's time column; None without rows or without time.
        columns: Name and type of each column.
        duplicates: Exact duplicates that were dropped.
        proof: Each measure, in the store and in the frame.
    """

    store: str
    file: str
    query: str
    parameters: Mapping[str, str]
    rows: int
    bytes: int
    sha256: str
    latest: datetime | None
    columns: Mapping[str, str]
    duplicates: int
    proof: Sequence[Mapping[str, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The record of a run: when, from what and with which program it was made, and its frames.

    Attributes:
        week: The ISO week.
        as_of: The moment the freeze was asked for; nothing else reads the clock.
        git_commit: Commit of the program; empty outside a checkout.
        kit_version: Version of the program.
        schema_version: The last migration of each store.
        frames: Each frame by table name.
        counted: How many keys each secret family held.
        replica_lag: Seconds that the PostgreSQL that was read was behind its primary; None where it was no replica,
            or where that is not known.
        postgres_source: Which PostgreSQL was read: the primary, a replica with its lag, or the primary and why.
    """

    week: Week
    as_of: datetime
    git_commit: str
    kit_version: str
    schema_version: Mapping[str, str]
    frames: Mapping[str, FrameRecord]
    counted: Mapping[str, int] = field(default_factory=dict)
    replica_lag: float | None = None
    postgres_source: str = ""

    def to_text(self) -> str:
        """The manifest as `manifest.json` holds it."""
        return (
            json.dumps({"format": FORMAT, **asdict(self)}, indent=2, ensure_ascii=False, default=_json_default) + "\n"
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """The manifest of a run.

        Raises:
            RunError: there is none, it is not whole, or it is of another form.
        """
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            version_number = document.pop("format")
            if version_number != FORMAT:
                raise RunError(
                    f"{path}: written in form {version_number}, this program reads {FORMAT}; freeze the week again"
                )
            records = {name: _record(record) for name, record in document.pop("frames").items()}
            week = Week(document.pop("week"))
            return cls(week=week, frames=records, as_of=datetime.fromisoformat(document.pop("as_of")), **document)
        except FileNotFoundError:
            others = sorted(manifest.parent.name for manifest in path.parent.parent.glob("*/manifest.json"))
            others_text = f"; there are runs of {', '.join(others[-_MAX_NAMED:])}" if others else ""
            raise RunError(
                f"{path.parent}: there is no run; make one with `ys freeze --week WEEK`{others_text}"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
            raise RunError(f"{path}: not a whole manifest ({type(error).__name__}); freeze the week again") from error


def git_commit(checkout: Path | None = CHECKOUT) -> str:
    """The commit this program runs from, marked `-dirty` where files differ from it; empty outside a checkout.

    Args:
        checkout: The folder of the checkout. A folder inside another repository, as an installed kit or an
            unpacked archive may be, has no commit of ours.
    """
    if checkout is None:
        return ""
    try:
        if Path(_git(checkout, "rev-parse", "--show-toplevel")).resolve() != checkout.resolve():
            return ""
        commit = _git(checkout, "rev-parse", "HEAD")
        return f"{commit}-dirty" if _git(checkout, "status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.CalledProcessError):
        return ""


def kit_version() -> str:
    """The version of this program."""
    return version("ys-analytics")


def _git(checkout: Path, *words: str) -> str:
    completed = subprocess.run(["git", *words], cwd=checkout, capture_output=True, text=True, check=True)  # noqa: S603, S607 - our own words
    return completed.stdout.strip()


def _record(document: dict[str, Any]) -> FrameRecord:
    latest = document.pop("latest")
    return FrameRecord(latest=None if latest is None else datetime.fromisoformat(latest), **document)


def _json_default(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a manifest")
