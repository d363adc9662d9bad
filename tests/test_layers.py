"""Data flows one way: import-linter proves the drawn layers, and ruff and mypy its finish."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "ys_analytics"
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
def test_linters_and_import_contracts_find_nothing(command):
    """What a reviewer's tools would say, said first here."""
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.parametrize("package", ["desk", "metrics", "views"])
def test_groups_keep_the_order_of_their_rows(package):
    """What is added up over groups in an order of chance differs in its last digit from run to run."""
    unordered = [
        f"{path.relative_to(PACKAGE)}:{call.lineno}"
        for path in (PACKAGE / package).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "group_by"
        and not any(keyword.arg == "maintain_order" for keyword in call.keywords)
    ]
    assert unordered == []
