"""PostgreSQL's SQL where it differs from that of other stores.

Depends on nothing. Does not run anything.
"""

from datetime import date, datetime


class Dialect:
    """A `SqlDialect`."""

    def literal(self, value: object) -> str:
        """A value as PostgreSQL writes it.

        >>> Dialect().literal(datetime(2009, 1, 3)), Dialect().literal("it's")
        ("TIMESTAMPTZ '2009-01-03 00:00:00+00:00'", "'it''s'")
        """
        if isinstance(value, datetime):
            return f"TIMESTAMPTZ '{value:%Y-%m-%d %H:%M:%S}+00:00'"
        if isinstance(value, date):
            return f"DATE '{value}'"
        return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)

    def matches(self, column: str, pattern: str) -> str:
        """By `~`."""
        return f"{column} ~ {self.literal(pattern)}"

    def matches_not(self, column: str, pattern: str) -> str:
        """By `!~`."""
        return f"{column} !~ {self.literal(pattern)}"

    def not_json(self, column: str) -> str:
        """By a cast: PostgreSQL 15 has no IS JSON.

        Our JSON is of type jsonb there, which holds nothing else; in a column that became text the cast fails.
        """
        return f"CAST({column} AS jsonb) IS NULL"

    def comparable_text(self, column: str) -> str:
        """By a cast: an id, an enumeration and JSON have types of their own."""
        return f"CAST({column} AS text) AS {column}"

    def year(self, column: str) -> str:
        """By `extract`."""
        return f"extract(year FROM {column} AT TIME ZONE 'UTC')::int"
