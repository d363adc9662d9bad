"""A run is whole or not there: verified byte by byte, proven sum by sum, whatever else ran or was killed."""

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ys_analytics import frames
from ys_analytics.errors import RunError, StoreError, UsageError
from ys_analytics.frames import atomic
from ys_analytics.schemas import TABLES, KeyFamily, Span
from ys_analytics.stores import Stores
from ys_analytics.stores.postgres import Postgres

WEEK = "2026-W46"
AS_OF = datetime(2026, 11, 16, 6, tzinfo=UTC)
FEW = ["satellite_agents", "portfolio_snapshots", "redis_agent_config"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run(economy, tmp_path_factory) -> frames.Run:
    """The four stores frozen."""
    return frames.freeze(economy, week=WEEK, out=tmp_path_factory.mktemp("out"), as_of=AS_OF)


@pytest.fixture
def copy(run, tmp_path) -> Path:
    """The run's folder, to be ill-treated."""
    return Path(shutil.copytree(run.folder, tmp_path / WEEK))


def test_a_run_holds_every_table_up_to_the_end_of_its_week(economy, run):
    """All rows before it, and current state where there is no history; no secret family but in numbers."""
    opened = frames.open_run(run.folder)
    assert opened.manifest == run.manifest
    secret = {name for name, table in TABLES.items() if isinstance(table, KeyFamily) and table.secret}
    assert set(opened.tables) == set(TABLES) - secret
    assert set(opened.manifest.counted) == secret
    for name in opened.tables:
        frozen = opened.frame(name)
        assert dict(frozen.schema) == TABLES[name].schema
        assert_frame_equal(frozen, frames.load(economy, name, span=Span.until(Span.week(WEEK).end)))
        assert frozen.height == opened.manifest.frames[name].rows


def test_a_past_week_knows_nothing_of_what_came_after(economy, tmp_path):
    """No row of a later day, in the views that sum up days either, or every flow since would count as never made."""
    past = Span.week("2026-W45")
    run = frames.freeze(economy, week="2026-W45", out=tmp_path, as_of=AS_OF)
    placed = [TABLES[name] for name in run.tables if TABLES[name].span_column]
    assert {"daily_external_flows", "transactions", "portfolio_snapshots"} <= {table.name for table in placed}
    for table in placed:
        last = run.frame(table.name)[table.span_column].max()
        assert last is None or (last if table.time is None else last.date()) <= past.last_day, table.name
    assert frames.load(economy, "daily_external_flows")["day"].max() > past.last_day


def test_the_manifest_says_what_was_frozen_from_where(run):
    """Source, query, hash, last moment and proof of each frame, and the versions of everything."""
    said = json.loads((run.folder / "manifest.json").read_text())
    assert (said["week"], said["as_of"]) == (WEEK, AS_OF.isoformat())
    assert said["schema_version"].keys() == {"postgres", "clickhouse", "redis", "qdrant"}
    assert said["replica_lag"] is None  # there is one server, and it is the primary
    for name, record in said["frames"].items():
        assert len(record["sha256"]) == 64
        assert record["columns"] == {column: str(dtype) for column, dtype in TABLES[name].schema.items()}
        if TABLES[name].store != "redis":
            assert all(
                line["store"] == line["frame"] or float(line["store"]) == float(line["frame"])
                for line in record["proof"]
            )
    snapshots = said["frames"]["portfolio_snapshots"]
    assert snapshots["latest"] < Span.week(WEEK).end.isoformat()
    assert "portfolio_snapshots" in snapshots["query"]
    assert snapshots["parameters"]["end"] == str(Span.week(WEEK).end)


def test_the_same_rows_frozen_twice_are_the_same_bytes(economy, tmp_path):
    """Nothing of the clock, of a temporary name or of the way the rows arrived is in a run."""
    names = [name for name, table in TABLES.items() if table.store != "redis"]
    runs = [frames.freeze(economy, week=WEEK, out=tmp_path / out, as_of=AS_OF, tables=names) for out in ("a", "b")]
    files = [
        {path.relative_to(each.folder): path.read_bytes() for path in each.folder.rglob("*") if path.is_file()}
        for each in runs
    ]
    assert files[0] == files[1]
    assert len(files[0]) == len(names) + 1


def test_a_run_answers_sql_and_nothing_beyond_it(run):
    """DuckDB sees the frames as tables, and no other file."""
    found = run.sql("SELECT count(*) AS n, sum(total_value) AS value FROM portfolio_snapshots")
    snapshots = run.frame("portfolio_snapshots")
    assert found.row(0) == (snapshots.height, snapshots["total_value"].sum())
    for query in ("SELECT * FROM read_text('/etc/passwd')", "COPY (SELECT 1) TO 'x.csv'", "SELECT * FROM nothing"):
        with pytest.raises(UsageError):
            run.sql(query)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        pytest.param("frames/assets.parquet", b"PAR1 and nothing else", "no longer the bytes", id="other bytes"),
        pytest.param("frames/assets.parquet", None, "is missing", id="a missing file"),
        pytest.param("frames/more.parquet", b"", "not a file of this run", id="a file too many"),
        pytest.param("manifest.json", b"{", "not a whole manifest", id="half a manifest"),
        pytest.param("manifest.json", b"[]", "not a whole manifest", id="another kind of manifest"),
        pytest.param("manifest.json", None, "there is no run", id="no manifest"),
    ],
)
def test_a_run_that_was_touched_is_refused(copy, file, content, message):
    """The line names the file and says what to do."""
    frames.open_run(copy)
    (copy / file).unlink() if content is None else (copy / file).write_bytes(content)
    with pytest.raises(RunError, match=message):
        frames.open_run(copy)


