"""Settings of a running notebook: display of frames, errors in one line, completion of names.

Depends on IPython where it is loaded. Does nothing elsewhere, and leaves settings that an analyst made.
"""

import sys
from types import TracebackType
from typing import Any

import polars as pl

from ys_analytics.errors import YsError
from ys_analytics.views.error_lines import error_line
from ys_analytics.views.frame_display import frame_html

_ONE_LINE_ERRORS = (YsError, pl.exceptions.PolarsError, AttributeError, KeyError, TypeError, ValueError)
_prepared_shells: list[Any] = []


def prepare() -> None:
    """Prepare the running notebook, once: frames for people, errors in one line, names at the first Tab."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or any(shell is prepared for prepared in _prepared_shells):
        return
    _prepared_shells.append(shell)
    for kind in (pl.DataFrame, pl.Series):
        shell.display_formatter.formatters["text/html"].for_type(kind, frame_html)
    if shell.custom_exceptions == ():
        shell.set_custom_exc(_ONE_LINE_ERRORS, _show_error)
    # Jedi reads the source of Polars at the first Tab, which takes seconds; IPython's own completer asks the object.
    if "use_jedi" not in shell.config.get("Completer", {}) and "use_jedi" not in shell.config.get("IPCompleter", {}):
        shell.Completer.use_jedi = False


def _show_error(
    shell: Any, kind: type[BaseException], error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> None:
    """Show an error as its line; as IPython does, where it has none."""
    line = error_line(error)
    if line:
        error._render_traceback_ = _LineThenTrace(shell, error, line)  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


class _LineThenTrace:
    """What IPython shows of one error: the line, and when asked again with `%tb` the whole trace."""

    def __init__(self, shell: Any, error: BaseException, line: str) -> None:
        """Not shown yet."""
        self._shell, self._error, self._line, self._shown = shell, error, line, False

    def __call__(self) -> list[str]:
        """The line first, the trace from then on."""
        if not self._shown:
            self._shown = True
            return [self._line]
        error = self._error
        trace: list[str] = self._shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
        return trace
