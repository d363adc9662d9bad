"""Joins notebooks into one, so that a report is executed in one kernel and shows nothing twice.

Depends on cells, tags and headings. Does not execute anything.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from ys_analytics.reporting.notebook import SHARED, TAG, parameters, read

# Tag of a cell that is shown in JupyterLab and not printed.
ON_SCREEN = "on-screen"


def join_notebooks(
    paths: Sequence[Path], notebook_parameters: Mapping[str, Mapping[str, object]] = MappingProxyType({})
) -> NotebookNode:
    """Join notebooks in order; a cell that stands in several is kept where it comes first.

    Each opens a desk and shows a masthead, so that it can be run alone; bound, these stand once. A heading left
    with nothing under it goes too. Each cell remembers where it came from in its metadata. Only the first cell of
    parameters is papermill's to fill; what another notebook takes besides stands as a cell of its own.

    Args:
        paths: Of the notebooks.
        notebook_parameters: What each is given besides the parameters they share, by its file's name.

    Raises:
        ReportError: one is not there, or is no notebook.
    """
    seen: set[str] = set()
    cells: list[NotebookNode] = []
    for index, path in enumerate(paths):
        notebook = read(path)
        for number, cell in enumerate(notebook.cells):
            cell.metadata["origin"] = f"{path.name}, cell {number}"
        _split_parameters(notebook, notebook_parameters.get(path.name, {}), name=path.name)
        if index:
            notebook.cells = [cell for cell in notebook.cells if TAG not in cell.metadata.get("tags", [])]
        for heading, under in _sections(notebook, path):
            kept = [cell for cell in under if not _is_left_out(cell, seen)]
            seen |= {cell.source for cell in kept if cell.cell_type == "code"}
            cells += [*heading, *kept] if kept or not under else []
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
    bound_notebook: NotebookNode = new_notebook(cells=cells, metadata=metadata)  # type: ignore[no-untyped-call]
    return bound_notebook


def _split_parameters(notebook: NotebookNode, values: Mapping[str, object], *, name: str) -> None:
    """Leave only the shared parameters in the cell of parameters, and set the others in a cell below it."""
    declared = parameters(notebook, name=name)
    others = [parameter for parameter in declared if parameter not in SHARED]
    if not others:
        return
    (place,) = [at for at, cell in enumerate(notebook.cells) if TAG in cell.metadata.get("tags", [])]
    cell = notebook.cells[place]
    lines = {line.target.id: line for line in ast.parse(cell.source).body}
    expressions = {
        parameter: repr(values[parameter]) if parameter in values else ast.unparse(lines[parameter].value)
        for parameter in others
    }
    cell.source = "\n".join(ast.unparse(lines[parameter]) for parameter in declared if parameter in SHARED)
    source = "\n".join(f"{parameter}: {declared[parameter]} = {value}" for parameter, value in expressions.items())
    notebook.cells.insert(place + 1, new_code_cell(source))  # type: ignore[no-untyped-call]


def _is_left_out(cell: NotebookNode, seen: set[str]) -> bool:
    return ON_SCREEN in cell.metadata.get("tags", []) or (cell.cell_type == "code" and cell.source in seen)


def _sections(notebook: NotebookNode, path: Path) -> Iterator[tuple[list[NotebookNode], list[NotebookNode]]]:
    """Each heading with the cells under it; what comes before the first has none."""
    heading: list[NotebookNode] = []
    under: list[NotebookNode] = []
    for index, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem}-{index}"
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            yield heading, under
            heading, under = [cell], []
        else:
            under.append(cell)
    yield heading, under