def test_one_changed_bit_is_refused(copy):
    """Whichever it is: the hash is of the whole file."""
    path = copy / "frames" / "portfolio_snapshots.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(RunError, match=r"portfolio_snapshots\.parquet: no longer the bytes"):
        frames.open_run(copy)


def test_a_run_of_another_form_is_refused(copy):
    """A manifest written by another program is not guessed at."""
    path = copy / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(RunError, match="form 99"):
        frames.open_run(copy)


def test_a_new_freeze_takes_the_old_one_s_place_whole(economy, tmp_path):
    """Findings and reports of the old snapshot go with it: they are not of the new one."""
    first = frames.freeze(economy, week=WEEK, out=tmp_path, as_of=AS_OF, tables=FEW)
    (first.folder / "findings.json").write_text("[]")
    later = AS_OF.replace(hour=7)
    frames.freeze(economy, week=WEEK, out=tmp_path, as_of=later, tables=FEW[:1])
    second = frames.open_run(tmp_path / WEEK)
    assert (second.tables, second.manifest.as_of) == (("satellite_agents",), later)
    assert _visible(tmp_path) == [WEEK]
    assert not (second.folder / "findings.json").exists()


def test_a_freeze_that_fails_leaves_the_old_run(economy, tmp_path):
    """And nothing of itself."""
    frames.freeze(economy, week=WEEK, out=tmp_path, as_of=AS_OF, tables=FEW)
    before = frames.open_run(tmp_path / WEEK).manifest
    with pytest.raises(StoreError, match="was not opened"):
        frames.freeze(Stores(opened_postgres=economy.postgres), week=WEEK, out=tmp_path, as_of=AS_OF, tables=FEW)
    assert frames.open_run(tmp_path / WEEK).manifest == before
    assert _all(tmp_path) == [".runs.lock", WEEK]


@pytest.mark.parametrize(
    ("week", "as_of", "tables"),
    [
        pytest.param("2026-W60", AS_OF, FEW, id="no such week"),
        pytest.param("../2026-W46", AS_OF, FEW, id="a path for a week"),
        pytest.param(WEEK, AS_OF.replace(tzinfo=None), FEW, id="a moment without a zone"),
        pytest.param(WEEK, AS_OF, ["no_such_table"], id="no such table"),
    ],
)
def test_a_question_without_an_answer_makes_no_folder(economy, tmp_path, week, as_of, tables):
    """Asked wrongly, nothing is written."""
    with pytest.raises(UsageError):
        frames.freeze(economy, week=week, out=tmp_path / "out", as_of=as_of, tables=tables)
    assert not (tmp_path / "out").exists()


def test_postgres_is_frozen_at_one_moment(economy, tmp_path):
    """What another session commits between two tables is in neither of them."""

    def meddle(label: str, done: int = 0, total: int | None = None) -> None:  # noqa: ARG001 - the form of a progress
        if label == "assets" and not reported:
            reported.append(label)
            with Postgres.open(economy.postgres.address) as other:
                other.run("UPDATE satellite_agents SET version = '9.9.9'")

    reported: list[str] = []
    names = ["assets", "satellite_agents"]
    try:
        run = frames.freeze(economy, week=WEEK, out=tmp_path, as_of=AS_OF, tables=names, progress=meddle)
    finally:
        economy.postgres.run("UPDATE satellite_agents SET version = '1.0.0'")
    assert reported
    assert "9.9.9" not in run.frame("satellite_agents")["version"]


PROGRAM = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from ys_analytics import frames
from ys_analytics.stores import PostgresAddress, Stores
from ys_analytics.stores.postgres import Postgres

