"""One row a store, even when others fail."""

import os

from pydantic import SecretStr

from ys_analytics import local
from ys_analytics.settings import Settings


def test_open_stores_say_what_they_are(stores, analyst):
    for role, opened in (("reads and writes", stores), ("reads only", analyst)):
        rows = {row.store: row for row in local.probe(opened)}
        assert list(rows) == list(local.ALL)
        assert all(row.running and row.mode == "embedded" and row.latency_ms > 0 for row in rows.values())
        assert rows["postgres"].version.startswith("PostgreSQL 18.")
        assert rows["clickhouse"].version.startswith("ClickHouse 26.")
        assert rows["redis"].version.startswith("valkey 9.")
        assert rows["qdrant"].version.startswith("qdrant-client local mode 1.")
        assert {rows[name].role.split(", ")[1] for name in ("postgres", "clickhouse")} == {role}


def test_a_held_folder_names_its_holder(settings, stores):  # noqa: ARG001 - holds them
    rows = {row.store: row for row in local.status(settings)}
    for name in ("clickhouse", "qdrant"):
        assert rows[name].pid == os.getpid()
        assert "(the tests, since " in rows[name].note
    assert rows["postgres"].pid not in {None, os.getpid()}


def test_stores_that_are_down_say_what_to_do(tmp_path):
    rows = local.status(Settings(_env_file=None, home=tmp_path / "home"))
    assert [(row.store, row.running, row.note) for row in rows] == [
        ("postgres", False, "run: ys up"),
        ("clickhouse", False, "empty; run: ys migrate up"),
        ("redis", False, "run: ys up"),
        ("qdrant", False, "empty; run: ys migrate up"),
    ]
    assert not any(row.is_failing for row in rows)
    assert not (tmp_path / "home").exists()


def test_servers_that_do_not_answer_are_rows_without_secrets(tmp_path):
    nobody = Settings(
        _env_file=None,
        home=tmp_path,
        statement_timeout=1,
        postgres_url=SecretStr("postgresql://me:s3cret@127.0.0.1:1/ys"),
        clickhouse_url=SecretStr("http://me:s3cret@127.0.0.1:1/ys"),
        redis_url=SecretStr("redis://me:s3cret@127.0.0.1:1/0"),
        qdrant_url=SecretStr("http://127.0.0.1:1"),
        qdrant_api_key=SecretStr("s3cret"),
    )
    rows = local.status(nobody)
    assert [row.store for row in rows] == list(local.ALL)
    for row in rows:
        assert (row.mode, row.running, row.is_failing) == ("server", False, True)
        assert row.note
        assert "s3cret" not in repr(row)
        assert "\n" not in row.note
