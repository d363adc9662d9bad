"""What lies between the stores: every id that one of them uses must exist in the one that owns it."""

from dataclasses import dataclass, field

from ys_analytics.doctor.answer import Answer
from ys_analytics.schemas import TABLES, KeyFamily, Store, Table
from ys_analytics.stores import Stores

# What owns each kind of id, and who else uses it.
_OWNERS = {"portfolio": "portfolios", "asset": "assets", "agent": "satellite_agents"}
_USERS = {
    "portfolio": ("portfolio_snapshots", "risk_metrics", "redis_risk_liquidation"),
    "asset": ("market_data",),
    "agent": ("satellite_performance",),
}


@dataclass
class Known:
    """The ids each store named so far; a store that could not be asked has named none and is not compared."""

    owned: dict[str, set[str]] = field(default_factory=dict)
    used: dict[str, dict[str, set[str]]] = field(default_factory=lambda: {kind: {} for kind in _OWNERS})

    def learn(self, store: Store, stores: Stores) -> None:
        """Take the ids one open store has."""
        reader = stores.reader(store)
        for kind, owner in _OWNERS.items():
            if TABLES[owner].store == store:
                self.owned[kind] = reader.distinct(TABLES[owner], "id")
            for table in (TABLES[user] for user in _USERS[kind]):
                if table.store == store:
                    self.used[kind][_place(table, kind)] = reader.distinct(table, f"{kind}_id")

    def compare(self) -> list[Answer]:
        """Ids that are used and that the owning store lacks."""
        answers = []
        for kind, owned in self.owned.items():
            for place, used in self.used[kind].items():
                strangers = sorted(used - owned)
                said = f"{place}: {len(used)} {kind}s, all of them in {_OWNERS[kind]}"
                if strangers:
                    said = f"{place}: {len(strangers)} of {len(used)} are in no {_OWNERS[kind]}, such as {strangers[0]}"
                answers.append(Answer("all", "ids agree", said, well=not strangers))
        return answers


def _place(table: Table, kind: str) -> str:
    """Where ids are used, as people look it up: a column, or a key of Redis."""
    return table.pattern if isinstance(table, KeyFamily) else f"{table.name}.{kind}_id"
