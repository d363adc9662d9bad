"""The schema of the four stores: brought up, taken down, and compared with what is there.

PostgreSQL and ClickHouse follow numbered SQL files and a ledger each; Qdrant's collections and Redis' key
families follow their declarations in `schemas`. Knows no data but the eight satellites.

A store that is not opened in the bundle is left alone.
"""

from ys_analytics.migrations.cluster import empty_table
from ys_analytics.migrations.files import FOLDER
from ys_analytics.migrations.runner import down, require_schema, schema_version, status, up
from ys_analytics.migrations.step import Applied, State, Step
from ys_analytics.migrations.upkeep import make_partitions, refresh

__all__ = [
    "FOLDER",
    "Applied",
    "State",
    "Step",
    "down",
    "empty_table",
    "make_partitions",
    "refresh",
    "require_schema",
    "schema_version",
    "status",
    "up",
]
