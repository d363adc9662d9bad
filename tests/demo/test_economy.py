"""The frames are what the schema says, the same for the same seed, and everything is filled."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import demo
from ys_analytics.errors import ContractError, UsageError
from ys_analytics.schemas import TABLES, KeyFamily, Span

from .conftest import UNTIL, Frames

# What the stores make themselves.
DERIVED = {"daily_external_flows", "current_exposure", "schema_migrations"}
NAMES = sorted(set(TABLES) - DERIVED)


def fingerprint(frames: Frames) -> dict[str, str]:
    """A hash of every value of every frame, in order."""
    return {name: str(frame.hash_rows(seed=1).implode().hash(seed=1)[0]) for name, frame in frames.items()}


def test_everything_is_filled(frames: Frames) -> None:
    """Every table, key family and collection has rows."""
    assert sorted(frames) == NAMES
    assert [name for name in NAMES if frames[name].is_empty()] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_is_what_its_schema_says(either: Frames, name: str) -> None:
    """Columns and types are the declared ones; what may not be null is not; keys are unique."""
    table = TABLES[name]
    if isinstance(table, KeyFamily) and table.secret:
        assert either[name].columns == ["key", "value"]
        assert either[name]["key"].is_unique().all()
        return
    declared = {column.name: column.dtype for column in table.columns}
    frame = either[name].match_to_schema(declared, missing_columns="raise", extra_columns="raise")
    required = [column.name for column in table.columns if not column.nullable]
    assert sum(frame.select(required).null_count().row(0)) == 0
    assert not frame.select(table.key).is_duplicated().any()


def test_same_seed_same_frames() -> None:
    """Every value of every frame follows from the seed and the end alone."""
    once = demo.economy(portfolios=9, days=60, seed=11, until=UNTIL)
    again = demo.economy(portfolios=9, days=60, seed=11, until=UNTIL)
    other = demo.economy(portfolios=9, days=60, seed=12, until=UNTIL)
    assert fingerprint(once) == fingerprint(again)
    assert fingerprint(once)["portfolio_snapshots"] != fingerprint(other)["portfolio_snapshots"]
    assert once["assets"].equals(other["assets"])


def test_the_end_is_not_in_it(frames: Frames) -> None:
    """`until` is exclusive, and the week before it is complete."""
    for name, frame in frames.items():
        time = TABLES[name].time
        if time is not None:
            assert frame[time].max() < UNTIL, name
    week = Span.week("2026-W47")
    closes = frames["portfolio_snapshots"].filter(
        (pl.col("timestamp") >= week.start) & (pl.col("timestamp") < week.end) & (pl.col("timestamp").dt.hour() == 23)
    )
    assert closes["timestamp"].dt.date().n_unique() == 7


def test_history_does_not_depend_on_how_many_play() -> None:
    """A portfolio's id follows from the seed and its number, the market from the seed alone."""
    few = demo.economy(portfolios=3, days=40, until=UNTIL)
    more = demo.economy(portfolios=5, days=40, until=UNTIL)
    assert few["portfolios"]["id"].to_list() == more["portfolios"]["id"].head(3).to_list()
    assert few["market_data"].equals(more["market_data"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"portfolios": 0}, "at least one"),
        ({"days": 29}, "at least 30"),
        ({"until": datetime(2026, 11, 23)}, "midnight in UTC"),  # noqa: DTZ001 - the point of the case
        ({"until": datetime(2026, 11, 23, 1, tzinfo=UTC)}, "midnight in UTC"),
        ({"until": datetime(2026, 11, 23, tzinfo=timezone(timedelta(hours=2)))}, "midnight in UTC"),
    ],
)
def test_a_question_without_an_answer_is_refused(options: dict[str, object], said: str) -> None:
    """Numbers too small and ends that are no midnight are errors of usage."""
    with pytest.raises(UsageError, match=said):
        demo.economy(**{"until": UNTIL, **options})  # type: ignore[arg-type]


