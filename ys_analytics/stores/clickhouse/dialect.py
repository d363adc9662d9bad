"""ClickHouse's SQL where it differs from that of other stores.

Depends on nothing. Does not run anything.
"""

from datetime import date, datetime


class Dialect:
    """A `SqlDialect`."""

    def literal(self, value: object) -> str:
        r"""A value as ClickHouse writes it.

        >>> Dialect().literal(datetime(2009, 1, 3)), Dialect().literal("it's")
        ("toDateTime64('2009-01-03 00:00:00', 6, 'UTC')", "'it\\'s'")
        """
        if isinstance(value, datetime):
            return f"toDateTime64('{value:%Y-%m-%d %H:%M:%S}', 6, 'UTC')"
        if isinstance(value, date):
            return f"toDate('{value}')"
        if isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
        return str(value)

    def matches(self, column: str, pattern: str) -> str:
        """By `match`."""
        return f"match({column}, {self.literal(pattern)})"

    def matches_not(self, column: str, pattern: str) -> str:
        """By `match`."""
        return f"NOT match({column}, {self.literal(pattern)})"

    def not_json(self, column: str) -> str:
        """By `isValidJSON`."""
        return f"NOT isValidJSON({column})"

    def comparable_text(self, column: str) -> str:
        """The column itself, which is text."""
        return column

    def year(self, column: str) -> str:
        """By `toYear`."""
        return f"toYear({column}, 'UTC')"
