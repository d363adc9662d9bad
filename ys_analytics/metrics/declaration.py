r"""Declaration of a metric, written once, next to the function that computes it.

Title, unit, direction, minimum and the reason for a null are arguments of the decorator `metric`; the formula and the
source are read from the function's docstring. The catalogue, the glossary of the page, the columns of `fleet`,
`ys metrics` and `help()` all read that declaration.

Depends on `sample` alone. Does not know which metrics there are: `catalog` gathers them.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, TypeVar

import polars as pl

from ys_analytics.metrics.sample import Sample
from ys_analytics.schemas import unknown_name

Unit = Literal["fraction", "fraction per year", "ratio", "days", "periods", "share"]
Direction = Literal["higher", "lower", "neither"]
Formula = Callable[[Sample], pl.Expr]
Basis = Literal["linked", "daily"]
_Function = TypeVar("_Function", bound=Callable[..., pl.Expr])


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: what is printed with its value, and the expression that computes it.

    Attributes:
        name: Name of its column.
        title: Name in print.
        short: Name at the head of a column.
        unit: Unit of the value; fractions print as per cent.
        signed: Whether a plus is printed before a positive fraction: not for a size, as a deviation or a loss.
        formula: Formula in TeX.
        direction: Which values are the better ones.
        minimum: Observations below which there is no value.
        null_reason: Why it is null although there are enough observations.
        source: Publication or tool that defines it.
        why: Why an analyst would expect this variant, in a sentence.
        of: The expression over a `Sample`.
        basis: Treatment of a return over several days, by the rule in `spans`: "linked" uses every return,
            and counts the days they span; "daily" uses and counts those of one day. With a benchmark, days on
            which both have a return of one day.
        at: The Date it happened on: best day, trough.
        since: The Date it began: the peak.
        until: The Date it ended: the recovery, null while it lasts.
        benchmark: Whether it needs a benchmark.
        module: The module of the function that computes it.
    """

    name: str
    title: str
    short: str = ""
    unit: Unit
    signed: bool = True
    formula: str
    direction: Direction
    minimum: int
    null_reason: str
    source: str
    why: str
    of: Formula
    basis: Basis = "daily"
    at: Formula | None = None
    since: Formula | None = None
    until: Formula | None = None
    benchmark: bool = False
    module: str = ""

    def __repr__(self) -> str:
        """Its name, as signatures and lists of metrics show it; `ys metrics NAME` prints the rest."""
        return f"<metric {self.name}>"

    @property
    def gaps(self) -> str:
        """Treatment of a return over several days, in words."""
        if self.benchmark:
            return "of days on which both have a return of one day"
        return _GAP_TREATMENT[self.basis]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a frame must have for it, apart from the one that tells portfolios apart."""
        return ("day", "ret", "benchmark") if self.benchmark else ("day", "ret")

    @property
    def printed_unit(self) -> str:
        """Unit by which pages write the value: "rate" for a fraction without a sign, else `unit`."""
        return self.unit if self.signed or not self.unit.startswith("fraction") else "rate"


_GAP_TREATMENT: dict[Basis, str] = {
    "linked": "every return, over however many days",
    "daily": "returns of one day; one over several days is left out",
}
_DECLARED: dict[str, Metric] = {}
_FUNCTIONS: dict[str, Callable[..., Any]] = {}
_DISPLAYED_FORMULA = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_SOURCE = re.compile(r"^Source:\n((?:[ ]{4}.*\n?)+)", re.MULTILINE)
_ALTERNATIVE = r"\quad\text{or}\quad"
# The level of `python -OO`.
_INDENT = 2


def metric(  # noqa: D417 - the other arguments are attributes of `Metric`
    *,
    title: str,
    short: str | None = None,
    unit: Unit,
    signed: bool = True,
    direction: Direction,
    minimum: int,
    null_reason: str,
    why: str,
    of: Callable[[_Function, Sample], pl.Expr],
    name: str | None = None,
    alternative: int = 0,
    cites: str | None = None,
    basis: Basis = "daily",
    at: Formula | None = None,
    since: Formula | None = None,
    until: Formula | None = None,
    benchmark: bool = False,
) -> Callable[[_Function], _Function]:
    r"""Declare the decorated function a metric of the catalogue.

    The formula is the first display formula (`$$ ... $$`) of its docstring, the source its section "Source:". A
    function of several metrics is decorated once for each. Arguments not listed here are those of `Metric`.

    Args:
        of: The expression over a `Sample`, from the decorated function and the sample.
        name: Name of the metric; the function's own when None.
        alternative: Which formula, where the docstring gives several with `\quad\text{or}\quad` between them.
        cites: The beginning of the one citation that defines this metric, where the section gives several, with
            semicolons between them; the whole section when None.

    Raises:
        ValueError: The docstring lacks the formula or the source, or the name is declared already.

    >>> from ys_analytics.metrics import METRICS
    >>> METRICS["total_return"].formula
    'R = \\prod_t (1 + r_t) - 1'
    """

    def declare(function: _Function) -> _Function:
        name_used, docstring = function.__name__ if name is None else name, _docstring(function)
        if name_used in _DECLARED and not _is_reloaded(function, _FUNCTIONS[name_used]):
            raise ValueError(f"metric {name_used}: declared twice; give one of the two another name")
        declared = Metric(
            name=name_used,
            title=title,
            short=title if short is None else short,
            unit=unit,
            signed=signed,
            formula=_formula(docstring, name_used, alternative),
            direction=direction,
            minimum=minimum,
            null_reason=null_reason,
            source=_source(docstring, name_used, cites),
            why=why,
            of=lambda sample: of(function, sample),
            basis=basis,
            at=at,
            since=since,
            until=until,
            benchmark=benchmark,
            module=function.__module__,
        )
        _DECLARED[name_used] = declared
        _FUNCTIONS[name_used] = function
        function.__doc__ = f"{docstring}\n\n{_in_words(declared)}\n"
        return function

    return declare


def _is_reloaded(function: Callable[..., Any], declared: Callable[..., Any]) -> bool:
    """Whether a module was executed again, as by a reload or by pytest: another object, from the same lines."""
    lines = [(version.__code__.co_filename, version.__code__.co_firstlineno) for version in (function, declared)]
    return function is not declared and lines[0] == lines[1]


def declared_metrics(*packages: ModuleType) -> tuple[Metric, ...]:
    """Every metric declared in the given packages and modules, room by room.

    >>> from ys_analytics.metrics import growth
    >>> declared_metrics(growth)[0].name
    'total_return'
    """
    return tuple(
        declaration
        for package in packages
        for declaration in _DECLARED.values()
        if f"{declaration.module}.".startswith(f"{package.__name__}.")
    )


def named_metrics(selected: str | Iterable[Metric | str]) -> tuple[Metric, ...]:
    """The declarations behind names, a declaration standing for itself.

    Args:
        selected: Declarations or names; a single name is a list of one.

    Raises:
        UsageError: no metric is called so; the line offers the nearest names.

    >>> [declaration.title for declaration in named_metrics(["sharpe_ratio", "beta"])]
    ['Sharpe ratio', 'Beta']
    >>> named_metrics("sharp_ratio")
    Traceback (most recent call last):
    ...
    ys_analytics.errors.UsageError: no metric is called 'sharp_ratio'; did you mean sharpe_ratio ...
    """
    declarations = []
    for declaration in (selected,) if isinstance(selected, str) else selected:
        if isinstance(declaration, str) and declaration not in _DECLARED:
            raise unknown_name(declaration, _DECLARED, what="metric", listed="`ys metrics`")
        declarations.append(_DECLARED[declaration] if isinstance(declaration, str) else declaration)
    return tuple(declarations)


def _docstring(function: Callable[..., pl.Expr]) -> str:
    """The docstring; from the source file under `python -OO`, which strips it from the function."""
    if sys.flags.optimize < _INDENT:
        return inspect.getdoc(function) or ""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    return (ast.get_docstring(definition) if isinstance(definition, ast.FunctionDef) else None) or ""


def _formula(docstring: str, name: str, alternative: int) -> str:
    match = _DISPLAYED_FORMULA.search(docstring)
    formulas = " ".join(match[1].split()).split(_ALTERNATIVE) if match else []
    if not alternative < len(formulas):
        raise ValueError(
            f"metric {name}: its docstring has no display formula {alternative + 1}; write one between $$ and $$"
        )
    return formulas[alternative].strip()


def _source(docstring: str, name: str, cites: str | None) -> str:
    match = _SOURCE.search(docstring)
    section = " ".join(match[1].split()).removesuffix(".") if match else ""
    citations = [declaration for declaration in section.split("; ") if declaration.startswith(cites or "")]
    if not section or not citations:
        raise ValueError(f'metric {name}: its docstring has no "Source:" that begins with {cites or "anything"}')
    selected = section if cites is None else citations[0]
    return selected[0].upper() + selected[1:]


def _in_words(declared: Metric) -> str:
    """The declaration as `help()` prints it after the docstring."""
    better = "neither way is better" if declared.direction == "neither" else f"{declared.direction} is better"
    days = "1 day" if declared.minimum == 1 else f"{declared.minimum} days"
    return (
        f"In the catalogue: {declared.name}, printed as {declared.title!r}, unit {declared.unit}; {better}; "
        f"from {days} on, {declared.gaps}.\n"
        f"Null when {declared.null_reason}. {declared.why}"
    )
