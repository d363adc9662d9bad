"""The doctor says what is so: well on sound stores, and by name what is not."""

import pytest

_AS_OWNER = """
import sys
from ys_analytics.local import open_stores
from ys_analytics.settings import load_settings
with open_stores(load_settings(), only=(sys.argv[1],), role="owner", purpose="harm") as stores:
    getattr(stores, sys.argv[1]).run(sys.argv[2])
"""


def as_owner(ys, store: str, statement: str) -> None:
    """Run one statement on the command's stores, in the command's process: chDB holds one folder per process."""
    ys.program(_AS_OWNER, store, statement)


def test_sound_stores_have_no_problem(ys):
    """On migrated and filled stores every store is asked, nothing is wrong, and the exit code says so."""
    done = ys("doctor")
    assert done.returncode == 0, done.stdout
    assert {line.split()[0] for line in done.stdout.splitlines()[1:] if line[0] != " "} == {
        "postgres", "clickhouse", "redis", "qdrant", "all",
    }  # fmt: skip
    assert "!!" not in done.stdout


def test_a_table_is_late_by_its_own_pace(ys):
    """Hourly prices that ended with the demo are late and say so; a registry has no pace; `--fresh` exits 11."""
    done = ys("doctor", "--fresh")
    assert done.returncode == 11
    (line,) = [line for line in done.stdout.splitlines() if "market_data: late" in line]
    assert line.split()[:3] == ["clickhouse", "freshness", "late"]
    assert "last row 2026-11-22 23:59" in line
    assert line.rstrip().endswith("usually every 1h")
    assert not [line for line in done.stdout.splitlines() if "portfolios: late" in line]
    assert "tables are late" in done.stderr


@pytest.mark.parametrize(
    ("store", "harm", "mend", "said"),
    [
        pytest.param(
            "postgres",
            "GRANT SELECT (password_hash) ON users TO ys_analyst",
            "REVOKE SELECT (password_hash) ON users FROM ys_analyst",
            "users.password_hash",
            id="a secret the analyst may read",
        ),
        pytest.param(
            "postgres",
            "ALTER TABLE portfolios ALTER COLUMN max_drawdown TYPE numeric(6, 4)",
            "ALTER TABLE portfolios ALTER COLUMN max_drawdown TYPE numeric(5, 4)",
            "portfolios: column max_drawdown is numeric(6,4), not numeric(5,4)",
            id="a column that drifted",
        ),
        pytest.param(
            "postgres",
            "REVOKE SELECT ON assets FROM ys_analyst",
            "GRANT SELECT ON assets TO ys_analyst",
            "may read",
            id="a table the analyst may not read",
        ),
        pytest.param(
            "clickhouse",
            "RENAME TABLE dex_trades TO dex_trades_away",
            "RENAME TABLE dex_trades_away TO dex_trades",
            "dex_trades: the table is gone",
            id="a table that is gone",
        ),
        pytest.param(
            "clickhouse",
            "INSERT INTO risk_metrics VALUES ('2026-11-01', '00000000-0000-0000-0000-00000000dead', 1, 1, 0, 1, 0)",
            "DELETE FROM risk_metrics WHERE portfolio_id = '00000000-0000-0000-0000-00000000dead'",
            "00000000-0000-0000-0000-00000000dead",
            id="an id that nobody owns",
        ),
    ],
)
def test_what_is_wrong_is_named(ys, store, harm, mend, said):
    """Each harm is one line with a name in it, and the exit code of a store that is not well."""
    as_owner(ys, store, harm)
    try:
        done = ys("doctor")
    finally:
        as_owner(ys, store, mend)
    assert done.returncode == 11
    assert [line for line in done.stdout.splitlines() if "!!" in line and said in line]


def test_a_store_that_is_down_hides_no_other(ys):
    """One server out of reach is one answer; the other three are still asked."""
    done = ys("doctor", YS_REDIS_URL="redis://:long-secret@127.0.0.1:1")
    unwell = [line.split()[0] for line in done.stdout.splitlines() if "!!" in line]
    assert unwell == ["redis"]
    assert {"postgres", "clickhouse", "qdrant"} <= {line.split()[0] for line in done.stdout.splitlines()}
    assert "long-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("store", "wrong", "says"),
    [
        (
            "clickhouse",
            {"YS_CLICKHOUSE_URL": "http://me:long-secret@127.0.0.1:1/ys?no_such_option=1"},
            "no_such_option",
        ),
        ("qdrant", {"YS_QDRANT_URL": "http://me:long/secret@127.0.0.1:1"}, "YS_QDRANT_URL: not a URL"),
    ],
)
def test_a_url_that_cannot_be_read_hides_no_other(ys, store, wrong, says):
    """A wrong URL is one answer, like a server that is down."""
    done = ys("doctor", **wrong)
    unwell = [line for line in done.stdout.splitlines() if "!!" in line]
    assert [line.split()[0] for line in unwell] == [store]
    assert says in unwell[0]
    assert done.returncode == 11
    assert "long" not in done.stdout + done.stderr


def test_a_replica_has_lines_of_its_own(ys):
    """The primary and the replica are asked by their own addresses: either may be down alone."""
    settings = {
        "YS_POSTGRES_URL": "postgresql://me:long-secret@127.0.0.1:1/ys",
        "YS_POSTGRES_REPLICA_URL": "postgresql://me:long-secret@127.0.0.1:2/ys",
    }
    done = ys("status", **settings)
    rows = [line for line in done.stdout.splitlines() if line.startswith("postgres")]
    assert [line.split()[:2] for line in rows] == [["postgres", "primary"], ["postgres", "replica"]]
    assert "127.0.0.1:1/ys" in rows[0]
    assert "127.0.0.1:2/ys" in rows[1]
    assert "postgres primary, postgres replica did not answer" in done.stderr
    done = ys("doctor", **settings)
    unwell = [line for line in done.stdout.splitlines() if "!!" in line]
    assert [line.split()[:2] for line in unwell] == [
        ["postgres", "answers"],
        ["postgres", "replica"],
        ["postgres", "replica"],
    ]
    assert "YS_REPLICA_FALLBACK=true" in done.stdout  # a long answer is folded
    assert {"clickhouse", "redis", "qdrant"} <= {line.split()[0] for line in done.stdout.splitlines()}
    assert "long-secret" not in done.stdout + done.stderr
