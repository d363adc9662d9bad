"""What may stand as a text argument of the kit's functions and a desk's verbs, for completion.

Depends on the signatures, the declarations and, for names of portfolios, the newest run; opens no store.
"""

import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_type_hints

import polars as pl

from ys_analytics.desk import benchmark, overview
from ys_analytics.desk.desk import Desk
from ys_analytics.metrics import METRICS
from ys_analytics.schemas import TABLES
from ys_analytics.schemas.arguments import choices
from ys_analytics.settings import load_settings

# A call that is being written: owner, function, the arguments so far, and the text up to the cursor.
_CALL = re.compile(
    r"""\b(?P<owner>\w+(?:\.\w+)*)\.(?P<function>\w+)\(
        (?P<before>(?:[^()'"]|'[^'\n]*'|"[^"\n]*")*?)
        (?P<quote>['"])(?P<written>[^'"\n]*)$""",
    re.VERBOSE,
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
# Lists and dictionaries that are closed, and what stands in one that is not.
_BRACKETED = re.compile(r"\[[^\]]*\]|\{[^}]*\}|[\[{].*$")
_KEYWORD = re.compile(r"(\w+)\s*=\s*[\[({]?[^,=]*$")


def argument(before: str, names: dict[str, Any]) -> tuple[str, list[str]] | None:
    """The part of a text argument that is written, and what it may be; None where no argument of ours is written.

    Args:
        before: The text up to the cursor.
        names: The variables of the notebook.

    >>> import ys_analytics as ys
    >>> argument("ys.similar('trad", {"ys": ys})
    ('trad', ['trading_patterns'])
    >>> argument("ys.fleet(by='sharpe", {"ys": ys})
    ('sharpe', ['sharpe_ratio'])
    """
    call = _CALL.search(before)
    if call is None:
        return None
    owner, *path = call["owner"].split(".")
    value: Any = names.get(owner)
    if getattr(value, "__name__", "") != "ys_analytics" and not isinstance(value, Desk):
        return None
    # A property is not computed for a completion: of a desk its class is asked.
    for part in [*path, call["function"]]:
        value = getattr(type(value) if isinstance(value, Desk) else value, part, None)
    if not callable(value):
        return None
    parameter = _parameter(value, call["before"])
    if parameter is None:
        return None
    words = _words(value, parameter, names[owner])
    written = call["written"]
    return written, [word for word in words if word.lower().startswith(written.lower())]


def _parameter(function: Callable[..., object], before: str) -> inspect.Parameter | None:
    """The parameter that the text at the cursor is for: by name, or by place."""
    plain = _BRACKETED.sub("", _QUOTED.sub("", before))
    parameters = {name: one for name, one in inspect.signature(function).parameters.items() if name != "self"}
    if keyword := _KEYWORD.search(plain):
        return parameters.get(keyword[1])
    by_place = [one for one in parameters.values() if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    place = plain.count(",")
    if by_place and by_place[-1].kind is inspect.Parameter.VAR_POSITIONAL:
        place = min(place, len(by_place) - 1)
    return by_place[place] if place < len(by_place) else None


def _words(function: Callable[..., object], parameter: inspect.Parameter, owner: Any) -> list[str]:
    called = f"{function.__name__}.{parameter.name}"
    if listed := choices(get_type_hints(function).get(parameter.name)):
        return list(listed)
    if called in _BY_NAME:
        return list(_BY_NAME[called](owner))
    return list(_BY_NAME[parameter.name](owner)) if parameter.name in _BY_NAME else []


def _tables(_: Any) -> Iterable[str]:
    return (name for name, table in TABLES.items() if table.schema)


def _collections(_: Any) -> Iterable[str]:
    return (name for name, table in TABLES.items() if table.schema and table.store == "qdrant")


def _fields(owner: Any) -> Iterable[str]:
    return dict.fromkeys(name for table in _collections(owner) for name in TABLES[table].schema if name != "vector")


def _weeks(_: Any) -> Iterable[str]:
    return overview.weeks(load_settings().out)["week"].unique().sort(descending=True)


def _metrics(_: Any) -> Iterable[str]:
    return METRICS


def _ranked_by(_: Any) -> Iterable[str]:
    return (*(name for name, metric in METRICS.items() if not metric.benchmark), "value", "week")


def _portfolios(owner: Any) -> Iterable[str]:
    """Names of portfolios: of the desk's source, else of the newest run; none where there is no run."""
    if isinstance(owner, Desk):
        return owner.source.rows("portfolios")["name"].sort()
    from ys_analytics import frames

    newest = overview.weeks(load_settings().out).filter(pl.col("trouble").is_null()).head(1)
    if newest.is_empty():
        return ()
    return frames.open_run(Path(newest["folder"][0])).frame("portfolios")["name"].sort()


def _runs_and_portfolios(owner: Any) -> Iterable[str]:
    return (*_weeks(owner), *_portfolios(owner))


def _symbols(owner: Any) -> Iterable[str]:
    return owner.source.rows("assets")["symbol"].unique().sort() if isinstance(owner, Desk) else ()


def _moved(owner: Any) -> Iterable[str]:
    return (*_symbols(owner), "market")


def _benchmarks(owner: Any) -> Iterable[str]:
    return (*_symbols(owner), benchmark.EQUAL, benchmark.TARGET, *_portfolios(owner))


# What each parameter takes, by its name or by the function's and its own.
_BY_NAME: dict[str, Callable[[Any], Iterable[str]]] = {
    "load.name": _tables,
    "warnings.tables": _tables,
    "collection": _collections,
    "where": _fields,
    "week": _weeks,
    "until": _weeks,
    "run": _weeks,
    "open_desk.run": _runs_and_portfolios,
    "fleet.by": _ranked_by,
    "metrics": _metrics,
    "portfolio": _portfolios,
    "portfolio_id": _portfolios,
    "portfolios": _portfolios,
    "against": _benchmarks,
    "moves": _moved,
}