def ignore_progress(label, done=0, total=None):
    print(label, flush=True)
    if {wait!r} and label == "satellite_agents":
        time.sleep(600)

with Postgres.open(PostgresAddress({conninfo!r})) as store:
    frames.freeze(
        Stores(opened_postgres=store), week={week!r}, out=Path({out!r}), as_of=datetime(2026, 11, 16, tzinfo=UTC),
        tables=["assets", "satellite_agents", "agent_tasks"], progress=ignore_progress,
    )
"""


def _freezing(economy: Stores, out: Path, *, wait: bool) -> subprocess.Popen[str]:
    program = PROGRAM.format(conninfo=economy.postgres.address.conninfo, week=WEEK, out=str(out), wait=wait)
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_freeze_that_was_killed_leaves_nothing_that_stops_the_next(economy, tmp_path, how):
    """Half a run never shows, and the next freeze removes what is left of it."""
    with _freezing(economy, tmp_path, wait=True) as killed:
        while killed.stdout.readline().strip() != "satellite_agents":
            pass
        killed.send_signal(how)
    assert killed.returncode != 0
    assert _visible(tmp_path) == []
    with pytest.raises(RunError):
        frames.open_run(tmp_path / WEEK)
    frames.freeze(economy, week=WEEK, out=tmp_path, as_of=AS_OF, tables=FEW)
    assert _all(tmp_path) == [".runs.lock", WEEK]
    assert frames.open_run(tmp_path / WEEK).tables == tuple(name for name in TABLES if name in FEW)


def test_two_freezes_of_one_week_do_not_collide(economy, tmp_path):
    """Each writes where the other is not; what stays is one of them, whole."""
    with _freezing(economy, tmp_path, wait=False) as one, _freezing(economy, tmp_path, wait=False) as other:
        one.communicate(timeout=120)
        other.communicate(timeout=120)
    assert (one.returncode, other.returncode) == (0, 0)
    assert frames.open_run(tmp_path / WEEK).tables == ("assets", "satellite_agents", "agent_tasks")
    assert _all(tmp_path) == [".runs.lock", WEEK]


def test_a_living_freeze_is_not_swept_away(tmp_path):
    """Only what no one holds is a leftover."""
    with atomic.write_folder(tmp_path / "one") as outer:
        with atomic.write_folder(tmp_path / "two") as inner:
            (inner / "x").write_text("x")
        assert outer.is_dir()
    assert _visible(tmp_path) == ["one", "two"]


def test_a_swap_killed_between_two_renames_is_repaired(copy):
    """Where names cannot be exchanged, the old run waits under another name until the new one is there."""
    copy.rename(copy.with_name(f".{WEEK}.old"))
    assert frames.open_run(copy).week == WEEK


def test_a_system_without_exchange_replaces_too(tmp_path, monkeypatch):
    """Two renames do what one cannot."""
    monkeypatch.setattr(sys, "platform", "elsewhere")
    for content in ("old", "new"):
        with atomic.write_folder(tmp_path / "run") as folder:
            (folder / "said").write_text(content)
    assert (tmp_path / "run" / "said").read_text() == "new"
    assert _visible(tmp_path) == ["run"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_table_can_be_taken_away(economy, tmp_path, suffix):
    """As Parquet it is the frame; as CSV every digit is there."""
    path = tmp_path / f"snapshots{suffix}"
    rows = frames.export(economy, "portfolio_snapshots", path)
    loaded = frames.load(economy, "portfolio_snapshots")
    assert rows == loaded.height
    if suffix == ".parquet":
        assert pl.read_parquet(path).equals(loaded)
    else:
        money = pl.read_csv(path, infer_schema=False)["total_value"].cast(pl.Decimal(38, 18))
        assert money.equals(loaded["total_value"])
    assert _all(tmp_path) == [path.name]


def test_a_table_goes_into_no_other_kind_of_file(economy, tmp_path):
    """Asked wrongly, nothing is written."""
    with pytest.raises(UsageError, match="ends in"):
        frames.export(economy, "assets", tmp_path / "assets.docx")
    assert _all(tmp_path) == []


def test_a_reader_s_address_can_freeze(economy, analyst, tmp_path):  # noqa: ARG001 - the economy must be there
    """The analyst's role is enough for a whole run."""
    assert frames.freeze(analyst, week=WEEK, out=tmp_path, as_of=AS_OF).tables
    assert replace(analyst.postgres.address).read_only


def _all(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _visible(folder: Path) -> list[str]:
    return [name for name in _all(folder) if not name.startswith(".")]
