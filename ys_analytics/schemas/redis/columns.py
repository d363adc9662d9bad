"""Kinds of columns of Redis' key families, and the columns that several families have.

Knows no family.
"""

import polars as pl

from ys_analytics.schemas.rules import Rule
from ys_analytics.schemas.table import MONEY, TIME, Column

TTL = Column(
    name="ttl_ms",
    dtype=pl.Int64(),
    meaning="Time until it expires, when it was read; none if it never does.",
    unit="ms",
    nullable=True,
)


def text_column(name: str, meaning: str, *rules: Rule) -> Column:
    """A text column."""
    return Column(name=name, dtype=pl.String(), meaning=meaning, rules=rules)


def value_column(name: str, meaning: str, *rules: Rule, unit: str) -> Column:
    """An exact amount, written as decimal text."""
    return Column(name=name, dtype=MONEY, native_type="decimal text", meaning=meaning, unit=unit, rules=rules)


def moment_column(name: str, meaning: str, *rules: Rule) -> Column:
    """A time, written as ISO-8601 text in UTC."""
    return Column(name=name, dtype=TIME, native_type="ISO-8601 text", meaning=meaning, unit="UTC", rules=rules)


def position_column(meaning: str, *rules: Rule) -> Column:
    """The column `position`: the place of an element in a list."""
    return Column(name="position", dtype=pl.UInt32(), meaning=meaning, rules=rules)


ASSET = text_column("asset_id", "Which asset.")


PORTFOLIO = text_column("portfolio_id", "Which portfolio.")


AGENT = text_column("agent_id", "Which satellite.")


METRIC = text_column("metric", "What was measured.")


MEASUREMENT = value_column("value", "The measurement.", unit="as named")


CHAIN = Column(name="chain_id", dtype=pl.UInt32(), meaning="On which chain.")


SECRET = Column(name="key", dtype=pl.String(), meaning="Holds a secret: counted, never read.", secret=True)
