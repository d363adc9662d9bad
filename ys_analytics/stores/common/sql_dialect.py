"""What the SQL of two stores says differently, as fragments of a statement.

Depends on nothing. Does not run anything; `stores.dialect` finds the dialect of a store by name.
"""

from typing import Protocol


class SqlDialect(Protocol):
    """The SQL of one store."""

    def literal(self, value: object) -> str:
        """A value as that engine writes it: text, a number, a date or a moment in UTC."""

    def matches(self, column: str, pattern: str) -> str:
        """That a text has a match of a regular expression."""

    def matches_not(self, column: str, pattern: str) -> str:
        """That it has none."""

    def not_json(self, column: str) -> str:
        """That a text is no JSON."""

    def comparable_text(self, column: str) -> str:
        """A column of ids, labels or JSON as plain text under its own name."""

    def year(self, column: str) -> str:
        """The year of a moment, in UTC."""
