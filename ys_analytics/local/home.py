"""Folders, sockets and accounts of the embedded engines under one home folder.

Knows folders, socket lengths and permissions; starts nothing. A unix socket's path may hold about a
hundred bytes, and a home may be longer or lie where sockets cannot: then the socket goes to the
system's folder for such things, under a name that follows from the home.
"""

import hashlib
import os
import pwd
import re
import socket
import stat
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ys_analytics.errors import StoreError, file_errors

# The longest name a server puts into its socket folder, and the room the kernel leaves a path (macOS: 104).
_LONGEST_FILE_NAME = len("/.s.PGSQL.5432.lock")
_MAX_PATH = 100

# PostgreSQL splits its list of socket folders at commas and spaces; we stay with plain names.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")

# PostgreSQL refuses to run as root; this account exists everywhere, and none is created.
_UNPRIVILEGED_ACCOUNT = "nobody"


@dataclass(frozen=True)
class Home:
    """The folders of the four embedded engines.

    Args:
        path: `settings.home`; need not exist yet.
    """

    path: Path

    @cached_property
    def root(self) -> Path:
        """The home as an absolute path without links, so that two spellings are one home."""
        return self.path.expanduser().resolve()

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's configuration, log and persistence."""
        return self.root / "valkey"

    @property
    def clickhouse(self) -> Path:
        """The folder chDB opens."""
        return self.root / "clickhouse"

    @property
    def qdrant(self) -> Path:
        """The folder Qdrant's local mode opens."""
        return self.root / "qdrant"

    def lock(self, name: str) -> Path:
        """The file that is locked while `name` is being started, stopped or held."""
        return self.root / f"{name}.lock"

    def make(self) -> None:
        """Create the home, for its owner alone.

        Raises:
            StoreError: the folder cannot be created.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot create {self.root}: {error.strerror}; set YS_HOME to a folder of yours"
            ) from error

    def socket_folder(self, name: str, *, owner: int) -> Path:
        """A folder short enough to hold the sockets of server `name`, reachable by `owner` alone.

        Raises:
            StoreError: the folder belongs to another user, or no place is short enough.
        """
        label = hashlib.sha256(f"{self.root}:{name}".encode()).hexdigest()[:12]
        outside = (base / f"ys-{os.getuid()}-{label}" for base in _runtime_folders())
        for folder in (self.root / "run" / name, *outside):
            if _holds_sockets(folder, owner=owner):
                return folder
        raise StoreError(f"no folder is short enough for a socket of {self.root}; set TMPDIR to a short one")


@dataclass(frozen=True, slots=True)
class Account:
    """The system account a server runs as."""

    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """Whether it is the account of this process."""
        return self.uid == os.geteuid()


def unprivileged() -> Account:
    """The account PostgreSQL runs as: this process's, or `nobody` for root.

    Raises:
        StoreError: we are root and there is no such account.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED_ACCOUNT)
    except KeyError:
        raise StoreError(
            "PostgreSQL refuses to run as root and there is no account nobody; use an ordinary user"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def make_passable(folder: Path) -> None:
    """Give other accounts the right to pass (not list) every folder above `folder`; needed as root only.

    Raises:
        StoreError: a folder on the way is shut and is not ours to open.
    """
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if mode & stat.S_IXOTH:
            continue
        try:
            parent.chmod(mode | stat.S_IXOTH)
        except OSError as error:
            raise StoreError(f"PostgreSQL cannot pass {parent}; run: chmod o+x {parent}") from error


def _runtime_folders() -> list[Path]:
    """Folders for sockets: the session's, the temporary one, and /tmp as the shortest."""
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    # root's session folder is shut to the account that PostgreSQL runs as there
    session_folders = [Path(session)] if session and os.geteuid() != 0 and os.access(session, os.W_OK) else []
    return [*session_folders, Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 - a private subfolder, owner checked


def _holds_sockets(folder: Path, *, owner: int) -> bool:
    """Make `folder` private to `owner`; returns whether a socket can be made in it."""
    if len(str(folder)) + _LONGEST_FILE_NAME > _MAX_PATH or not _PLAIN_PATH.fullmatch(str(folder)):
        return False
    _make_private(folder, owner=owner)
    probe = folder / f"probe-{os.getpid()}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(probe))
    except OSError:
        return False
    finally:
        probe.unlink(missing_ok=True)
    return True


def _make_private(folder: Path, *, owner: int) -> None:
    """Create `folder` for `owner` alone; raise where it belongs to another user."""
    with file_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stat_ = folder.lstat()
    if not stat.S_ISDIR(stat_.st_mode) or stat_.st_uid not in {os.geteuid(), owner}:
        raise StoreError(f"{folder} belongs to another user; remove it or set TMPDIR")
    if stat_.st_uid != owner:
        os.chown(folder, owner, -1)
    folder.chmod(0o700)
