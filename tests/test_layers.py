"""Data flows one way: import-linter proves the house's picture, and ruff and mypy its finish."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["lint-imports", "--no-cache"], id="each room imports only what stands below it"),
        pytest.param(["ruff", "check", "."], id="ruff finds nothing"),
        pytest.param(["ruff", "format", "--check", "."], id="the formatter would change nothing"),
        pytest.param(["mypy"], id="mypy --strict finds nothing"),
    ],
)
def test_the_tools_find_nothing(command):
    """What a reviewer's tools would say, said first here."""
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
