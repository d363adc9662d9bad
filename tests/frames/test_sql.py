"""SQL over frames: UTC on every machine, types as declared, one SELECT, nothing written, and an end to every query."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import frames
from ys_analytics.errors import UsageError
from ys_analytics.frames import sql
from ys_analytics.schemas import MONEY, TABLES, TIME, Limits

from .conftest import WEEK

AS_OF = datetime(2026, 11, 27, tzinfo=UTC)
ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Pacific/Apia")
NAMES = ("portfolios", "assets", "transactions", "portfolio_snapshots", "market_sentiment")

ANYWHERE = """
import json, sys, polars as pl
from datetime import UTC, datetime
from pathlib import Path
from ys_analytics.frames import open_run, sql
query = ("SELECT timestamp::DATE AS day, extract(hour FROM timestamp) AS hour, date_trunc('day', timestamp) AS start, "
         "timestamp, '2026-11-16 02:00'::TIMESTAMPTZ AS said, timestamp::VARCHAR AS text, "
         "timestamp - '2026-11-16'::DATE AS since FROM {} ORDER BY timestamp LIMIT 3")
at = [datetime(2026, 11, *moment, tzinfo=UTC) for moment in ((16, 2), (16, 20), (17, 3))]
live = sql.query_frames(query.format("snaps"), {"snaps": pl.DataFrame({"timestamp": at})})
frozen = open_run(Path(sys.argv[1])).sql(query.format("portfolio_snapshots"))
print(json.dumps([[str(frame.schema), [str(row) for row in frame.rows()]] for frame in (live, frozen)]))
"""


@pytest.fixture(scope="module")
def run(economy, tmp_path_factory):
    """A few frames of a small economy, frozen."""
    return frames.freeze(economy, week=WEEK, out=tmp_path_factory.mktemp("out"), as_of=AS_OF, tables=NAMES)


def test_a_day_is_a_utc_day_on_every_machine(run):
    """The same rows, days, hours, texts and types come back in every zone of the machine."""
    answers = {}
    for zone in ZONES:
        done = subprocess.run(
            [sys.executable, "-c", ANYWHERE, run.folder],
            env=os.environ | {"TZ": zone},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        answers[zone] = done.stdout
    assert len(set(answers.values())) == 1, answers
    (schema, rows), (frozen_schema, _) = json.loads(answers["Asia/Tokyo"])
    assert "2026, 11, 16), 2" in rows[0]
    assert "2026, 11, 17), 3" in rows[2]
    assert schema.count("Datetime(time_unit='us', time_zone='UTC')") == 3
    assert schema == frozen_schema


@pytest.mark.parametrize("name", NAMES)
def test_columns_come_back_as_declared(run, name):
    """A whole table asked in SQL is the frame itself; only enumerations come as text."""
    frame = run.frame(name)
    expected = frame.with_columns(pl.col(pl.Enum).cast(pl.String))
    assert run.sql(f"FROM {name}").equals(expected)
    assert sql.query_frames(f"FROM {name}", {name: frame}).equals(expected)
    assert run.sql(f"FROM {name} LIMIT 0").schema == expected.schema


def test_an_answer_joins_with_a_frame(run):
    """Times, ids and amounts of an answer are the types that frames join on and add to."""
    found = run.sql("SELECT portfolio_id, max(timestamp) AS timestamp FROM portfolio_snapshots GROUP BY ALL")
    joined = found.join(run.frame("portfolio_snapshots"), on=["portfolio_id", "timestamp"], how="inner")
    assert joined.height == found.height == run.frame("portfolio_snapshots")["portfolio_id"].n_unique()
    assert run.sql("SELECT sum(total_value) AS v FROM portfolio_snapshots").schema == {"v": MONEY}


ROWS = {
    "rows": pl.DataFrame(
        {"moment": [datetime(2026, 11, 16, 2, tzinfo=UTC)], "n": [3]}, schema={"moment": TIME, "n": pl.Int64}
    )
}


@pytest.mark.parametrize(
    ("expression", "dtype", "value"),
    [
        ("moment - TIMESTAMPTZ '2026-11-15 00:00Z'", pl.Duration("us"), timedelta(days=1, hours=2)),
        ("NULL::INTERVAL", pl.Duration("us"), None),
        ("sum(n)", pl.Int64(), 3),
        ("1.5::DECIMAL(38, 18)", MONEY, Decimal("1.5")),
        ("'0192f0c1-0000-7000-8000-000000000000'::UUID", pl.String(), "0192f0c1-0000-7000-8000-000000000000"),
        ("'a'::ENUM('a', 'b')", pl.String(), "a"),
        ("TIMESTAMP_S '2026-11-16 01:00:00'", pl.Datetime("us"), datetime(2026, 11, 16, 1)),  # noqa: DTZ001 - asked so
        ("[sum(n)]", pl.List(pl.Int64()), [3]),
        ("{'a': sum(n)}", pl.Struct({"a": pl.Int64()}), {"a": 3}),
        ("MAP {'a': sum(n)}", pl.List(pl.Struct({"key": pl.String(), "value": pl.Int64()})),
         [{"key": "a", "value": 3}]),
        ("'{}'::JSON", pl.String(), "{}"),
        ("moment::DATE", pl.Date(), date(2026, 11, 16)),
    ],
)  # fmt: skip
def test_a_type_polars_lacks_is_converted_by_rule(expression, dtype, value):
    """Each rule of the module gives the type it names, for a value and for none."""
    found = sql.query_frames(f"SELECT {expression} AS x FROM rows GROUP BY moment", ROWS)  # noqa: S608 - our own
    assert found.schema == {"x": dtype}
    (cell,) = found["x"].to_list()
    assert cell == value


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("union_value(a := 1)", 'type UNION(a INTEGER), which a frame cannot hold; write "x"::VARCHAR'),
        ("'101'::BIT", 'write "x"::VARCHAR'),
        ("'01:00:00+02'::TIMETZ", 'write "x"::TIME'),
        ("[union_value(a := 1)]", "column 'x' is of type UNION"),
        ("INTERVAL 2 MONTH", "column 'x' is an interval with months"),
        ("1e30::HUGEINT", "column 'x' has a whole number beyond 64 bits"),
    ],
)  # fmt: skip
def test_a_type_without_a_rule_is_refused_by_column(expression, said):
    """The line names the column and the cast to write, and the cast works."""
    with pytest.raises(UsageError) as refused:
        sql.query_frames(f"SELECT {expression} AS x", {})
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert sql.query_frames(f"SELECT ({expression})::VARCHAR AS x", {}).schema == {"x": pl.String()}


def test_two_columns_of_one_name_are_both_there():
    """A join of two tables keeps every column; the later one is numbered."""
    assert sql.query_frames("SELECT 1 AS id, 2 AS id, 3 AS id_1", {}).row(0, named=True) == {
        "id": 1,
        "id_2": 2,
        "id_1": 3,
    }


WRITES = (
    "COPY (SELECT 1) TO '{}/mine.parquet' (FORMAT parquet)",
    "COPY assets TO '{}/assets.parquet' (FORMAT parquet)",
    "EXPORT DATABASE '{}'",
    "ATTACH '{}/mine.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA enable_profiling",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE OR REPLACE VIEW assets AS SELECT 1",
    "DROP VIEW assets",
    "CALL duckdb_settings()",
    "EXPLAIN ANALYZE SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{}/mine.csv'",
    "PIVOT assets ON symbol",
    "",
    "-- nothing",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM '{}/../manifest.json'",
    "SELECT * FROM read_text('{}/../manifest.json')",
    "SELECT * FROM hidden",
)


@pytest.mark.parametrize("query", WRITES)
def test_a_query_reads_the_frames_and_does_nothing_else(run, query):
    """Everything that writes, changes a setting, reads another file or is several statements is refused in one line."""
    hidden = pl.DataFrame({"secret": [1]})
    inside = run.folder / "frames"
    before = sorted(run.folder.rglob("*"))
    with pytest.raises(UsageError, match=r"^sql: [^\n]+$"):
        run.sql(query.format(inside))
    with pytest.raises(UsageError, match=r"^sql: [^\n]+$"):
        sql.query_frames(query.format(inside), {"assets": run.frame("assets")})
    assert sorted(run.folder.rglob("*")) == before
    assert frames.open_run(run.folder).tables == run.tables
    assert hidden.height == 1


def test_duckdbs_hints_are_kept(run):
    """A name nearly right is answered with the right one, over a run and over live tables alike."""
    for ask in (run.sql, sql.tables_read):
        with pytest.raises(UsageError, match='Did you mean "transactions"'):
            ask("SELECT * FROM transaktions")
        with pytest.raises(UsageError, match='"symbol"'):
            ask("SELECT simbol FROM assets")
        with pytest.raises(UsageError, match=r'named "simbol"(; did you mean symbol| Candidate bindings: : "symbol")'):
            ask("SELECT a.simbol FROM assets a")
        with pytest.raises(UsageError, match=r"; protocol_name is in pg.transactions, ch.yield_metrics"):
            ask("SELECT a.protocol_name FROM assets a")


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("SELECT 'transactions' FROM assets -- portfolios", ["assets"]),
        ("WITH mine AS (SELECT * FROM Assets) SELECT * FROM mine", ["assets"]),
        ('SELECT * FROM main."transactions" t JOIN portfolios p ON p.id = t.portfolio_id',
         ["portfolios", "transactions"]),
        ("SELECT * FROM portfolio_snapshots JOIN risk_metrics USING (portfolio_id, timestamp)",
         ["portfolio_snapshots", "risk_metrics"]),
        ("SELECT (SELECT count(*) FROM users)", ["users"]),
        ("SELECT * FROM range(3) AS market_data", []),
        ("SUMMARIZE assets", ["assets"]),
        ("DESCRIBE assets", ["assets"]),
    ],
)  # fmt: skip
def test_the_tables_of_a_query_are_found_by_its_parser(query, tables):
    """A name in a string, a comment or an alias loads nothing; a table is found however it is written."""
    assert sorted(sql.tables_read(query)) == sorted(tables)


ENDLESS = (
    "SELECT count(*) FROM range(10000000) a, range(10000000) b",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "SELECT sum(range) FROM range(100000000000000)",
)


@pytest.mark.parametrize("query", ENDLESS)
def test_a_query_without_end_is_stopped(query):
    """The deadline ends it, in one line that names the setting."""
    began = time.monotonic()
    with pytest.raises(UsageError, match=r"stopped after 0.3 seconds; .*YS_STATEMENT_TIMEOUT"):
        sql.query_frames(query, {}, limits=Limits(seconds=0.3))
    assert time.monotonic() - began < 5


def test_an_answer_too_large_is_refused():
    """Rows, bytes of the answer and memory of the engine each have a bound that is an error, not a shorter answer."""
    with pytest.raises(UsageError, match="larger than 1,000 rows; add a LIMIT"):
        sql.query_frames("SELECT * FROM range(1001)", {}, limits=Limits(rows=1_000))
    assert sql.query_frames("SELECT * FROM range(1000)", {}, limits=Limits(rows=1_000)).height == 1_000
    with pytest.raises(UsageError, match="larger than 16 MiB"):
        sql.query_frames("SELECT repeat('x', 100000) FROM range(1000)", {}, limits=Limits(memory=2**24))
    with pytest.raises(UsageError, match=r"needs more than 64 MiB of memory; ask for fewer rows [^\n]+$"):
        sql.query_frames(
            "SELECT a.range, b.range FROM range(10000) a, range(10000) b ORDER BY hash(a.range + b.range)",
            {},
            limits=Limits(memory=2**26),
        )


@pytest.mark.parametrize("after", [0.3, 1.0], ids=["while it begins", "in the middle"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("query", ENDLESS[:2])
def test_ctrl_c_ends_a_query(query, sent, after):
    """A signal ends the process within two seconds: while modules are imported and tables made, and in the query."""
    program = f"from ys_analytics.frames import sql; print('asking', flush=True); sql.query_frames({query!r}, {{}})"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == "asking\n"
        timer = threading.Timer(after, asking.send_signal, [sent])
        timer.start()
        began = time.monotonic()
        asking.wait(30)
        assert after <= time.monotonic() - began < after + 3.0
        assert asking.returncode != 0


def test_a_portfolio_sees_its_own_rows(run):
    """Tables with an owner are restricted to one portfolio's rows; tables without come whole."""
    mine = run.frame("portfolios")["id"][2]
    for name in NAMES:
        owner, frame = TABLES[name].portfolio, run.frame(name)
        expected = frame if owner is None else frame.filter(pl.col(owner) == mine)
        assert run.sql(f"FROM {name}", portfolio=mine).height == expected.height
        assert run.sql(f"FROM {name}").height == frame.height
