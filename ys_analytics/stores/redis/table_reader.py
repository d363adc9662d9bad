"""Redis key families as tables: the parts of the key become columns, and the value its declared columns.

Depends on the store and on the declared families with the shapes the rulings give them. Does not read a secret one.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, cast

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.schemas import KeyFamily, Table
from ys_analytics.stores.common import text_values
from ys_analytics.stores.common.progress import RowCallback, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.scan_reader import ScanReader
from ys_analytics.stores.common.table_query import TableQuery
from ys_analytics.stores.redis.store import Redis, escape_glob

# What `price:hist` has for each moment: a time and a price.
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Tables(ScanReader):
    """A `TableReader` over an open Redis."""

    measure: ClassVar[str] = "keys"

    store: Redis

    def scan(self, query: TableQuery, *, rejects: RejectPolicy, report_rows: RowCallback = no_progress) -> pl.DataFrame:
        """Every value of the family, with the time until it expires."""
        family = _family(query.table)
        if family.secret:
            raise UsageError(f"{family.name} holds secrets: it can be counted, not loaded")
        by_key = RejectPolicy(
            source=family.name, key=("key",), quarantine=rejects.quarantine, rejected=rejects.rejected
        )
        with_parts = self.store.read(
            _glob(family, query), family.kind, json=_json(family), rejects=by_key, report_rows=report_rows
        )
        values = _values(_parts(with_parts, family, by_key), family, by_key)
        return text_values.typed(values, family.visible, rejects).select(*query.schema)

    def batches(
        self,
        query: TableQuery,
        *,
        rejects: RejectPolicy,
        ordered: bool = True,  # noqa: ARG002 - a key has no place
    ) -> Generator[pl.DataFrame, None, None]:
        """The whole family as one frame: a read of keys is whole or it is none."""
        yield self.scan(query, rejects=rejects)

    def count(self, table: Table) -> int:
        """How many keys there are."""
        return self.store.count(_family(table).glob)

    def statement(self, query: TableQuery) -> str:
        """The command, its glob and the type of the keys."""
        family = _family(query.table)
        return f"SCAN {_glob(family, query)} ({family.kind})"

    def statement_with_values(self, query: TableQuery) -> str:
        """As `statement`."""
        return self.statement(query)

    def abort(self) -> None:
        """Cut every connection."""
        self.store.abort()


def _family(table: Table) -> KeyFamily:
    return cast("KeyFamily", table)


def _glob(family: KeyFamily, query: TableQuery) -> str:
    """The keys that may hold wanted rows: a part of the key that must be one value stands in the glob.

    >>> from ys_analytics.schemas import TABLES
    >>> from ys_analytics.stores.common.table_query import Condition
    >>> family = TABLES["redis_price_current"]
    >>> _glob(family, TableQuery(family, conditions=((Condition("chain_id", "=", 1),),)))
    'price:current:*:1'
    """
    glob = family.pattern
    for alternatives in query.conditions:
        (first, *more) = alternatives
        if not more and first.operator == "=" and first.column in family.parts:
            glob = glob.replace(f"{{{first.column}}}", escape_glob(str(first.value)))
    return re.sub(r"{\w+}", "*", glob)


def _json(family: KeyFamily) -> pl.DataType | None:
    """What the value is as JSON, where its fields are columns; decimals are JSON strings."""
    match family.name:
        case "redis_price_current":
            non_value_columns = {*family.parts, "ttl_ms"}
            return pl.Struct(
                {column.name: pl.String() for column in family.columns if column.name not in non_value_columns}
            )
        case "redis_price_hist":
            return pl.List(pl.List(pl.String()))
        case _:
            return None


def _parts(rows: pl.DataFrame, family: KeyFamily, rejects: RejectPolicy) -> pl.DataFrame:
    """The variable parts of each key as columns."""
    if not family.parts:
        return rows
    with_parts = rows.with_columns(pl.col("key").str.extract_groups(_regex(family)).alias("parts"))
    unmatched = pl.col("parts").struct.field(family.parts[0]).is_null()
    for (key,) in with_parts.filter(unmatched).select("key").iter_rows():
        rejects.refuse(column="key", found=key, expected=family.pattern, key={"key": key})
    return with_parts.filter(~unmatched).unnest("parts")


def _regex(family: KeyFamily) -> str:
    """The pattern with a named group a part; only the last part may hold a colon."""
    *first_parts, last = family.parts
    pattern = re.escape(family.pattern)
    for part in first_parts:
        pattern = pattern.replace(re.escape(f"{{{part}}}"), f"(?P<{part}>[^:]+)")
    return f"^{pattern.replace(re.escape(f'{{{last}}}'), f'(?P<{last}>.+)')}$"


def _values(rows: pl.DataFrame, family: KeyFamily, rejects: RejectPolicy) -> pl.DataFrame:
    """The value under the names of its declared columns, still as text."""
    match family.name:
        case "redis_price_current":
            return rows.unnest("value")
        case "redis_price_hist":
            return _history(rows, rejects)
        case "redis_risk_correlation":
            return _pairs_of_assets(rows, rejects).rename({"value": "correlation"})
    current = [name for name in rows.columns if name not in {"key", "ttl_ms", *family.parts}]
    declared = [c.name for c in family.columns if c.name not in {"ttl_ms", *family.parts}]
    return rows.rename(dict(zip(current, declared, strict=True)))


def _history(rows: pl.DataFrame, rejects: RejectPolicy) -> pl.DataFrame:
    """A row for each `["time", "price"]`."""
    points = rows.filter(pl.col("value").list.len() > 0).explode("value")
    malformed = pl.col("value").list.len().ne_missing(_PAIR)  # `[null]` holds a moment of which nothing is known
    for key, value in points.filter(malformed).select("key", "value").iter_rows():
        rejects.refuse(column="value", found=value, expected='["time", "price"]', key={"key": key})
    time, price = pl.col("value").list.get(0), pl.col("value").list.get(1)
    return points.filter(~malformed).with_columns(timestamp=time, price=price).drop("value")


def _pairs_of_assets(rows: pl.DataFrame, rejects: RejectPolicy) -> pl.DataFrame:
    split = rows.with_columns(pl.col("field").str.extract_groups("^(?P<asset_a>[^:]+):(?P<asset_b>[^:]+)$").alias("p"))
    malformed = pl.col("p").struct.field("asset_a").is_null()
    for key, field in split.filter(malformed).select("key", "field").iter_rows():
        rejects.refuse(column="field", found=field, expected="assetA:assetB", key={"key": key})
    return split.filter(~malformed).unnest("p")
