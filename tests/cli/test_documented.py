"""What the documentation tells a reader to type works as it is printed, on filled stores and a frozen week."""

import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from .typed import typed

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md"))]
WEEK = "2026-W47"

# A fenced block of Python or of the shell, and the comment on the line above it; both may be indented in a list.
BLOCK = re.compile(
    r"(?:^ *<!-- (?P<said>.+?) -->\n)?^(?P<indent> *)```(?P<language>python|sh)\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)

# Runs blocks of Python one after the other, as the cells of a notebook: a folder of names a page, one process for all.
INTERPRETER = """
import json, sys, traceback
pages = {}
for line in sys.stdin:
    page, text = json.loads(line)
    try:
        exec(compile(text, page, "exec"), pages.setdefault(page, {}))
        said = ""
    except BaseException:
        said = traceback.format_exc()
    print(json.dumps(said), flush=True)
"""


def blocks(path: Path) -> list[tuple[str, str, str]]:
    """What is said above each block, its language and its text."""
    return [
        (one["said"] or "", one["language"], textwrap.dedent(one["text"])) for one in BLOCK.finditer(path.read_text())
    ]


# Pages that `make test-servers` runs, for their time alone.
_LONG = ("docs/how_to/restore_a_past_week.md",)
RUNNABLE = {
    path.relative_to(PROJECT).as_posix(): [(language, text) for said, language, text in blocks(path) if said == "run"]
    for path in PAGES
}


@pytest.fixture(scope="module")
def desktop(ys, tmp_path_factory):
    """A folder in which `reports/out` holds the frozen week, as a checkout has it."""
    done = ys("freeze", "--week", WEEK)
    assert done.returncode == 0, done.stderr
    folder = tmp_path_factory.mktemp("desktop")
    (folder / "reports").mkdir()
    (folder / "reports" / "out").symlink_to(ys.home / "out")
    return folder


@pytest.fixture(scope="module")
def environment(ys):
    """What a terminal of the reader has: the commands of this environment first, `ys` in a process that stays."""
    with tempfile.TemporaryDirectory(prefix="ys-typed-") as made, typed(ys.runner, Path(made) / "bin") as folder:
        path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
        yield ys.environment | {"PATH": path}


@pytest.fixture(scope="module")
def interpreter(desktop, environment):
    """Run a block of Python of a page; returns the traceback, empty when it went well."""
    process = subprocess.Popen(
        [sys.executable, "-c", INTERPRETER],
        cwd=desktop, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def run(page, text):
        process.stdin.write(json.dumps([page, text]) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield run
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_every_block_is_run_or_says_why_not(path):
    """A block without a word above it would be a claim that is never tested."""
    silent = [text for said, _, text in blocks(path) if said != "run" and not re.match(r"not run: \w.{15,}", said)]
    assert silent == []


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.servers] if page in _LONG else [])
        for page, found in RUNNABLE.items()
        if found
    ],
)
def test_the_blocks_of_a_page_run_in_order(desktop, environment, interpreter, page):
    """Copied from the page into a terminal and a notebook, one after the other, each ends without an error."""
    for language, text in RUNNABLE[page]:
        if language == "python":
            assert interpreter(page, text) == ""
        else:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", text],
                cwd=desktop, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, text + done.stdout[-1000:] + done.stderr[-2000:]


def test_blocks_are_found():
    """The pages do hold blocks that run, in both languages."""
    assert {language for found in RUNNABLE.values() for language, _ in found} == {"python", "sh"}
