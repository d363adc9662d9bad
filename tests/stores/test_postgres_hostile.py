"""Ten thousand rows that mean harm, arbitrary legal rows, and a server that goes away: no value changes in silence."""

import random
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ys_analytics import local
from ys_analytics.errors import StoreError
from ys_analytics.settings import Settings
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.postgres import Postgres

MONEY = pl.Decimal(38, 18)
TIME = pl.Datetime("us", "UTC")
HOSTILE: dict[str, pl.DataType] = {
    "place": pl.Int64(), "number": MONEY, "bounded": MONEY, "text": pl.String(), "moment": TIME,
    "amounts": pl.List(MONEY), "small": pl.Int32(),
}  # fmt: skip
ROWS = 10_000
_EXACT = Context(prec=100)


def _number(chance: random.Random) -> str:
    fair = [f"{chance.randrange(10**38)}e-18", "-0.000000000000000001", "1.50", "0", "-" + "9" * 20 + "." + "9" * 18]
    wrong = ["NaN", "Infinity", "-Infinity", "0.0000000000000000001", "1" * 40, "1" + "0" * 20]
    return _one_of(chance, fair, wrong)


def _text(chance: random.Random) -> str | None:
    alphabet = "abc\t\n\r\b\f\v\\N\".',;{}%$\u00e9\u03a9\U0001f600\ufeff\u200b\u2028\x01"
    any_text = "".join(chance.choices(alphabet, k=chance.randrange(1, 30)))
    return chance.choice([None, "", "\\N", "\\.", "NULL", "\\", any_text, any_text, any_text])


def _moment(chance: random.Random) -> str:
    day = datetime(1, 1, 2, tzinfo=UTC) + timedelta(
        days=chance.randrange(3_600_000), microseconds=chance.randrange(10**9)
    )
    wrong = ["infinity", "-infinity", "294276-12-31 23:59:59.999999+00"]
    fair = ["4713-01-01 00:00:00+00 BC", day.isoformat(), day.isoformat()]
    return _one_of(chance, fair, wrong)


def _one_of(chance: random.Random, fair: list[str], wrong: list[str]) -> str:
    return chance.choice(wrong if chance.random() < 0.1 else fair)


def _fits(number: str) -> bool:
    value = Decimal(number)
    return value.is_finite() and value.copy_abs() < 10**20 and value == _EXACT.quantize(value, Decimal("1E-18"))


def _legal(row: dict[str, Any]) -> bool:
    """Whether every value of a row, as the server writes it, has an exact form in the frame."""
    numbers = [row["number"], row["bounded"], *filter(None, row["amounts"])]
    return (
        all(map(_fits, numbers))
        and row["moment"] is not None
        and abs(int(row["moment"])) < 2**63
        and -(2**31) <= int(row["small"]) < 2**31
    )


@pytest.mark.parametrize("seed", [7])
def test_ten_thousand_hostile_rows_change_in_nothing(stores, record_property, seed):
    """Each row arrives digit for digit, or is refused under its key; none is refused that fits."""
    chance = random.Random(seed)  # noqa: S311 - the same rows every time
    store: Postgres = stores.postgres
    rows = pl.DataFrame(
        {
            "place": [str(place) for place in range(ROWS)],
            "number": [_number(chance) for _ in range(ROWS)],
            "bounded": [_one_of(chance, ["1E-18", "999999999999999999", "-0.5"], ["NaN"]) for _ in range(ROWS)],
            "text": [_text(chance) for _ in range(ROWS)],
            "moment": [_moment(chance) for _ in range(ROWS)],
            "amounts": [
                _one_of(chance, ["{}", "{NULL,1E-18}", "{1,-2.5}"], ["{NaN}", "{1,1E-19}", "{1E20}"])
                for _ in range(ROWS)
            ],
            "small": [
                _one_of(chance, ["1", "-2147483648"], ["2147483648", "9223372036854775807"]) for _ in range(ROWS)
            ],
        }
    )
    store.run(
        "CREATE TABLE hostile (place bigint, number numeric, bounded numeric(36, 18), text text, moment timestamptz,"
        " amounts numeric[], small bigint)"
    )
    try:
        store.write("hostile", rows)
        rejects = RejectPolicy(source="hostile", key=("place",), quarantine=True)
        loaded = store.scan("hostile", schema=HOSTILE, rejects=rejects)
        columns = (
            "place::text, number::text, bounded::text, text, amounts::text[] AS amounts, small::text,"
            " CASE WHEN isfinite(moment) THEN trunc(extract(epoch FROM moment) * 1000000) END::text AS moment"
        )
        names = ("place", "number", "bounded", "text", "moment", "small")
        truth_schema = dict.fromkeys(names, pl.String()) | {"amounts": pl.List(pl.String())}
        truth = store.read(f"SELECT {columns} FROM hostile", schema=truth_schema)  # noqa: S608 - our own words
    finally:
        store.run("DROP TABLE hostile")
    refused = {int(misfit.key["place"]) for misfit in rejects.rejected}
    assert len(refused) == len(rejects.rejected)
    assert loaded.height + len(refused) == ROWS
    kept = {row["place"]: row for row in loaded.with_columns(pl.col("moment").to_physical()).iter_rows(named=True)}
    for row in truth.iter_rows(named=True):
        place = int(row["place"])
        legal = _legal(row)
        assert (place in kept) == legal == (place not in refused)
        if legal:
            was = kept[place]
            assert was["number"] == Decimal(row["number"])
            assert was["bounded"] == Decimal(row["bounded"])
            assert was["text"] == row["text"]
            assert was["moment"] == int(row["moment"])
            assert was["amounts"] == [None if each is None else Decimal(each) for each in row["amounts"]]
            assert was["small"] == int(row["small"])
    record_property(
        "said", f"PostgreSQL: {ROWS:,} hostile rows: {loaded.height:,} exact, {len(refused):,} refused, 0 changed"
    )


