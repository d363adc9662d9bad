"""Notebooks with their parameters: read, checked, executed.

Knows papermill and kernels; knows no page. A parameter that a notebook does not
declare, or of another type, is refused before a kernel starts: papermill alone
would only log it.
"""

import ast
import copy
import logging
import re
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode

from ys_analytics.errors import ReportError

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

_TYPES = {"str": str, "int": int, "float": float, "bool": bool}
_PATIENCE = 300  # seconds a cell may take
_SHORT = 300  # characters of a failure that fit a line


def read(path: Path) -> NotebookNode:
    """A notebook from disk.

    Raises:
        ReportError: it is not there, or is no notebook.
    """
    try:
        found: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        raise ReportError(f"notebook {path.name} is not in {path.parent.name}/; see reports/weekly.toml") from None
    except Exception as error:  # nbformat raises several kinds, and JSON's own
        raise ReportError(f"{path.name} is no notebook: {str(error).splitlines()[0]}") from error
    return found


def parameters(notebook: NotebookNode, *, name: str) -> dict[str, str]:
    """Name and type of every parameter a notebook declares.

    Raises:
        ReportError: it has no cell tagged `parameters`, or one that is not plain typed assignments.
    """
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ReportError(f"{name} has {len(cells)} cells tagged parameters and must have one")
    declared = {}
    for line in ast.parse(cells[0].source).body:
        if not (
            isinstance(line, ast.AnnAssign)
            and isinstance(line.target, ast.Name)
            and isinstance(line.annotation, ast.Name)
        ):
            raise ReportError(f"{name}: line {line.lineno} of its parameters is not `name: type = default`")
        declared[line.target.id] = line.annotation.id
    return declared


def check(notebook: NotebookNode, given: Mapping[str, object], *, name: str) -> None:
    """Refuse parameters a notebook does not take.

    Raises:
        ReportError: one is unknown, or of another type.
    """
    declared = parameters(notebook, name=name)
    for word, value in given.items():
        if word not in declared:
            raise ReportError(f"{name} takes no parameter {word!r}; it takes {', '.join(declared)}")
        expected = _TYPES.get(declared[word])
        if expected is None or type(value) is not expected:
            raise ReportError(f"{name}: parameter {word} is {declared[word]}, not {type(value).__name__}")


def execute(
    notebook: NotebookNode,
    given: Mapping[str, object],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> NotebookNode:
    """Run a notebook in a kernel of its own and give back what it showed.

    Args:
        notebook: It is not changed. Where a cell's metadata say its `origin`, an error repeats it.
        given: Its parameters; `check` them first.
        folder: In which the kernel runs.
        environment: Variables the kernel sees besides this process's.

    Raises:
        ReportError: a cell failed; the line names the cell and the error.
    """
    from ys_analytics.reporting.kernel import QuietKernel

    # A thread of its own: papermill wants an event loop to itself, and a caller may have one running.
    with tempfile.TemporaryDirectory(prefix="ys-kernel-") as sockets, ThreadPoolExecutor(max_workers=1) as aside:
        manager = QuietKernel.in_folder(Path(sockets), environment or {})
        return aside.submit(_run, notebook, given, folder, manager).result()


def _run(
    notebook: NotebookNode, given: Mapping[str, object], folder: Path, manager: "type[AsyncKernelManager]"
) -> NotebookNode:
    from jupyter_core.utils import ensure_event_loop
    from papermill import execute_notebook  # type: ignore[import-untyped]
    from papermill.exceptions import PapermillExecutionError  # type: ignore[import-untyped]

    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        executed: NotebookNode = execute_notebook(
            copy.deepcopy(notebook),
            None,
            parameters=dict(given),
            kernel_name="python3",
            progress_bar=False,
            log_output=False,
            execution_timeout=_PATIENCE,
            cwd=str(folder),
            kernel_manager_class=manager,
            extra_arguments=["--log-level=CRITICAL"],
        )
    except PapermillExecutionError as error:
        place = _origin(notebook, error.source) or f"cell {error.cell_index}"
        raise ReportError(f"{place}: {error.ename}: {_one_line(error.evalue)}") from error
    except Exception as error:  # a kernel that dies or hangs raises one of several kinds
        raise ReportError(f"the notebooks could not be executed: {_one_line(str(error))}") from error
    finally:
        ensure_event_loop().close()
    return executed


def _origin(notebook: NotebookNode, source: str) -> str:
    """Where the cell with that source came from."""
    found = (str(cell.metadata.get("origin", "")) for cell in notebook.cells if cell.source == source)
    return next(found, "")


def _one_line(text: str) -> str:
    """The text on one line, its colour codes gone."""
    plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
    return plain if len(plain) <= _SHORT else plain[: _SHORT - 1] + "…"
