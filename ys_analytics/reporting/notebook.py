"""Notebooks with their parameters: read, checked, executed.

Depends on papermill. Does not know a page. A parameter that a notebook does not declare, or of another type, is refused
before anything runs: papermill alone would only log it.
"""

import ast
import copy
import logging
import re
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ys_analytics.errors import ReportError

# The tag of the cell that papermill fills, and what every notebook of a report takes.
TAG = "parameters"
SHARED = ("run", "portfolio_id", "week")

_TYPES = {"str": str, "int": int, "float": float, "bool": bool}
_MAX_CHARACTERS = 300  # characters of a failure that fit a line


def read(path: Path) -> NotebookNode:
    """A notebook from disk.

    Raises:
        ReportError: it is not there, or is no notebook.
    """
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        raise ReportError(f"notebook {path.name} is not in {path.parent.name}/; see reports/weekly.toml") from None
    except Exception as error:  # nbformat raises several kinds, and JSON's own
        raise ReportError(f"{path.name} is no notebook: {str(error).splitlines()[0]}") from error
    return notebook


def parameters(notebook: NotebookNode, *, name: str) -> dict[str, str]:
    """Name and type of every parameter a notebook declares.

    Raises:
        ReportError: it has no cell tagged `parameters`, or one that is not plain typed assignments.
    """
    cells = [cell for cell in notebook.cells if TAG in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ReportError(f"{name} has {len(cells)} cells tagged parameters and must have one")
    declared = {}
    try:
        lines = ast.parse(cells[0].source).body
    except SyntaxError as error:
        raise ReportError(f"{name}: line {error.lineno} of its parameters is no Python") from error
    for line in lines:
        if not (
            isinstance(line, ast.AnnAssign)
            and isinstance(line.target, ast.Name)
            and isinstance(line.annotation, ast.Name)
            and line.value is not None
        ):
            raise ReportError(f"{name}: line {line.lineno} of its parameters is not `name: type = default`")
        declared[line.target.id] = line.annotation.id
    return declared


def check(notebook: NotebookNode, values: Mapping[str, object], *, name: str) -> None:
    """Refuse parameters a notebook does not take.

    Raises:
        ReportError: one is unknown, or of another type.
    """
    declared = parameters(notebook, name=name)
    for parameter, value in values.items():
        if parameter not in declared:
            raise ReportError(f"{name} takes no parameter {parameter!r}; it takes {', '.join(declared)}")
        expected = _TYPES.get(declared[parameter])
        if expected is float and type(value) is int:
            continue
        if expected is None or not isinstance(value, expected) or (type(value) is bool) != (expected is bool):
            raise ReportError(f"{name}: parameter {parameter} is {declared[parameter]}, not {type(value).__name__}")


def execute(notebook: NotebookNode, values: Mapping[str, object]) -> NotebookNode:
    """Run a notebook in this process, by papermill, and give back what it showed.

    The process should be a fresh one, as `execute.Executor` gives it: cells leave behind what they define.

    Args:
        notebook: It is not changed. Where a cell's metadata say its `origin`, an error repeats it.
        values: Its parameters; `check` them first.

    Raises:
        ReportError: a cell failed; the line names the cell and the error.
    """
    from papermill.engines import papermill_engines  # type: ignore[import-untyped]
    from papermill.exceptions import PapermillExecutionError  # type: ignore[import-untyped]
    from papermill.execute import execute_notebook, raise_for_execution_errors  # type: ignore[import-untyped]

    from ys_analytics.reporting import engine

    logging.getLogger("papermill").setLevel(logging.ERROR)
    # In two steps: in one, papermill would write out the whole notebook at the end, also where it has nowhere to write.
    prepared = execute_notebook(
        copy.deepcopy(notebook),
        None,
        parameters=dict(values),
        engine_name=engine.NAME,
        kernel_name="python3",
        language="python",
        prepare_only=True,
    )
    try:
        executed: NotebookNode = papermill_engines.execute_notebook_with_engine(
            engine.NAME, prepared, kernel_name="python3", input_path=None, progress_bar=False, log_output=False
        )
        raise_for_execution_errors(executed, None)
    except PapermillExecutionError as error:
        location = _origin(notebook, error.source) or f"cell {error.cell_index}"
        raise ReportError(f"{location}: {error.ename}: {_one_line(error.evalue)}") from None
    return executed


def _origin(notebook: NotebookNode, source: str) -> str:
    """Where the cell with that source came from."""
    origins = (str(cell.metadata.get("origin", "")) for cell in notebook.cells if cell.source == source)
    return next(origins, "")


def _one_line(text: str) -> str:
    """The text on one line, its colour codes gone."""
    plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
    return plain if len(plain) <= _MAX_CHARACTERS else plain[: _MAX_CHARACTERS - 1] + "…"