texts = st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
moneys = st.none() | st.integers(-(10**36) + 1, 10**36 - 1).map(lambda units: _EXACT.scaleb(Decimal(units), -18))
moments = st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by contract
legal_rows = st.lists(
    st.tuples(
        texts, moneys, moments, st.none() | st.booleans(), st.none() | st.dates(),
        st.none() | st.floats(allow_nan=False), st.none() | st.lists(texts, max_size=4),
        st.none() | st.lists(moneys, max_size=4), st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.sampled_from(["low", "hi\\gh", "Ω"]),
    ),
    max_size=30,
)  # fmt: skip
LEGAL: dict[str, pl.DataType] = {
    "text": pl.String(), "money": MONEY, "moment": TIME, "flag": pl.Boolean(), "day": pl.Date(), "real": pl.Float64(),
    "labels": pl.List(pl.String()), "amounts": pl.List(MONEY), "big": pl.Int64(),
    "kind": pl.Enum(["low", "hi\\gh", "Ω"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def legal(stores):
    """A table that takes any legal row."""
    stores.postgres.run(
        "CREATE TABLE legal (place int, text text, money numeric(36, 18), moment timestamptz, flag boolean, day date,"
        " real double precision, labels text[], amounts numeric[], big bigint, kind text)"
    )
    yield stores.postgres
    stores.postgres.run("DROP TABLE legal")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=legal_rows)
def test_any_legal_row_comes_back_as_it_went(legal, rows):
    """Everything that fits the types survives the way in and the way out."""
    frame = pl.DataFrame(rows, schema=LEGAL, orient="row").with_row_index("place").cast({"place": pl.Int32})
    legal.run("TRUNCATE legal")
    assert legal.write("legal", frame) == frame.height
    schema = {"place": pl.Int32(), **LEGAL}
    assert legal.read("SELECT * FROM legal ORDER BY place", schema=schema).equals(frame)


def test_a_server_restarted_in_the_middle_gives_the_same_frame_or_an_error(tmp_path):
    """Never half of one: the read begins again on the server that came back, or says that it could not."""
    chosen = Settings(_env_file=None, home=tmp_path / "stores", wait=30)
    sql = "SELECT i FROM generate_series(1, 400) AS i, LATERAL (SELECT pg_sleep(0.002 + 0 * i)) AS slept"
    try:
        with local.open_stores(chosen, only=("postgres",), role="owner") as stores:

            def restart() -> None:
                with Postgres.open(stores.postgres.address) as watcher:
                    seen = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY%'"
                    while watcher.rows(seen) == [(0,)]:
                        pass
                local.down(chosen)
                local.up(chosen, only=("postgres",))

            restarting = threading.Thread(target=restart)
            restarting.start()
            try:
                found = stores.postgres.read(sql, schema={"i": pl.Int32()})
            except StoreError as error:
                found, said = None, str(error)
            restarting.join()
            assert found["i"].to_list() == list(range(1, 401)) if found is not None else said.startswith("postgres: ")
            assert stores.postgres.rows("SELECT 1") == [(1,)]
    finally:
        local.down(chosen)


def test_ctrl_c_stops_the_statement_on_the_server_too(stores):
    """The process ends at once, and the server does not work on for no reader."""
    conninfo = stores.postgres.address.conninfo
    program = f"""
import polars as pl
from ys_analytics.stores import PostgresAddress
from ys_analytics.stores.postgres import Postgres
with Postgres.open(PostgresAddress({conninfo!r})) as store:
    store.read("SELECT i, pg_sleep(30)::text AS slept FROM generate_series(1, 99991) AS i", schema={{"i": pl.Int32()}})
"""  # noqa: S608 - our own words
    root = Path(__file__).resolve().parents[2]
    running = (
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'COPY%%' AND query LIKE %(x)s"
    )
    parameters = {"x": "%generate_series(1, 99991)%"}
    with subprocess.Popen([sys.executable, "-c", program], cwd=root, stderr=subprocess.PIPE, text=True) as reader:
        while stores.postgres.rows(running, parameters) == [(0,)]:
            assert reader.poll() is None
        reader.send_signal(signal.SIGINT)
        _, said = reader.communicate(timeout=20)
    assert "KeyboardInterrupt" in said
    assert stores.postgres.rows(running, parameters) == [(0,)]
