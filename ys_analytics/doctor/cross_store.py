"""Compare ids between the stores: every id that one of them uses must exist in the store that owns it.

Depends on what the columns refer to. Does not look at caches that expire, nor at keys within one store.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ys_analytics.doctor.answer import Answer
from ys_analytics.schemas import TABLES, Column, KeyFamily, Store, Table
from ys_analytics.schemas.rules import Refers
from ys_analytics.stores import Stores


@dataclass
class StoreIds:
    """Ids read so far, owned and used; a store that could not be read is not compared."""

    owned: dict[str, set[str]] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)

    def collect(self, store: Store, stores: Stores) -> None:
        """Read the ids of one open store."""
        reader = stores.reader(store)
        for table, column, refers in _references_between_stores():
            owner = TABLES[refers.table]
            if owner.store == store and refers.to not in self.owned:
                self.owned[refers.to] = reader.distinct(owner, refers.column)
            if table.store == store:
                self.used[_column_name(table, column)] = reader.distinct(table, column.name)

    def compare(self) -> list[Answer]:
        """One answer for each reference: whether the owning store has all ids that are used."""
        answers = []
        for table, column, refers in _references_between_stores():
            column_name = _column_name(table, column)
            if refers.to not in self.owned or column_name not in self.used:
                continue
            used, owner = self.used[column_name], refers.table
            missing = sorted(used - self.owned[refers.to])
            text = f"{column_name}: {len(used)} ids, all of them in {owner}"
            if missing:
                text = f"{column_name}: {len(missing)} of {len(used)} ids are in no {owner}, such as {missing[0]}"
            answers.append(Answer("all", "ids agree", text, ok=not missing))
        return answers


def _references_between_stores() -> Iterator[tuple[Table, Column, Refers]]:
    """Each column that refers to another store, in a table that stays.

    >>> sorted({table.name for table, _, _ in _references_between_stores()})[:3]
    ['market_data', 'portfolio_snapshots', 'redis_risk_correlation']
    """
    for table in TABLES.values():
        if isinstance(table, KeyFamily) and table.ttl is not None:
            continue
        for column in table.visible:
            refers = column.references
            if refers is not None and TABLES[refers.table].store != table.store:
                yield table, column, refers


def _column_name(table: Table, column: Column) -> str:
    """Table and column, such as `market_data.asset_id`."""
    return f"{table.name}.{column.name}"
