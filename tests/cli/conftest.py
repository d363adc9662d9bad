"""A home of its own for the command: started, migrated and filled by the command itself."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

YS = Path(sys.executable).parent / "ys"


@dataclass(frozen=True)
class Shell:
    """The command `ys` as a person types it, in a home and an output folder of its own.

    Attributes:
        home: Where both are.
        runner: The process that runs the commands, a `running.Runner`.
    """

    home: Path
    runner: Any

    @property
    def environment(self) -> dict[str, str]:
        """What the command sees: nothing of this machine's own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("YS_")}
        return kept | {
            "YS_ENV_FILE": os.devnull,
            "YS_HOME": str(self.home / "stores"),
            "YS_OUT": str(self.home / "out"),
            "COLUMNS": "160",
        }

    def __call__(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        environment = self.environment | settings
        if "YS_ENV_FILE" in settings:  # read when the kit is imported
            return subprocess.run(
                [YS, *words], env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
        return self.runner(*words, environment=environment)

    def program(self, source: str, *words: str) -> None:
        """Run a Python program over the same home; it must end well."""
        done = self.runner.program(source, *words, environment=self.environment)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def bare(tmp_path_factory, new_runner) -> Shell:
    """The command on a machine where nothing was ever started."""
    return Shell(tmp_path_factory.mktemp("bare"), new_runner())


@pytest.fixture(scope="session")
def ys(new_runner) -> Iterator[Shell]:
    """The command on filled stores: `up`, `migrate up` and `demo` have run, as `make report` runs them.

    Not under pytest's own folder: as root, PostgreSQL runs as another user, whom that folder locks out
    whenever a second pytest begins.
    """
    home = Path(tempfile.mkdtemp(prefix="ys-cli-"))
    shell = Shell(home, new_runner())
    for words in (["up"], ["migrate", "up"], ["demo", "--portfolios", "12", "--days", "120"]):
        done = shell(*words)
        assert done.returncode == 0, done.stderr
    yield shell
    shell("down")
    shutil.rmtree(home)
