"""A process of its own: every ClickHouse migration spread over a cluster of two shards, on the real engine.

An engine reads its clusters from a file when it starts, so this cannot be the engine of the other tests. It
has no Keeper to pass a statement on with, so `ON CLUSTER` is taken off and each statement runs here alone.
Prints what the tables then are, as JSON, and what is left after the rollbacks.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import clickhouse_connect

from ys_analytics.errors import UsageError
from ys_analytics.ingest.import_log import refuse_on_cluster
from ys_analytics.migrations import FOLDER
from ys_analytics.migrations.cluster import cluster_of, for_cluster
from ys_analytics.migrations.files import read_files
from ys_analytics.stores import ClickHouseAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.common.sockets import OpenSockets

CLUSTER = "ys"
SHARD = "<shard><replica><host>127.0.0.{}</host><port>9000</port></replica></shard>"
TABLES = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"


def undoing(store: ClickHouse) -> str:
    """What undoing an import of prices says here."""
    try:
        refuse_on_cluster(cast("Stores", SimpleNamespace(clickhouse=store)), ["market_data"], "abc")
    except UsageError as error:
        return str(error)
    return ""


def main(folder: Path) -> None:
    """Up, look, down, look."""
    config = folder / "cluster.xml"
    shards = SHARD.format(1) + SHARD.format(2)
    config.write_text(f"<clickhouse><remote_servers><{CLUSTER}>{shards}</{CLUSTER}></remote_servers></clickhouse>")
    client = clickhouse_connect.get_client(interface="chdb", path=f"{folder}/stores?config-file={config}")
    store = ClickHouse(ClickHouseAddress(folder=folder), client, OpenSockets())

    def run(statement: str) -> None:
        for each in for_cluster(statement.rstrip(";"), CLUSTER):
            store.run(each.replace(f" ON CLUSTER `{CLUSTER}`", "", 1))

    files = read_files(FOLDER / "clickhouse")
    before = cluster_of(store)
    for file in [*files, *files]:
        run(file.up)
    made = dict(store.rows(TABLES))
    run("ALTER TABLE dex_trades MODIFY TTL toDateTime(timestamp) + toIntervalDay(30)")
    kept = dict(store.rows(TABLES))["dex_trades_local"]
    projections = [name for (name,) in store.rows("SELECT table FROM system.projections ORDER BY table")]
    during = cluster_of(store)
    refused = undoing(store)
    for file in reversed(files):
        run(file.rollback)
    left = dict(store.rows(TABLES))
    report = {
        "made": made,
        "kept": kept,
        "projections": projections,
        "clusters": [before, during],
        "left": left,
        "undo": refused,
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
