"""Conditions on points, as Qdrant's filter.

Depends on qdrant-client's models where a request is made. Does not know any collection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ys_analytics.stores.common.table_query import Operator

if TYPE_CHECKING:
    from qdrant_client.models import Filter

_BOUNDS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


@dataclass(frozen=True, slots=True)
class Match:
    """A comparison of one payload field.

    Attributes:
        field: Its name; of a list, one element must match.
        operator: `=` for labels and whole numbers, any of the others for numbers.
        value: What it is compared with.

    >>> str(Match("source", "=", "news"))
    "source = 'news'"
    """

    field: str
    operator: Operator
    value: str | float | bool

    def __str__(self) -> str:
        """The comparison for people."""
        return f"{self.field} {self.operator} {self.value!r}"


def filter_model(where: Sequence[Sequence[Match]]) -> "Filter | None":
    """The filter of a request: of each inner list one must hold; None where every point is wanted."""
    from qdrant_client.models import FieldCondition, Filter, MatchValue, Range

    def condition(match: Match) -> FieldCondition:
        if isinstance(match.value, str | bool):
            return FieldCondition(key=match.field, match=MatchValue(value=match.value))
        if match.operator == "=":
            return FieldCondition(key=match.field, range=Range(gte=match.value, lte=match.value))
        return FieldCondition(key=match.field, range=Range(**{_BOUNDS[match.operator]: match.value}))

    if not where:
        return None
    return Filter(must=[Filter(should=[condition(match) for match in alternatives]) for alternatives in where])
