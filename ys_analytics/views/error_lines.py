"""Errors of a notebook cell as one line: what happened, to what, and the nearest name where a name is wrong.

Depends on Polars' errors. Does not decide how an error is shown: `notebook_session` does. An error that is a fault of
the program, or of an analyst's own code, has no such line and keeps its traceback.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from types import ModuleType, TracebackType

import polars as pl

from ys_analytics.errors import YsError
from ys_analytics.printable import printable

_COLUMN = re.compile(r'^(?:unable to find column )?"(?P<name>[^"]+)"(?: not found)?')
_VALID = re.compile(r"valid columns: \[(?P<names>.*?)\]$", re.MULTILINE)
_UNEXPECTED = re.compile(r"^(?P<function>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'")
# The package, and the module that a cell runs in.
_OURS, _CELL = "ys_analytics", "__main__"


def error_line(error: BaseException) -> str:
    """The error in one line; empty where a traceback says more.

    >>> try:
    ...     pl.DataFrame({"ret": [0.1]}).select("rett")
    ... except pl.exceptions.PolarsError as error:
    ...     print(error_line(error))
    ColumnNotFoundError: no column is called 'rett'; did you mean ret?
    """
    said = _said(error)
    return printable(f"{type(error).__name__}: {said}", lines=True) if said else ""


def _said(error: BaseException) -> str:
    below = _modules_below_the_cell(error.__traceback__)
    said = ""
    match error:
        case YsError():
            said = str(error)
        case pl.exceptions.ColumnNotFoundError():
            said = _column(str(error))
        case pl.exceptions.PolarsError():
            said = str(error).partition("\n")[0]
        case AttributeError() if all(name == _OURS or name.startswith("polars") for name in below):
            said = _attribute(error)
        case TypeError() if not below:
            said = _argument(str(error))
        case ValueError() if below and below[-1].partition(".")[0] == _OURS:
            said = str(error).partition("\n")[0]
    return said


def _column(said: str) -> str:
    found, listed = _COLUMN.search(said), _VALID.search(said)
    if not found:
        return said.partition("\n")[0]
    names = re.findall(r'"([^"]+)"', listed["names"]) if listed else []
    return f"no column is called {found['name']!r}{_near(found['name'], names)}"


def _attribute(error: AttributeError) -> str:
    """A wrong name after a dot, of what is ours or a frame."""
    kind = error.obj if isinstance(error.obj, ModuleType) else type(error.obj)
    of = kind.__name__ if isinstance(kind, ModuleType) else kind.__module__
    if error.name is None or of.partition(".")[0] not in {_OURS, "polars"}:
        return ""
    if isinstance(kind, ModuleType):
        called = "ys" + of.removeprefix(_OURS).replace(".views.", ".")
    else:
        called = f"a {kind.__name__}"
    names = [name for name in dir(error.obj) if not name.startswith("_")]
    return f"{called} has no {error.name!r}{_near(error.name, names)}"


def _argument(said: str) -> str:
    """A wrong name of an argument, of a function that is ours."""
    found = _UNEXPECTED.match(said)
    function = _function(found["function"]) if found else None
    if not found or function is None:
        return ""
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    return f"{found['function']} takes no {found['name']!r}{_near(found['name'], names)}"


def _function(path: str) -> Callable[..., object] | None:
    """What an error calls `Desk.lots` or `summarise`, in a module of ours; None where there is none."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == _OURS:
            found: object = module
            for part in path.split("."):
                found = getattr(found, part, None)
            if callable(found):
                return found
    return None


def _near(name: str, known: Iterable[str]) -> str:
    """Advice: the nearest names, or all of them where they are few."""
    names = list(known)
    near = get_close_matches(name, names, n=3)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; there is {', '.join(names[:20])}{', …' if len(names) > 20 else ''}" if names else ""  # noqa: PLR2004


def _modules_below_the_cell(trace: TracebackType | None) -> list[str]:
    """The modules of the calls between a cell and where the error was raised, outermost first."""
    names: list[str] = []
    while trace is not None:
        name, trace = str(trace.tb_frame.f_globals.get("__name__", "")), trace.tb_next
        names = [] if name == _CELL else [*names, name]
    return names
