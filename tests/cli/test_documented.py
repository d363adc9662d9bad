"""What the documentation tells a reader to type works as it is printed, on filled stores and a frozen week."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
WEEK = "2026-W47"

# A fenced block of Python or of the shell, and the comment on the line above it.
BLOCK = re.compile(
    r"(?:^<!-- (?P<said>.+?) -->\n)?^```(?P<language>python|sh)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


def blocks(path: Path) -> list[tuple[str, str, str]]:
    """What is said above each block, its language and its text."""
    return [(one["said"] or "", one["language"], one["text"]) for one in BLOCK.finditer(path.read_text())]


RUNNABLE = [
    pytest.param(language, text, id=f"{path.name}-{place}-{language}")
    for path in PAGES
    for place, (said, language, text) in enumerate(blocks(path), start=1)
    if said == "run"
]


@pytest.fixture(scope="module")
def desktop(ys, tmp_path_factory):
    """A folder in which `reports/out` holds the frozen week, as a checkout has it."""
    done = ys("freeze", "--week", WEEK)
    assert done.returncode == 0, done.stderr
    folder = tmp_path_factory.mktemp("desktop")
    (folder / "reports").mkdir()
    (folder / "reports" / "out").symlink_to(ys.home / "out")
    return folder


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_block_is_run_or_says_why_not(path):
    """A block without a word above it would be a promise that nobody keeps."""
    silent = [text for said, _, text in blocks(path) if said != "run" and not re.match(r"not run: \w.{15,}", said)]
    assert silent == []


@pytest.mark.parametrize(("language", "text"), RUNNABLE)
def test_a_block_runs_as_it_is_printed(ys, desktop, language, text):
    """Copied from the page into a terminal or a notebook, it ends without an error."""
    words = [sys.executable, "-c", text] if language == "python" else ["bash", "-euc", text]
    found = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=desktop, env=ys.environment | {"PATH": found}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]


def test_blocks_are_found():
    """The pages do hold blocks that run, in both languages."""
    assert {param.values[0] for param in RUNNABLE} == {"python", "sh"}