def test_no_secret_is_real(frames: Frames) -> None:
    """Addresses are at example.org, tokens are hashes of words."""
    users = frames["users"]
    assert users["email"].str.ends_with("@example.org").all()
    hashes = [users["password_hash"], frames["user_api_keys"]["key_hash"], frames["user_sessions"]["session_token"]]
    assert all(column.str.contains("^[0-9a-f]{64}$").all() for column in hashes)
    assert frames["user_sessions"]["ip_address"].str.starts_with("192.0.2.").all()


class TestPricesFromAFile:
    """What a file of real prices must be."""

    def test_a_missing_symbol_is_named(self, tmp_path: Path, real_prices: Path) -> None:
        """Every symbol the demo needs and the file lacks."""
        file = tmp_path / "few.parquet"
        pl.read_parquet(real_prices).filter(pl.col("asset_id").is_in(["BTC", "ETH", "DAI"])).write_parquet(file)
        with pytest.raises(UsageError, match="no prices of USDC, USDT, LINK, AAVE, UNI"):
            demo.economy(days=60, until=UNTIL, prices=file)

    def test_too_few_days_are_counted(self, real_prices: Path) -> None:
        """How many days there are, and how many were asked for."""
        with pytest.raises(UsageError, match=r"has \d+ days with all of"):
            demo.economy(days=3_600, until=UNTIL, prices=real_prices)

    def test_a_day_priced_twice_is_refused(self, tmp_path: Path, real_prices: Path) -> None:
        """No one can say which of two closes is meant."""
        file = tmp_path / "twice.parquet"
        prices = pl.read_parquet(real_prices)
        pl.concat([prices, prices.filter(pl.col("asset_id") == "BTC").tail(1)]).write_parquet(file)
        with pytest.raises(ContractError, match="BTC has two prices on 2026-04-26"):
            demo.economy(days=60, until=UNTIL, prices=file)

    def test_a_price_of_nothing_is_refused(self, tmp_path: Path, real_prices: Path) -> None:
        """A price is above zero."""
        file = tmp_path / "nothing.parquet"
        pl.read_parquet(real_prices).with_columns(
            price=pl.when(pl.col("asset_id") == "UNI").then(0.0).otherwise("price")
        ).write_parquet(file)
        with pytest.raises(ContractError, match="prices are not positive, first UNI"):
            demo.economy(days=60, until=UNTIL, prices=file)

    def test_a_missing_file_column_or_kind_is_named(self, tmp_path: Path) -> None:
        """Each is an error that says which."""
        with pytest.raises(UsageError, match="no such file"):
            demo.economy(until=UNTIL, prices=tmp_path / "absent.csv")
        (tmp_path / "prices.txt").write_text("timestamp\n")
        with pytest.raises(UsageError, match=r"\.parquet or \.csv"):
            demo.economy(until=UNTIL, prices=tmp_path / "prices.txt")
        (tmp_path / "prices.csv").write_text("timestamp,asset_id,price\n2026-01-01T00:00:00Z,BTC,1\n")
        with pytest.raises(ContractError, match="no column volume_24h, source"):
            demo.economy(until=UNTIL, prices=tmp_path / "prices.csv")

    def test_gaps_of_the_file_stay_gaps(self, tmp_path: Path, real_prices: Path) -> None:
        """A day that one symbol lacks is no day of the demo."""
        file = tmp_path / "gap.parquet"
        lost = datetime(2025, 12, 20)  # noqa: DTZ001 - as the file writes it
        pl.read_parquet(real_prices).filter(
            ~((pl.col("asset_id") == "ETH") & (pl.col("timestamp") == lost))
        ).write_parquet(file)
        made = demo.economy(portfolios=2, days=60, until=UNTIL, prices=file)
        days = made["portfolio_snapshots"]["timestamp"].dt.date().unique()
        assert lost.date() not in days
        assert days.len() == 60
