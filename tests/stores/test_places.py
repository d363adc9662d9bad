"""How much of the code asks which store it has: a new store changes each of these places."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import ys_analytics
from ys_analytics.schemas import Store

PACKAGE = Path(ys_analytics.__file__).parent
NAMES = frozenset(get_args(Store))

# Rooms that are about the stores themselves: their wire, and the declaration of what each holds.
OWN = ("stores", "schemas")

LIMIT = 10


def test_a_store_is_asked_for_by_name_in_ten_places_at_most():
    """A comparison, a case, a table or a list of stores' names outside `stores` and `schemas` is a place."""
    found = [f"{path.relative_to(PACKAGE)}:{line}" for path in sorted(PACKAGE.rglob("*.py")) for line in _places(path)]
    assert len(found) <= LIMIT, f"{len(found)} places:\n" + "\n".join(found)


def _places(path: Path) -> Iterator[int]:
    if path.relative_to(PACKAGE).parts[0] in OWN:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if any(map(_name, _asked(node))):
            yield node.lineno


def _asked(node: ast.AST) -> list[ast.expr]:
    """What a node looks a store up by."""
    match node:
        case ast.Compare():
            return [node.left, *node.comparators]
        case ast.MatchValue(value):
            return [value]
        case ast.Dict(keys):
            return [key for key in keys if key is not None]
        case ast.Tuple(elts) | ast.Set(elts) | ast.List(elts):
            return elts
        case ast.Subscript(slice=key):
            return [key]
        case _:
            return []


def _name(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in NAMES
