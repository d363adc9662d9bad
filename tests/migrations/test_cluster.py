"""With a cluster named, each table lies on its shards under a Distributed table of the same name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ys_analytics import migrations
from ys_analytics.errors import MigrationError
from ys_analytics.migrations.cluster import SHARDED_BY, cluster_of, for_cluster
from ys_analytics.migrations.files import read_files
from ys_analytics.schemas import TABLES

FILES = read_files(migrations.FOLDER / "clickhouse")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What a real engine with a cluster in its configuration says after all files, twice each, and their rollbacks."""
    folder = tmp_path_factory.mktemp("cluster")
    script = Path(__file__).with_name("shards.py")
    done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_rows_lie_in_local_tables_under_distributed_ones(report):
    """Each declared table is there twice: under its own name to ask, under `_local` to hold the rows."""
    declared = {table.name for table in TABLES.values() if table.store == "clickhouse"} | {"schema_migrations"}
    assert declared == set(SHARDED_BY)
    assert set(report["made"]) == {place for name in declared for place in (name, f"{name}_local")}
    for name, column in SHARDED_BY.items():
        assert report["made"][f"{name}_local"].startswith("MergeTree ")
        assert report["made"][name].startswith(f"Distributed('ys', 'default', '{name}_local', cityHash64({column})")


def test_projections_and_retention_are_of_the_rows(report):
    """What condenses or forgets rows is where the rows are."""
    assert report["projections"] == ["market_data_local", "yield_metrics_local"]
    assert "toIntervalDay(30)" in report["kept"]


def test_the_database_says_over_which_cluster_it_is_spread_and_down_leaves_nothing(report):
    """No one has to remember it."""
    assert report["clusters"] == ["", "ys"]
    assert report["left"] == {}


def test_undoing_an_import_of_a_cluster_is_refused_plainly(report):
    """Its keys would have to stand on every shard; what an operator can do is said."""
    assert "rows of market_data are on the cluster ys" in report["undo"]
    assert "ON CLUSTER, or restore a backup" in report["undo"]


def test_every_statement_is_sent_to_every_shard():
    """None would hold on the shard that was asked alone."""
    for file in FILES:
        for statement in (*for_cluster(file.up, "ys"), *for_cluster(file.rollback, "ys")):
            assert statement.count(" ON CLUSTER `ys`") == 1, file.name


def test_without_a_cluster_a_statement_stays_as_it_is():
    """One server's tables are its own."""
    assert [for_cluster(file.up, "") for file in FILES] == [(file.up,) for file in FILES]


@pytest.mark.parametrize("statement", ["OPTIMIZE TABLE market_data", "ALTER TABLE secrets DELETE WHERE 1", "SELECT 1"])
def test_what_has_no_such_shape_is_refused(statement):
    """A statement that would hold on one shard alone is worse than none."""
    with pytest.raises(MigrationError, match="no way to run this on the shards of ys"):
        for_cluster(statement, "ys")


def test_the_embedded_engine_has_no_shards(columns, settings):
    """The setting without a server is a mistake, and nothing is made."""
    with pytest.raises(MigrationError, match="needs a server of it in YS_CLICKHOUSE_URL"):
        migrations.up(columns, settings=settings.model_copy(update={"clickhouse_cluster": "ys"}))
    assert columns.clickhouse.rows("SHOW TABLES") == []
    assert cluster_of(columns.clickhouse) == ""


def test_a_table_is_emptied_where_its_rows_are(columns, settings):
    """`ys demo --replace` empties what it will fill."""
    migrations.up(columns, settings=settings)
    columns.clickhouse.run(
        "INSERT INTO satellite_performance (timestamp, agent_id) VALUES ('2026-01-01 00:00:00', 'x')"
    )
    migrations.empty_table(columns.clickhouse, "satellite_performance")
    assert columns.clickhouse.rows("SELECT count() FROM satellite_performance") == [(0,)]


def test_a_database_made_for_one_server_is_not_half_spread(columns, settings):
    """The setting cannot move rows; the error says what to do."""
    migrations.up(columns, settings=settings)
    with pytest.raises(MigrationError, match="was made for one server; set it back, or name an empty database"):
        migrations.up(columns, settings=settings.model_copy(update={"clickhouse_cluster": "ys"}))
