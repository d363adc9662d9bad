"""A papermill engine that executes cells in this process, with IPython's own shell and no kernel.

Depends on papermill and IPython. Does not know reports. The process should be a fresh one: cells leave behind what they
define. Outputs are those that a kernel sends: streams, shown values, results and errors, in their order.
"""

import base64
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from io import TextIOBase
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from papermill.engines import Engine, papermill_engines  # type: ignore[import-untyped]

NAME = "ys-in-process"

# A cell with this tag may fail, as in every notebook tool.
_MAY_FAIL = "raises-exception"


class _Outputs:
    """The outputs of the cell that runs."""

    def __init__(self) -> None:
        self.cell: list[NotebookNode] = []
        self.cleared = False  # by the next output

    def add(self, kind: str, **parts: object) -> NotebookNode:
        """One more output; all of them are validated at once where the notebook is read."""
        if self.cleared:
            self.cell.clear()
            self.cleared = False
        # The numbers of a view are plain JSON: made into nodes as well, they took longer than the cell.
        nodes = {
            name: NotebookNode(part) if isinstance(part, dict) else part  # type: ignore[no-untyped-call]
            for name, part in parts.items()
        }
        output = NotebookNode(output_type=kind, **nodes)  # type: ignore[no-untyped-call]
        self.cell.append(output)
        return output

    def write(self, name: str, text: str) -> None:
        """Text on a stream: one output for what follows one another."""
        last = self.cell[-1] if self.cell and not self.cleared else None
        if last is not None and last.output_type == "stream" and last.name == name:
            last.text += text
        else:
            self.add("stream", name=name, text=text)


OUTPUTS = _Outputs()


class _Stream(TextIOBase):
    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, text: str) -> int:
        if text:
            OUTPUTS.write(self._name, text)
        return len(text)

    def writable(self) -> bool:
        return True


class _Publisher(DisplayPublisher):
    """Takes what `display` shows."""

    def publish(  # type: ignore[override]
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_ignored: object,
    ) -> None:
        """Show it, or put it in the place of what has its id."""
        display_id = (transient or {}).get("display_id")
        content = {"data": _to_json(data), "metadata": _to_json(metadata or {})}
        if update:
            for output in OUTPUTS.cell:
                if display_id is not None and output.get("_display_id") == display_id:
                    output.data, output.metadata = content["data"], content["metadata"]
            return
        output = OUTPUTS.add("display_data", **content)
        if display_id is not None:
            output["_display_id"] = display_id

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 - IPython's own signature
        """Forget what the cell showed: at once, or when it shows something new."""
        OUTPUTS.cleared = True
        if not wait:
            OUTPUTS.cell.clear()
            OUTPUTS.cleared = False


class _Hook(DisplayHook):
    """Takes the value a cell ends with."""

    def write_output_prompt(self) -> None:
        """No prompt."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        """Keep it as the cell's result."""
        count = self.prompt_count
        OUTPUTS.add(
            "execute_result", data=_to_json(format_dict), metadata=_to_json(md_dict or {}), execution_count=count
        )

    def finish_displayhook(self) -> None:
        """Nothing to flush."""


class _Shell(InteractiveShell):
    """IPython's shell, whose outputs are kept."""

    def init_history(self) -> None:
        """No history: it would open a database and a thread."""
        from IPython.core.history import HistoryManager

        HistoryManager.enabled = False  # type: ignore[assignment]
        super().init_history()  # type: ignore[no-untyped-call]

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        OUTPUTS.add("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb))

    def system(self, command: str) -> None:
        """What `!command` prints, as text of the cell."""
        self.system_piped(command)  # type: ignore[no-untyped-call]


@cache
def shell() -> InteractiveShell:
    """This process's shell."""
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    shell_instance = _Shell.instance(
        colors="nocolor", display_pub_class=_Publisher, displayhook_class=_Hook, autocall=0
    )
    formatter = shell_instance.display_formatter
    if formatter is not None:
        formatter.active_types = formatter.format_types
    return shell_instance


class InProcess(Engine):  # type: ignore[misc]
    """Cells executed one after another in the shell of this process; the first that fails is the last."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_options: object) -> None:  # noqa: ARG003
        """Execute them.

        Args:
            nb_man: Papermill's manager of the notebook.
            kernel_name: Not used: there is no kernel.
        """
        active_shell = shell()
        with _capture_output():
            for index, cell in enumerate(nb_man.nb.cells):
                nb_man.cell_start(cell, index)
                failed = cell.cell_type == "code" and bool(cell.source.strip()) and _execute(active_shell, cell)
                if failed:
                    nb_man.cell_exception(cell, cell_index=index)
                nb_man.cell_complete(cell, cell_index=index)
                if failed:
                    break


def _execute(active_shell: InteractiveShell, cell: NotebookNode) -> bool:
    """Run one cell and keep what it shows; whether it failed."""
    OUTPUTS.cell, OUTPUTS.cleared = [], False
    result = active_shell.run_cell(cell.source, store_history=True, cell_id=cell.get("id"))  # type: ignore[no-untyped-call]
    cell.execution_count = result.execution_count
    for output in OUTPUTS.cell:
        output.pop("_display_id", None)
    cell.outputs = OUTPUTS.cell
    return not result.success and _MAY_FAIL not in cell.metadata.get("tags", [])


@contextmanager
def _capture_output() -> Iterator[None]:
    hook = sys.displayhook
    with redirect_stdout(_Stream("stdout")), redirect_stderr(_Stream("stderr")):
        try:
            yield
        finally:
            sys.displayhook = hook


def _to_json(bundle: dict[str, Any]) -> Any:
    """A bundle as it is after a journey through a kernel's wire: plain JSON, bytes in base 64."""
    encoded = {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value for name, value in bundle.items()
    }
    return json.loads(json.dumps(encoded, default=str))


papermill_engines.register(NAME, InProcess)
