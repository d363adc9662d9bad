"""Errors of a notebook cell as one line: what happened, to what, and the nearest name where a name is wrong.

Depends on Polars' errors. Does not decide how an error is shown: `notebook_session` does. An error that is a fault of
the program, or of an analyst's own code, has no such line and keeps its traceback.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from types import FunctionType, MethodType, ModuleType, TracebackType

import polars as pl

from ys_analytics.errors import YsError
from ys_analytics.printable import printable
from ys_analytics.views.calls import shown

_COLUMN = re.compile(r'^(?:unable to find column )?"(?P<name>[^"]+)"(?: not found)?')
_VALID = re.compile(r"valid columns: \[(?P<names>.*?)\]$", re.MULTILINE)
_UNEXPECTED = re.compile(r"^(?P<function>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'")
_UNFIT = re.compile(r"^(?P<function>[\w.]+)\(\) (?:takes \w[\w ]* positional argument|missing \d+ required)")
_CALLED_FRAME = "'DataFrame' object is not callable"
# The kit's package, and the module that a cell runs in.
_PACKAGE, _CELL_MODULE = "ys_analytics", "__main__"


def error_line(error: BaseException) -> str:
    """The error in one line; empty where a traceback says more.

    >>> try:
    ...     pl.DataFrame({"ret": [0.1]}).select("rett")
    ... except pl.exceptions.PolarsError as error:
    ...     print(error_line(error))
    ColumnNotFoundError: no column is called 'rett'; did you mean ret?
    """
    message = _message(error)
    return printable(f"{type(error).__name__}: {message}", lines=True) if message else ""


def _message(error: BaseException) -> str:
    modules = _modules_below_the_cell(error.__traceback__)
    message = ""
    match error:
        case YsError():
            message = str(error)
        case pl.exceptions.ColumnNotFoundError():
            message = _column(str(error)) + _wrong_frame(error.__traceback__)
        case KeyError() if wrong_frame := _wrong_frame(error.__traceback__):
            message = f"no column is called {error.args[0]!r}{wrong_frame}"
        case pl.exceptions.PolarsError():
            message = str(error).partition("\n")[0]
        case AttributeError() if all(name == _PACKAGE or name.startswith("polars") for name in modules):
            message = _attribute(error)
        case TypeError() if not modules:
            message = _argument(str(error))
        case ValueError() if modules and modules[-1].partition(".")[0] == _PACKAGE:
            message = str(error).partition("\n")[0]
    return message


def _column(message: str) -> str:
    column, valid = _COLUMN.search(message), _VALID.search(message)
    if not column:
        return message.partition("\n")[0]
    names = re.findall(r'"([^"]+)"', valid["names"]) if valid else []
    return f"no column is called {column['name']!r}{_suggestion(column['name'], names)}"


def _attribute(error: AttributeError) -> str:
    """A wrong name after a dot, of what is ours or a frame."""
    if isinstance(error.obj, MethodType | FunctionType) and error.obj.__module__.partition(".")[0] == _PACKAGE:
        verb = error.obj.__name__
        return f"{verb} is called before it has a {error.name!r}: write {verb}().{error.name}"
    kind = error.obj if isinstance(error.obj, ModuleType) else type(error.obj)
    module_name = kind.__name__ if isinstance(kind, ModuleType) else kind.__module__
    if error.name is None or module_name.partition(".")[0] not in {_PACKAGE, "polars"}:
        return ""
    if isinstance(kind, ModuleType):
        owner = "ys" + module_name.removeprefix(_PACKAGE).replace(".views.", ".")
    else:
        owner = f"a {kind.__name__}"
    names = [name for name in dir(error.obj) if not name.startswith("_")]
    return f"{owner} has no {error.name!r}{_suggestion(error.name, names)}"


def _argument(message: str) -> str:
    """Arguments that do not fit a function of ours: a wrong name, too many or too few; or a frame that is called."""
    if message == _CALLED_FRAME:
        return "a frame takes no parentheses: write desk.daily_returns, not desk.daily_returns()"
    unexpected, unfit = _UNEXPECTED.match(message), _UNFIT.match(message)
    match_ = unexpected or unfit
    function = _function(match_["function"]) if match_ else None
    if not match_ or function is None:
        return ""
    called = match_["function"].rpartition(".")[2].removesuffix("_desk")
    parameters = [one for name, one in inspect.signature(function).parameters.items() if name != "self"]
    if unexpected:
        return (
            f"{called} takes no {unexpected['name']!r}{_suggestion(unexpected['name'], [p.name for p in parameters])}"
        )
    view = _view(function.__module__, called)
    return f"{called} takes {_parameters(parameters)}{f': {view}' if view else ''}"


def _parameters(parameters: list[inspect.Parameter]) -> str:
    """Which arguments a function takes, by place and by name; those that it needs first said so."""
    if not parameters:
        return "no argument"
    needed = [one.name for one in parameters if one.default is one.empty and "VAR" not in one.kind.name]
    named = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY]
    listed = ", ".join(one.name for one in parameters)
    by_name = f"; by name: {', '.join(named)}" if named else ""
    return f"{listed}{by_name}{'; it needs ' + ' and '.join(needed) if needed else ''}"


def _wrong_frame(trace: TracebackType | None) -> str:
    """Which frame a view shows, where a cell called a view with another one."""
    view = ""
    while trace is not None:
        called = trace.tb_next
        if called is not None and trace.tb_frame.f_globals.get("__name__") == _CELL_MODULE:
            view = _view(str(called.tb_frame.f_globals.get("__name__", "")), called.tb_frame.f_code.co_name)
        trace = called
    return f"; {view}" if view else ""


def _view(module: str, name: str) -> str:
    """How a view is called, where the function is one."""
    room = next((room for room in ("tables", "figures") if module.startswith(f"{_PACKAGE}.views.{room}.")), "")
    call = shown(room, name) if room and not name.startswith("_") else ""
    return f"it is called as ys.{room}.{name}({call})" if call else ""


def _function(path: str) -> Callable[..., object] | None:
    """What an error calls `Desk.lots` or `summarise`, in a module of ours; None where there is none."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == _PACKAGE:
            value: object = module
            for part in path.split("."):
                value = getattr(value, part, None)
            if callable(value):
                return value
    return None


def _suggestion(name: str, known: Iterable[str]) -> str:
    """Advice: the nearest names, or all of them where they are few."""
    names = list(known)
    close = get_close_matches(name, names, n=3)
    if close:
        return f"; did you mean {' or '.join(close)}?"
    return f"; there is {', '.join(names[:20])}{', …' if len(names) > 20 else ''}" if names else ""  # noqa: PLR2004


def _modules_below_the_cell(trace: TracebackType | None) -> list[str]:
    """The modules of the calls between a cell and where the error was raised, outermost first."""
    names: list[str] = []
    while trace is not None:
        name, trace = str(trace.tb_frame.f_globals.get("__name__", "")), trace.tb_next
        names = [] if name == _CELL_MODULE else [*names, name]
    return names
