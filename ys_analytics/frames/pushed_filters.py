"""What DuckDB filters a scan by, as conditions that a store can be asked for.

Depends on the way Arrow writes an expression. Does not ask any store. DuckDB hands a filter over as an expression that
can be evaluated but not taken apart, so its text is read, and what was read is built again: only where that is equal to
the expression, literal for literal, it is used. What is not understood is left out, for the rows are filtered again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from ys_analytics.stores.common.table_query import Alternatives, Condition, Operator

_OPERATORS: dict[str, Operator] = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

_COMPARED = re.compile(r'(\w+) (==|!=|<=|>=|<|>) ("(?:[^"\\]|\\.)*"|[^()"]+)\)')
_NULL = re.compile(r"is_null\((\w+), \{nan_is_null=false\}\)")
_VALID = re.compile(r"is_valid\((\w+)\)")
_AMONG = re.compile(
    r"if_else\(is_valid\((\w+)\), is_in\(\1, \{value_set=\w+(?:\([^)]*\))?(?:\[[^\]]*\])?:\[\n(.*?)\n\], "
    r"null_matching_behavior=MATCH\}\), null\[bool\]\)",
    re.DOTALL,
)
_TEXT = re.compile(r'"([^"\\]*)"')


class _UnknownError(Exception):
    """A part of the text that is not understood."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was understood of a filter.

    Attributes:
        conditions: All of them hold for each row that the filter keeps.
        whole: Whether they say all that the filter does.
    """

    conditions: tuple[Alternatives, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a filter: built again, None where it cannot be; and as alternatives where it is that simple."""

    built: Any
    either: Alternatives | None


def understood(expression: Any, schema: "pa.Schema") -> Pushed:
    """The conditions that a filter of DuckDB means.

    Args:
        expression: A `pyarrow.compute.Expression`, or None where there is no filter.
        schema: Name and type of the columns it is about.

    >>> found = understood(pc.field("n") > 1, pa.schema({"n": pa.int64()}))
    >>> str(found.conditions[0][0]), found.whole
    ('n > 1', True)
    """
    if expression is None:
        return Pushed((), whole=True)
    text = str(expression)
    reading = _Reading(text, schema)
    try:
        built = reading.read(spine=True).built
        whole = reading.at == len(text) and built is not None and bool(built.equals(expression))
    except (_UnknownError, ValueError, ArithmeticError, pa.ArrowException):
        whole = False
    # Where not all is understood, literals can be told apart by their text only outside of lists.
    kept = [part for part in reading.spine if whole or part.built is not None]
    known = tuple(part.either for part in kept if part.either is not None)
    return Pushed(known, whole=whole and len(known) == len(reading.spine))


@dataclass(slots=True)
class _Reading:
    """A text being read from its start."""

    text: str
    schema: "pa.Schema"
    at: int = 0
    spine: list[_Part] = field(default_factory=list)

    def read(self, *, spine: bool = False) -> _Part:
        """The next part; of a conjunction on the spine, each operand is kept as soon as it is read whole."""
        start = self.at
        part = self._simple()
        if part is None:
            part = self._joined(spine=spine)
        elif spine:
            self._keep(part, start)
        return part

    def _keep(self, part: _Part, start: int) -> None:
        """Keep an operand of the outermost conjunction, where its text alone says what it is."""
        read = self.text[start : self.at]
        certain = part.built is not None and "is_in(" not in read and str(part.built) == read
        self.spine.append(_Part(part.built if certain else None, part.either))

    def _joined(self, *, spine: bool) -> _Part:
        """`(left and right)` or `(left or right)`."""
        start = self.at
        self._take("(")
        mark = len(self.spine)
        left = self.read(spine=spine and self._operator_is_and())
        if self.text.startswith(" and ", self.at):
            self._take(" and ")
            right = self.read(spine=spine)
            self._take(")")
            return _Part(None if left.built is None or right.built is None else left.built & right.built, None)
        self._take(" or ")
        right = self.read()
        self._take(")")
        both = left.either is not None and right.either is not None
        built = None if left.built is None or right.built is None else left.built | right.built
        part = _Part(built, (*left.either, *right.either) if both else None)  # type: ignore[misc]
        if spine:
            del self.spine[mark:]
            self._keep(part, start)
        return part

    def _operator_is_and(self) -> bool:
        """Whether the part that begins here is joined to what follows by `and`, found by reading ahead."""
        ahead = _Reading(self.text, self.schema, self.at)
        ahead.read()
        return self.text.startswith(" and ", ahead.at)

    def _simple(self) -> _Part | None:
        """A comparison, a test for null, or a list; None where a conjunction begins."""
        for pattern, build in self._simple_forms():
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
                return build(found)
        if self.text.startswith("(", self.at) and (found := _COMPARED.match(self.text, self.at + 1)):
            self.at = found.end()
            return self._comparison(found[1], found[2], found[3])
        if not self.text.startswith("(", self.at):
            raise _UnknownError
        return None

    def _simple_forms(self) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], _Part]]]:
        return [
            (_NULL, lambda found: _Part(pc.field(found[1]).is_null(), (Condition(found[1], "is null"),))),
            (_VALID, lambda found: _Part(pc.field(found[1]).is_valid(), (Condition(found[1], "is not null"),))),
            (_AMONG, lambda found: self._list(found[1], found[2])),
        ]

    def _comparison(self, name: str, sign: str, written: str) -> _Part:
        dtype = self.schema.field(name).type
        try:
            value = _value(written, dtype)
        except _UnknownError:  # where it ends is certain, what it says is not
            return _Part(None, None)
        literal = pa.scalar(value, pa.string() if pa.types.is_large_string(dtype) else dtype)
        column = pc.field(name)
        built = {
            "==": column == literal, "!=": column != literal, "<": column < literal,
            "<=": column <= literal, ">": column > literal, ">=": column >= literal,
        }[sign]  # fmt: skip
        return _Part(built, (Condition(name, _OPERATORS[sign], value),))

    def _list(self, name: str, written: str) -> _Part:
        dtype = self.schema.field(name).type
        values = [_value(one.strip(), dtype) for one in written.split(",\n")]
        column = pc.field(name)
        among = pc.if_else(column.is_valid(), column.isin(pa.array(values, dtype)), pa.scalar(None, pa.bool_()))
        return _Part(among, tuple(Condition(name, "=", value) for value in values))

    def _take(self, expected: str) -> None:
        if not self.text.startswith(expected, self.at):
            raise _UnknownError
        self.at += len(expected)


def _value(written: str, dtype: Any) -> object:
    """A literal of a column's type.

    Raises:
        _UnknownError: it is not of that type, or has letters that are written in several ways.
    """
    if pa.types.is_large_string(dtype) or pa.types.is_string(dtype):
        if found := _TEXT.fullmatch(written):
            return found[1]
        raise _UnknownError
    if pa.types.is_timestamp(dtype):
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S.%fZ").replace(tzinfo=UTC)
    if pa.types.is_date(dtype):
        return date.fromisoformat(written)
    if pa.types.is_decimal(dtype):
        return Decimal(written)
    if pa.types.is_integer(dtype):
        return int(written)
    if pa.types.is_boolean(dtype) and written in {"true", "false"}:
        return written == "true"
    raise _UnknownError
