"""What lies between the stores: every id that one of them uses must exist in the one that owns it."""

from dataclasses import dataclass, field

from ys_analytics.doctor.answer import Answer
from ys_analytics.schemas import Store
from ys_analytics.stores import Stores

# What owns each kind of id, and who else uses it.
_OWNERS = {"portfolio": "portfolios", "asset": "assets", "agent": "satellite_agents"}
_USERS = {
    "portfolio": ("portfolio_snapshots.portfolio_id", "risk_metrics.portfolio_id"),
    "asset": ("market_data.asset_id",),
    "agent": ("satellite_performance.agent_id",),
}
_LIQUIDATION = "risk:liquidation"


@dataclass
class Known:
    """The ids each store named so far; a store that could not be asked has named none and is not compared."""

    owned: dict[str, set[str]] = field(default_factory=dict)
    used: dict[str, dict[str, set[str]]] = field(default_factory=lambda: {kind: {} for kind in _OWNERS})

    def learn(self, store: Store, stores: Stores) -> None:
        """Take the ids one open store has."""
        if store == "postgres":
            for kind, table in _OWNERS.items():
                self.owned[kind] = {str(row[0]) for row in stores.postgres.rows(f"SELECT id FROM {table}")}  # noqa: S608 - ours
        if store == "clickhouse":
            for kind, places in _USERS.items():
                for place in places:
                    table, column = place.split(".")
                    rows = stores.clickhouse.rows(f"SELECT DISTINCT {column} FROM {table}")  # noqa: S608 - ours
                    self.used[kind][place] = {str(row[0]) for row in rows}
        if store == "redis":
            members = stores.redis.read(_LIQUIDATION, "zset")["member"]
            self.used["portfolio"][_LIQUIDATION] = set(members.cast(str).to_list())

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
