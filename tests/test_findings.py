"""Each finding is a script of one form, and the table of known behaviours names it; running them is not CI's work."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
FINDINGS = sorted((PROJECT / "findings").iterdir())
TABLE = (PROJECT / "docs" / "known_behaviours.md").read_text()
LOCK = (PROJECT / "requirements.lock").read_text()


def header(script: Path) -> str:
    """The comment at the top of a script, without its marks."""
    lines = script.read_text().splitlines()[1:]
    length = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    return "\n".join(line.removeprefix("#").strip() for line in lines[:length])


def pins(script: Path) -> list[str]:
    """What a script installs, as it is written."""
    (packages,) = re.findall(r"-m pip install ((?:[^\n\\]|\\\n)*)", script.read_text())
    return [word for word in packages.replace("\\\n", " ").split() if not word.startswith("-")]


@pytest.mark.parametrize("script", FINDINGS, ids=lambda path: path.name)
def test_a_finding_is_a_script_that_runs(script: Path) -> None:
    """It can be executed, and bash reads it without an error."""
    assert script.suffix == ".sh"
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    read = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.parametrize("script", FINDINGS, ids=lambda path: path.name)
def test_a_finding_says_what_was_seen_and_how_it_ends(script: Path) -> None:
    """A reader learns from the header with which versions it was seen and what its exit code means."""
    said = header(script)
    assert re.search(r"^Seen with: .*\d+\.\d+", said, flags=re.MULTILINE)
    assert re.search(r"^Exits 0 while .* 1 when it has changed\.$", said, flags=re.MULTILINE)
    assert re.search(r"\bexit[( ]", script.read_text())


@pytest.mark.parametrize("script", FINDINGS, ids=lambda path: path.name)
def test_a_finding_installs_the_versions_of_the_lock(script: Path) -> None:
    """What is seen holds for what the kit installs: a changed pin asks for another look."""
    found = pins(script)
    assert found
    assert [pin for pin in found if not re.search(rf"^{re.escape(pin)}[ \\;]", LOCK, flags=re.MULTILINE)] == []


def test_the_table_lists_every_finding_and_no_other() -> None:
    """One row a script."""
    assert sorted(re.findall(r"findings/([\w-]+\.sh)", TABLE)) == [script.name for script in FINDINGS]


def test_the_guards_and_tests_that_are_named_exist() -> None:
    """A row that names code of the kit or a test is true as long as these are there."""
    said = [TABLE, *(header(script) for script in FINDINGS)]
    for path, name in {pair for text in said for pair in re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", text)}:
        assert (PROJECT / path).is_file(), path
        assert not name or f"def {name}(" in (PROJECT / path).read_text(), f"{path}::{name}"
    for path in {path for text in said for path in re.findall(r"(?<![\w/])((?:\w+/)+\w+\.py)", text)}:
        assert (PROJECT / path).is_file() or (PROJECT / "ys_analytics" / path).is_file(), path
