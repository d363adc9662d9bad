"""The migration files of a folder: their numbers, their two halves, and what they make.

Knows file names and the text in them; opens no store and holds no ledger.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ys_analytics.errors import MigrationError

# Where the files of this release lie, a folder for each store.
FOLDER = Path(__file__).parent

_NAME = re.compile(r"(?P<version>\d{4})_(?P<what>[a-z0-9]+(?:_[a-z0-9]+)+)\.sql")
_ROLLBACK = "\n-- rollback\n"
_REPLACES = re.compile(r"^-- Replaces: ([0-9a-f]{64})\b", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_CREATES = re.compile(
    r"""
    ^\s*CREATE\s+(?:UNIQUE\s+)?
    (?P<kind>TABLE|TYPE|INDEX|MATERIALIZED\ VIEW|FUNCTION|TRIGGER|ROLE)\s+
    (?:IF\ NOT\ EXISTS\s+)?(?P<name>\w+)
    | ADD\ PROJECTION\ IF\ NOT\ EXISTS\s+(?P<projection>\w+)
    """,
    re.MULTILINE | re.VERBOSE,
)
_DROPS = re.compile(r"\bDROP PROJECTION IF EXISTS (\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedObject:
    """One thing a file makes: a table, an index, a role and so on.

    Attributes:
        kind: What it is, as the SQL says, in lower case.
        name: What it is called.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        """The two words people know it by."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFile:
    """One numbered file: what it does, and what undoes it.

    Attributes:
        version: The four digits its name begins with.
        description: The rest of its name, in words.
        up: The SQL above `-- rollback`.
        rollback: The SQL below it.
        checksum: SHA-256 of the whole text, line ends normalised, in lower-case hex.
        replaces: Checksums of earlier texts of the file, from its lines `-- Replaces:`: a database one of them made is
            as this one would have made it there.
    """

    version: str
    description: str
    up: str
    rollback: str
    checksum: str
    replaces: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name."""
        return file_name(self.version, self.description)

    @property
    def statements(self) -> str:
        """What the file runs: its SQL without comments."""
        return _COMMENT.sub("", self.up)

    def creates(self) -> Iterator[CreatedObject]:
        """Everything the file creates, as its SQL says."""
        for found in _CREATES.finditer(self.statements):
            if found["projection"]:
                yield CreatedObject(kind="projection", name=found["projection"])
            else:
                yield CreatedObject(kind=found["kind"].lower(), name=found["name"])

    def drops(self) -> Iterator[CreatedObject]:
        """Everything of earlier files that the file drops, as its SQL says."""
        for found in _DROPS.finditer(self.statements):
            yield CreatedObject(kind="projection", name=found[1])


def file_name(version: str, description: str) -> str:
    """The name of the file a ledger row came from.

    >>> file_name("0004", "create user api keys")
    '0004_create_user_api_keys.sql'
    """
    return f"{version}_{description.replace(' ', '_')}.sql"


def read_files(folder: Path) -> tuple[MigrationFile, ...]:
    """The migrations of one store, in order.

    Args:
        folder: Holds `NNNN_verb_what.sql` files, numbered from 0001 without gaps.

    Raises:
        MigrationError: a file is misnamed, its number is taken or skipped, or it says nothing of how to undo it.
    """
    files = tuple(_read_file(path) for path in sorted(folder.glob("*.sql")))
    for number, file in enumerate(files, start=1):
        if int(file.version) != number:
            raise MigrationError(
                f"{folder.name}/{file.name} stands where number {number:04} should; number the files without gaps"
            )
    return files


def _read_file(path: Path) -> MigrationFile:
    path_text = f"{path.parent.name}/{path.name}"
    name_match = _NAME.fullmatch(path.name)
    if name_match is None:
        raise MigrationError(f"{path_text} is not named like 0004_create_portfolios.sql; rename it")
    text = path.read_text(encoding="utf-8")
    up, divider, rollback = text.partition(_ROLLBACK)
    if not divider or not rollback.strip():
        raise MigrationError(f"{path_text} has nothing under a line `-- rollback`; say what undoes it")
    return MigrationFile(
        version=name_match["version"],
        description=name_match["what"].replace("_", " "),
        up=up.strip(),
        rollback=rollback.strip(),
        checksum=hashlib.sha256(text.encode()).hexdigest(),
        replaces=tuple(_REPLACES.findall(up)),
    )
