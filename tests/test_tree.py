"""What the repository may hold: small files, empty notebooks, no machine's secrets or paths."""

import json
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
LARGEST = 2_000_000  # bytes


def tracked(suffix: str = "") -> list[Path]:
    """Every file git knows, or would if it were added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = [name for name in listed.stdout.split("\0") if name.endswith(suffix)]
    return [PROJECT / name for name in names if name and (PROJECT / name).is_file()]


def test_every_file_is_small():
    """A repository is cloned by everyone; a large file is paid for every time."""
    assert [path.name for path in tracked() if path.stat().st_size > LARGEST] == []


@pytest.mark.parametrize("path", tracked(".ipynb"), ids=lambda path: path.name)
def test_notebooks_are_committed_empty(path):
    """Outputs belong to runs; in the tree they would be yesterday's numbers without a source."""
    cells = json.loads(path.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)


def test_no_file_holds_a_path_an_index_or_a_private_key():
    """No path of one machine, no package index and no private key stand in any text file."""
    trace = re.compile(
        r"/(?:root|home/\w+|Users/\w+)/|(?:test\.)?pypi\." + r"org|--(?:extra-)?index-url|BEGIN [A-Z ]*PRIVATE KEY"
    )
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(PROJECT)}: {hit[0]}" for hit in trace.finditer(text) if path.name != "test_tree.py"
        ]
    assert found == []


def test_the_lock_carries_hashes_and_no_index():
    """Every requirement is pinned to its bytes, and the file says nothing of where they come from."""
    for path in tracked(".lock"):
        text = path.read_text()
        pins = re.findall(r"^[a-z0-9][\w.\-\[\]]*==", text, flags=re.MULTILINE | re.IGNORECASE)
        blocks = re.findall(r"--hash=sha256:[0-9a-f]{64}", text)
        assert pins
        assert len(blocks) >= len(pins)
        assert "index-url" not in text
        assert "://" not in text
