"""Reads the filter that DuckDB hands to a scan, as conditions that a store can apply.

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

_COMPARISON = re.compile(r'(\w+) (==|!=|<=|>=|<|>) ("(?:[^"\\]|\\.)*"|[^()"]+)\)')
_NULL = re.compile(r"is_null\((\w+), \{nan_is_null=false\}\)")
_VALID = re.compile(r"is_valid\((\w+)\)")
_IN_LIST = re.compile(
    r"if_else\(is_valid\((\w+)\), is_in\(\1, \{value_set=\w+(?:\([^)]*\))?(?:\[[^\]]*\])?:\[\n(.*?)\n\], "
    r"null_matching_behavior=MATCH\}\), null\[bool\]\)",
    re.DOTALL,
)
_TEXT = re.compile(r'"([^"\\]*)"')


class _UnknownError(Exception):
    """A part of the text that is not understood."""


@dataclass(frozen=True, slots=True)
class ParsedFilter:
    """The conditions read from a filter.

    Attributes:
        conditions: All of them hold for each row that the filter keeps.
        complete: Whether they say all that the filter does.
    """

    conditions: tuple[Alternatives, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class _FilterPart:
    """One part of a filter: built again, None where it cannot be; and as alternatives where it is that simple."""

    rebuilt: Any
    alternatives: Alternatives | None


def parse_filter(expression: Any, schema: "pa.Schema") -> ParsedFilter:
    """The conditions that a filter of DuckDB means.

    Args:
        expression: A `pyarrow.compute.Expression`, or None where there is no filter.
        schema: Name and type of the columns it is about.

    >>> found = parse_filter(pc.field("n") > 1, pa.schema({"n": pa.int64()}))
    >>> str(found.conditions[0][0]), found.complete
    ('n > 1', True)
    """
    if expression is None:
        return ParsedFilter((), complete=True)
    text = str(expression)
    reading = _FilterReader(text, schema)
    try:
        rebuilt = reading.read(operands=True).rebuilt
        complete = reading.position == len(text) and rebuilt is not None and bool(rebuilt.equals(expression))
    except (_UnknownError, ValueError, ArithmeticError, pa.ArrowException):
        complete = False
    # Where not all is understood, literals can be told apart by their text only outside of lists.
    usable = [part for part in reading.operands if complete or part.rebuilt is not None]
    conditions = tuple(part.alternatives for part in usable if part.alternatives is not None)
    return ParsedFilter(conditions, complete=complete and len(conditions) == len(reading.operands))


@dataclass(slots=True)
class _FilterReader:
    """A text being read from its start."""

    text: str
    schema: "pa.Schema"
    position: int = 0
    operands: list[_FilterPart] = field(default_factory=list)

    def read(self, *, operands: bool = False) -> _FilterPart:
        """The next part; of a conjunction on the spine, each operand is kept as soon as it is read whole."""
        start = self.position
        part = self._read_simple()
        if part is None:
            part = self._read_junction(operands=operands)
        elif operands:
            self._keep_operand(part, start)
        return part

    def _keep_operand(self, part: _FilterPart, start: int) -> None:
        """Keep an operand of the outermost conjunction, where its text alone says what it is."""
        operand_text = self.text[start : self.position]
        certain = part.rebuilt is not None and "is_in(" not in operand_text and str(part.rebuilt) == operand_text
        self.operands.append(_FilterPart(part.rebuilt if certain else None, part.alternatives))

    def _read_junction(self, *, operands: bool) -> _FilterPart:
        """`(left and right)` or `(left or right)`."""
        start = self.position
        self._expect("(")
        operand_count = len(self.operands)
        left = self.read(operands=operands and self._operator_is_and())
        if self.text.startswith(" and ", self.position):
            self._expect(" and ")
            right = self.read(operands=operands)
            self._expect(")")
            return _FilterPart(
                None if left.rebuilt is None or right.rebuilt is None else left.rebuilt & right.rebuilt, None
            )
        self._expect(" or ")
        right = self.read()
        self._expect(")")
        both_simple = left.alternatives is not None and right.alternatives is not None
        rebuilt = None if left.rebuilt is None or right.rebuilt is None else left.rebuilt | right.rebuilt
        part = _FilterPart(rebuilt, (*left.alternatives, *right.alternatives) if both_simple else None)  # type: ignore[misc]
        if operands:
            del self.operands[operand_count:]
            self._keep_operand(part, start)
        return part

    def _operator_is_and(self) -> bool:
        """Whether the part that begins here is joined to what follows by `and`, found by reading ahead."""
        lookahead = _FilterReader(self.text, self.schema, self.position)
        lookahead.read()
        return self.text.startswith(" and ", lookahead.position)

    def _read_simple(self) -> _FilterPart | None:
        """A comparison, a test for null, or a list; None where a conjunction begins."""
        for pattern, build in self._simple_forms():
            if match := pattern.match(self.text, self.position):
                self.position = match.end()
                return build(match)
        if self.text.startswith("(", self.position) and (match := _COMPARISON.match(self.text, self.position + 1)):
            self.position = match.end()
            return self._comparison(match[1], match[2], match[3])
        if not self.text.startswith("(", self.position):
            raise _UnknownError
        return None

    def _simple_forms(self) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], _FilterPart]]]:
        return [
            (_NULL, lambda found: _FilterPart(pc.field(found[1]).is_null(), (Condition(found[1], "is null"),))),
            (_VALID, lambda found: _FilterPart(pc.field(found[1]).is_valid(), (Condition(found[1], "is not null"),))),
            (_IN_LIST, lambda found: self._list(found[1], found[2])),
        ]

    def _comparison(self, name: str, sign: str, literal_text: str) -> _FilterPart:
        dtype = self.schema.field(name).type
        try:
            value = _value(literal_text, dtype)
        except _UnknownError:  # where it ends is certain, what it says is not
            return _FilterPart(None, None)
        literal = pa.scalar(value, pa.string() if pa.types.is_large_string(dtype) else dtype)
        column = pc.field(name)
        rebuilt = {
            "==": column == literal, "!=": column != literal, "<": column < literal,
            "<=": column <= literal, ">": column > literal, ">=": column >= literal,
        }[sign]  # fmt: skip
        return _FilterPart(rebuilt, (Condition(name, _OPERATORS[sign], value),))

    def _list(self, name: str, literal_text: str) -> _FilterPart:
        dtype = self.schema.field(name).type
        values = [_value(item.strip(), dtype) for item in literal_text.split(",\n")]
        column = pc.field(name)
        in_list = pc.if_else(column.is_valid(), column.isin(pa.array(values, dtype)), pa.scalar(None, pa.bool_()))
        return _FilterPart(in_list, tuple(Condition(name, "=", value) for value in values))

    def _expect(self, expected: str) -> None:
        if not self.text.startswith(expected, self.position):
            raise _UnknownError
        self.position += len(expected)


def _value(literal_text: str, dtype: Any) -> object:
    """A literal of a column's type.

    Raises:
        _UnknownError: it is not of that type, or has letters that are written in several ways.
    """
    if pa.types.is_large_string(dtype) or pa.types.is_string(dtype):
        if match := _TEXT.fullmatch(literal_text):
            return match[1]
        raise _UnknownError
    if pa.types.is_timestamp(dtype):
        return datetime.strptime(literal_text, "%Y-%m-%d %H:%M:%S.%fZ").replace(tzinfo=UTC)
    if pa.types.is_date(dtype):
        return date.fromisoformat(literal_text)
    if pa.types.is_decimal(dtype):
        return Decimal(literal_text)
    if pa.types.is_integer(dtype):
        return int(literal_text)
    if pa.types.is_boolean(dtype) and literal_text in {"true", "false"}:
        return literal_text == "true"
    raise _UnknownError
