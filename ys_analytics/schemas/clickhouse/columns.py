"""Kinds of columns of ClickHouse: the Polars type of each and its type in the store.

Knows no table.
"""

import polars as pl

from ys_analytics.schemas.rules import Rule
from ys_analytics.schemas.table import MONEY, TIME, Column

NUMBER_PAIR = pl.Struct({"key": pl.String(), "value": pl.Decimal(18, 8)})


TEXT_PAIR = pl.Struct({"key": pl.String(), "value": pl.String()})


def time_column(meaning: str, *rules: Rule) -> Column:
    """The column `timestamp`: UTC to the millisecond."""
    return Column(
        name="timestamp", dtype=TIME, native_type="DateTime64(3, 'UTC')", meaning=meaning, unit="UTC", rules=rules
    )


def text_column(name: str, meaning: str, *rules: Rule) -> Column:
    """A text column, never null."""
    return Column(name=name, dtype=pl.String(), native_type="String", meaning=meaning, rules=rules)


def amount_column(name: str, meaning: str, *rules: Rule, unit: str) -> Column:
    """An exact amount with 18 decimals, never null."""
    return Column(name=name, dtype=MONEY, native_type="Decimal(38, 18)", meaning=meaning, unit=unit, rules=rules)


def rate_column(name: str, meaning: str, *rules: Rule, unit: str = "fraction") -> Column:
    """A fraction, ratio or score with 8 decimals, never null."""
    return Column(
        name=name, dtype=pl.Decimal(18, 8), native_type="Decimal(18, 8)", meaning=meaning, unit=unit, rules=rules
    )


def count_column(name: str, meaning: str, *rules: Rule, unit: str = "") -> Column:
    """A whole number of 32 bits without sign, never null."""
    return Column(name=name, dtype=pl.UInt32(), native_type="UInt32", meaning=meaning, unit=unit, rules=rules)
