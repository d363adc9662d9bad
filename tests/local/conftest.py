"""Other processes to meet: each runs a few lines, says what it did on stdout and waits for word to go on."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ys_analytics import local
from ys_analytics.settings import Settings

_PREAMBLE = """
import sys
from pathlib import Path
from ys_analytics import local
from ys_analytics.settings import Settings
settings = Settings(_env_file=None, home=Path(sys.argv[1]), wait=30)
def say(what): print(what, flush=True)
def hear(): return sys.stdin.readline().strip()
"""


class Child:
    """A Python process that runs `lines`; `home` and the module `local` are there for it to use."""

    def __init__(self, lines: str, home: Path, **environment: str) -> None:
        """Start it."""
        script = f"{_PREAMBLE}\n{lines}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        self.pid = self.process.pid

    def hear(self) -> str:
        """The next line it says; it has come that far."""
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        return line.strip()

    def tell(self, what: str = "go on") -> None:
        """Let it go on."""
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def end(self) -> tuple[int, str]:
        """Wait for it; its exit code and what it wrote to stderr."""
        _, said = self.process.communicate()
        return self.process.returncode, said

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    """Starts processes, and ends those that a test leaves running."""
    children: list[Child] = []

    def start(lines: str, home: Path, **environment: str) -> Child:
        children.append(Child(lines, home, **environment))
        return children[-1]

    yield start
    for one in children:
        one.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Settings]:
    """A home of this test's own, with nothing in it; its servers are stopped at the end."""
    chosen = Settings(_env_file=None, home=tmp_path / "home", wait=30)
    yield chosen
    local.down(chosen)


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose data folders are there; making them is what takes long."""
    chosen = Settings(_env_file=None, home=tmp_path_factory.mktemp("made") / "home", wait=30)
    local.up(chosen)
    local.down(chosen)
    return chosen


@pytest.fixture
def made(_made: Settings) -> Iterator[Settings]:
    """A home that was up before, with its servers down; they are stopped at the end."""
    yield _made
    local.down(_made)
