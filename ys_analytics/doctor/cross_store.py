"""Keys between the stores: every id that one of them uses must exist in the one that owns it.

Depends on what the columns refer to. Does not look at caches that expire, nor at keys within one store.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ys_analytics.doctor.answer import Answer
from ys_analytics.schemas import TABLES, Column, KeyFamily, Store, Table
from ys_analytics.schemas.rules import Refers
from ys_analytics.stores import Stores


@dataclass
class Known:
    """The ids each store named so far; a store that could not be asked has named none and is not compared."""

    owned: dict[str, set[str]] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)

    def learn(self, store: Store, stores: Stores) -> None:
        """Take the ids one open store has."""
        reader = stores.reader(store)
        for table, column, refers in _between():
            owner = TABLES[refers.table]
            if owner.store == store and refers.to not in self.owned:
                self.owned[refers.to] = reader.distinct(owner, refers.column)
            if table.store == store:
                self.used[_place(table, column)] = reader.distinct(table, column.name)

    def compare(self) -> list[Answer]:
        """Ids that are used and that the owning store lacks."""
        answers = []
        for table, column, refers in _between():
            place = _place(table, column)
            if refers.to not in self.owned or place not in self.used:
                continue
            used, owner = self.used[place], refers.table
            missing = sorted(used - self.owned[refers.to])
            said = f"{place}: {len(used)} ids, all of them in {owner}"
            if missing:
                said = f"{place}: {len(missing)} of {len(used)} ids are in no {owner}, such as {missing[0]}"
            answers.append(Answer("all", "ids agree", said, well=not missing))
        return answers


def _between() -> Iterator[tuple[Table, Column, Refers]]:
    """Each column that refers to another store, in a table that stays.

    >>> sorted({table.name for table, _, _ in _between()})[:3]
    ['market_data', 'portfolio_snapshots', 'redis_risk_correlation']
    """
    for table in TABLES.values():
        if isinstance(table, KeyFamily) and table.ttl is not None:
            continue
        for column in table.visible:
            refers = column.references
            if refers is not None and TABLES[refers.table].store != table.store:
                yield table, column, refers


def _place(table: Table, column: Column) -> str:
    """Where ids are used, as people look it up."""
    return f"{table.name}.{column.name}"
