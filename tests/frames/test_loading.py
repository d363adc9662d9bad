"""Every table, family and collection: the declared frame, the rows asked for, the same by every verb."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics import frames
from ys_analytics.errors import ContractError, StoreError, UsageError
from ys_analytics.schemas import TABLES, KeyFamily, Span
from ys_analytics.stores import Stores
from ys_analytics.stores.postgres import Postgres

SECRET = [name for name, table in TABLES.items() if isinstance(table, KeyFamily) and table.secret]
LOADED = [name for name in TABLES if name not in SECRET]
WEEK = Span.week("2026-W47")
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
STRANGE = [
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "{x:String}",
    "%(x)s",
    '<script>alert(1)</script> & Söhne "Ω"',
    "",
    UNKNOWN_ID.upper().replace("0", "A"),
]


@pytest.mark.parametrize("name", LOADED)
def test_a_table_loads_as_declared(economy, name):
    """Full and empty, whole and in batches, by name and by attribute: one frame, proven against its store."""
    table = TABLES[name]
    loaded = frames.load(economy, name)
    assert dict(loaded.schema) == table.schema
    assert loaded.height > 0
    nothing = getattr(frames, name)(economy, span=Span(WEEK.end, WEEK.end), portfolios=[UNKNOWN_ID])
    assert nothing.schema == loaded.schema
    assert nothing.height == 0 or (table.span_column is None and table.portfolio is None)
    expiries = ["ttl_ms"] if "ttl_ms" in table.schema else []
    assert pl.concat(frames.batches(economy, name)).drop(expiries).equals(loaded.drop(expiries))
    assert frames.prove(economy, name)["equal"].all()


def test_the_analyst_may_read_everything_that_loads(economy, analyst):  # noqa: ARG001 - the economy must be there
    """Every loader works under the role that sees no secret."""
    for name in LOADED:
        assert frames.load(analyst, name).height > 0


def test_no_frame_has_a_secret_column():
    """What is declared secret is in no schema, so no loader can select it."""
    for table in TABLES.values():
        assert not {column.name for column in table.columns if column.secret} & set(table.schema)


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_family_is_counted_and_never_read(economy, name):
    """Its keys are secrets themselves."""
    assert frames.count(economy, name) > 0
    with pytest.raises(UsageError, match="secrets"):
        frames.load(economy, name)


@pytest.mark.parametrize(
    "name", ["transactions", "risk_assessments", "portfolio_snapshots", "market_data", "market_sentiment"]
)
def test_a_span_takes_its_start_and_leaves_its_end(economy, name):
    """Half open, so that two weeks share no row and lose none."""
    time = TABLES[name].time
    every = frames.load(economy, name)
    middle = every[time].sort()[every.height // 2]
    before = frames.load(economy, name, span=Span(datetime(1970, 1, 1, tzinfo=UTC), middle))
    after = frames.load(economy, name, span=Span(middle, middle + timedelta(days=999)))
    assert before.equals(every.filter(pl.col(time) < middle))
    assert after.equals(every.filter(pl.col(time) >= middle))


@pytest.mark.parametrize("name", ["portfolios", "transactions", "portfolio_snapshots", "redis_risk_liquidation"])
def test_a_portfolio_takes_its_rows_alone(economy, name):
    """In each store by its own means."""
    every, owner = frames.load(economy, name), TABLES[name].portfolio
    whose = every[owner][0]
    assert (
        frames.load(economy, name, portfolios=[whose])
        .drop("ttl_ms", strict=False)
        .equals(every.filter(pl.col(owner) == whose).drop("ttl_ms", strict=False))
    )
    assert frames.load(economy, name, portfolios=[]).height == 0


@pytest.mark.parametrize("text", STRANGE)
@pytest.mark.parametrize("name", ["transactions", "portfolio_snapshots", "redis_risk_liquidation"])
def test_a_portfolio_that_is_no_id_is_refused(economy, name, text):
    """It never comes near a statement."""
    with pytest.raises(UsageError, match="is not an id"):
        frames.load(economy, name, portfolios=[text])


@pytest.mark.parametrize("text", STRANGE[:3])
def test_a_table_that_is_none_is_refused(economy, text):
    """Only declared names reach a store."""
    with pytest.raises(UsageError, match="no table"):
        frames.load(economy, text)
    with pytest.raises(AttributeError):
        getattr(frames, text)


def test_duplicates_are_dropped_and_contradictions_stay(economy):
    """ClickHouse keeps both; the frame keeps what says something new."""
    rows = frames.load(economy, "risk_metrics").head(3)
    contradiction = rows.head(1).with_columns(var_95=pl.col("var_95") + Decimal(1))
    before = frames.load(economy, "risk_metrics").height
    economy.clickhouse.write("risk_metrics", pl.concat([rows, rows, contradiction]))
    assert frames.load(economy, "risk_metrics").height == before + 1
    assert pl.concat(frames.batches(economy, "risk_metrics")).equals(frames.load(economy, "risk_metrics"))
    proof = frames.prove(economy, "risk_metrics")
    assert proof["equal"].all()
    assert proof.filter(measure="exact duplicates dropped")["frame"].item() == "6"


def test_a_table_that_drifted_is_refused_by_column(stores):
    """The message has the column, what was expected and what is there; nothing was read."""
    with Postgres.open(stores.postgres.address) as store:
        fresh = Stores(opened_postgres=store)
        with pytest.raises(StoreError, match="undo"), store.transaction():  # noqa: PT012 - the block is undone
            store.run("ALTER TABLE risk_alerts ALTER COLUMN message TYPE varchar(9000)")
            with pytest.raises(
                ContractError, match=r"risk_alerts: column message is character varying\(9000\), not text"
            ):
                frames.load(fresh, "risk_alerts")
            assert frames.drift(fresh, TABLES["risk_alerts"])
            store.run("SELECT 1 AS undo FROM undo")
        assert frames.drift(fresh, TABLES["risk_alerts"]) == []


def test_a_row_that_does_not_fit_can_be_set_aside(economy):
    """Named and counted; without asking for it, it is an error."""
    store = economy.postgres
    first = "SELECT min(id::text)::uuid FROM portfolio_positions"
    store.run(f"UPDATE portfolio_positions SET quantity = 'NaN' WHERE id = ({first})")  # noqa: S608 - our own words
    with pytest.raises(ContractError, match=r"portfolio_positions\.quantity where id=.*'NaN'"):
        frames.load(economy, "portfolio_positions")
    aside = []
    rest = frames.load(economy, "portfolio_positions", quarantine=aside)
    assert [misfit.column for misfit in aside] == ["quantity"]
    assert rest.height == store.rows("SELECT count(*) FROM portfolio_positions")[0][0] - 1
    store.run("UPDATE portfolio_positions SET quantity = 1 WHERE quantity = 'NaN'")


def test_progress_counts_every_row(economy):
    """The last thing said is the number of rows."""
    reported = []

    def progress(name, done, total=None):
        reported.append((name, done, total))

    rows = sum(frame.height for frame in frames.batches(economy, "market_data", progress=progress))
    assert reported[-1] == ("market_data", rows, None)
