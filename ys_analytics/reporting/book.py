"""Notebooks bound into one, so that a report is executed in one kernel and says nothing twice.

Knows cells, tags and headings; executes nothing.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from ys_analytics.reporting.notebook import read

# A cell that is worth a look in JupyterLab and not worth paper.
ON_SCREEN = "on-screen"


def bind(paths: Sequence[Path]) -> NotebookNode:
    """Notebooks as one, in order: what stands in several stands where it comes first.

    Each opens a desk and shows a masthead, so that it can be run alone; bound, these stand once. A heading left
    with nothing under it goes too. Each cell remembers where it came from in its metadata.

    Raises:
        ReportError: one is not there, or is no notebook.
    """
    seen: set[str] = set()
    cells: list[NotebookNode] = []
    for path in paths:
        for heading, under in _sections(read(path), path):
            kept = [cell for cell in under if not _left_out(cell, seen)]
            seen |= {cell.source for cell in kept if cell.cell_type == "code"}
            cells += [*heading, *kept] if kept or not under else []
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}
    bound: NotebookNode = new_notebook(cells=cells, metadata=metadata)  # type: ignore[no-untyped-call]
    return bound


def _left_out(cell: NotebookNode, seen: set[str]) -> bool:
    return ON_SCREEN in cell.metadata.get("tags", []) or (cell.cell_type == "code" and cell.source in seen)


def _sections(notebook: NotebookNode, path: Path) -> Iterator[tuple[list[NotebookNode], list[NotebookNode]]]:
    """Each heading with the cells under it; what comes before the first has none."""
    heading: list[NotebookNode] = []
    under: list[NotebookNode] = []
    for place, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem}-{place}"
        cell.metadata["origin"] = f"{path.name}, cell {place}"
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            yield heading, under
            heading, under = [cell], []
        else:
            under.append(cell)
    yield heading, under
