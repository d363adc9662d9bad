"""Migrations of the four stores' schema: apply, undo, and compare with what is there.

PostgreSQL and ClickHouse follow numbered SQL files and a ledger each; Qdrant's collections and Redis' key
families follow their declarations in `schemas`. Knows no data but the eight satellites.

A store that is not opened in the bundle is left alone.
"""

from ys_analytics.migrations.cluster import cluster_of, delete_rows, empty_table
from ys_analytics.migrations.files import FOLDER
from ys_analytics.migrations.for_dba import dba_sql
from ys_analytics.migrations.runner import down, require_schema, schema_version, status, up
from ys_analytics.migrations.step import Applied, State, Step
from ys_analytics.migrations.upkeep import MAX_MONTHS, STORES_KEPT_UP, drop_far_partitions, make_partitions, refresh

__all__ = [
    "FOLDER",
    "MAX_MONTHS",
    "STORES_KEPT_UP",
    "Applied",
    "State",
    "Step",
    "cluster_of",
    "dba_sql",
    "delete_rows",
    "down",
    "drop_far_partitions",
    "empty_table",
    "make_partitions",
    "refresh",
    "require_schema",
    "schema_version",
    "status",
    "up",
]
