"""What a notebook may hold: few-line cells that name things and show them, and no output."""

import ast
import json
from pathlib import Path

import pytest

from ys_analytics.cli.lab import KERNEL

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").rglob("*.ipynb"))
EXPLORING = {path for path in NOTEBOOKS if path.parent.name in {"explore", "templates"}}
REFUSED = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.If,
    ast.Try,
    ast.Lambda,
    ast.With,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
    ast.GeneratorExp,
)


def code(path):
    """Source of each code cell, the one tagged `parameters` first among equals."""
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_parameters_are_typed_and_commented(path):
    """Anyone who runs it sees what to give and in which form; the runner can check it."""
    tagged = [cell for cell in code(path) if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    for line in source(tagged[0]).splitlines():
        (statement,) = ast.parse(line).body
        assert isinstance(statement, ast.AnnAssign), line
        assert " # " in line, line


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_name_things_and_show_them(path):
    """Logic lives in the package, where it is tested; a notebook is a table of contents."""
    for cell in code(path):
        text = source(cell)
        tree = ast.parse(text)
        assert len(text.splitlines()) <= 12, text
        assert not [node for node in ast.walk(tree) if isinstance(node, REFUSED)], text
        imported = {
            (node.names[0].name if isinstance(node, ast.Import) else node.module)
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        allowed = {"ys_analytics", "polars"} if path in EXPLORING else {"ys_analytics"}
        assert imported <= allowed, text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_and_no_count_is_committed(path):
    """A number in the repository would be one that no one can reproduce."""
    notebook = json.loads(path.read_text())
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code(path))
    assert notebook["metadata"]["kernelspec"]["name"] == KERNEL


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_heading_is_followed_by_something(path):
    """A reader of headings alone knows what is shown; every one is followed by something."""
    cells = json.loads(path.read_text())["cells"]
    assert any(cell["cell_type"] == "markdown" for cell in cells)
    assert cells[-1]["cell_type"] == "code"
