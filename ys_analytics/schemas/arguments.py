"""Arguments of a verb, compared with its signature before anything is read.

Depends on pydantic, which compares a value with an annotation. Knows no verb: `checked` stands over each that takes
arguments.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, wraps
from numbers import Integral
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from ys_analytics.errors import UsageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")

# What a value of each type is called.
_CALLED: dict[object, str] = {
    bool: "True or False",
    int: "a whole number of at least 1",
    float: "a number",
    str: "text",
    type(None): "None",
}
_LONGEST = 60  # characters of a wrong value that are shown


def checked(function: Callable[_Arguments, _Answer]) -> Callable[_Arguments, _Answer]:
    """Refuse, in one line, an argument that the signature does not allow; a count below 1 too.

    >>> @checked
    ... def lots(*, matching: Literal["fifo", "hifo"] = "fifo", top: int = 5) -> str:
    ...     return matching
    >>> lots(matching="hifo")
    'hifo'
    >>> lots(matching="HIFO")
    Traceback (most recent call last):
    ...
    ys_analytics.errors.UsageError: lots: matching 'HIFO'; did you mean hifo? There is fifo, hifo
    >>> lots(top="5")
    Traceback (most recent call last):
    ...
    ys_analytics.errors.UsageError: lots: top '5' is of type str; it takes a whole number of at least 1
    >>> lots("hifo")
    Traceback (most recent call last):
    ...
    ys_analytics.errors.UsageError: lots takes matching, top by name, as in lots(matching=...)
    """
    signature = inspect.signature(function)
    verb = function.__name__.removesuffix("_desk")

    @wraps(function)
    def call(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise UsageError(_unbound(verb, signature, kwargs, str(error))) from None
        for name, annotation in _hints(function).items():
            if name not in bound.arguments or name == "return":
                continue
            value = bound.arguments[name]
            several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
            for one in value if several else (value,):
                if not _allowed(annotation, one):
                    raise UsageError(f"{verb}: {name} {_refusal(annotation, one)}")
        return function(*args, **kwargs)

    return call


def choices(annotation: object) -> tuple[str, ...]:
    """The words that an annotation allows; none where it is no list of words.

    >>> choices(Literal["week", "inception"])
    ('week', 'inception')
    """
    return get_args(annotation) if get_origin(annotation) is Literal else ()


@cache
def _hints(function: Callable[..., object]) -> dict[str, Any]:
    return get_type_hints(function)


@cache
def _adapter(annotation: Any) -> "TypeAdapter[Any]":
    from pydantic import ConfigDict, TypeAdapter

    return TypeAdapter(annotation, config=ConfigDict(strict=True, arbitrary_types_allowed=True))


def _allowed(annotation: Any, value: object) -> bool:
    members = _members(annotation)
    # NumPy's whole numbers are whole numbers too.
    if isinstance(value, Integral) and not isinstance(value, bool) and int in members:
        return int(value) >= 1
    # A vector may be a Series or an array: whether it fits is for the verb to say.
    if any(get_origin(one) is Sequence for one in members) and isinstance(value, Iterable):
        return True
    try:
        _adapter(annotation).validate_python(value)
    except ValueError:  # pydantic's error is one
        return False
    return True


def _refusal(annotation: Any, value: object) -> str:
    shown = repr(value)
    if "\n" in shown:  # a frame or a series, whose rows say nothing here
        shown = ""
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
    if words := choices(annotation):
        near = get_close_matches(str(value).lower(), words, n=1)
        advice = f"; did you mean {near[0]}? There is" if near else "; choose one of"
        return f"{shown}{advice} {', '.join(words)}"
    taken = " or ".join(_called(one) for one in _members(annotation))
    of_type = "" if isinstance(value, int | Mapping) else f"is of type {type(value).__name__}"
    return f"{' '.join(part for part in (shown, of_type) if part)}; it takes {taken}"


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)


def _called(annotation: Any) -> str:
    match get_origin(annotation):
        case kind if kind is Mapping and float in get_args(annotation):
            return "numbers by name, such as {'ETH': -0.4}"
        case kind if kind is Mapping:
            return "values by name, such as {'timeframe': '1d'}"
        case kind if kind is Sequence:
            return "a list of numbers"
    name = getattr(annotation, "__name__", str(annotation))
    return _CALLED.get(annotation, f"a{'n' if name[:1] in 'AEIOU' else ''} {name}")


def _unbound(verb: str, signature: inspect.Signature, given: Mapping[str, object], message: str) -> str:
    """Why the arguments do not fit the signature: too many, one that is not known, or one that is missing."""
    parameters = {name: one for name, one in signature.parameters.items() if name != "self"}
    unknown = [name for name in given if name not in parameters]
    if unknown:
        near = get_close_matches(unknown[0], parameters, n=1)
        advice = f"did you mean {near[0]}?" if near else f"it takes {', '.join(parameters)}"
        return f"{verb} takes no {unknown[0]!r}; {advice}"
    named = [name for name, one in parameters.items() if one.kind is inspect.Parameter.KEYWORD_ONLY]
    if "positional" in message and named:
        return f"{verb} takes {', '.join(named)} by name, as in {verb}({named[0]}=...)"
    return f"{verb}: {message}"
