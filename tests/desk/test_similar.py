"""Nearest points: the same from a run, a folder and a server, and what numpy computes of the vectors by itself."""

import importlib.util
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from tests.stores import qdrant_front
from ys_analytics import demo, frames
from ys_analytics.desk import nearest_points
from ys_analytics.desk.sources import Frozen, Live
from ys_analytics.errors import UsageError
from ys_analytics.schemas import TABLES
from ys_analytics.stores import QdrantAddress, Stores
from ys_analytics.stores.qdrant import Qdrant

NAMES = ("market_sentiment", "protocol_analysis", "trading_patterns")
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def filled(stores, settings, tmp_path_factory):
    """A small economy in the folder, frozen too, and the same points behind a server's HTTP face."""
    demo.fill(stores, portfolios=1, days=30, seed=7, replace=True)
    as_of = datetime(2026, 11, 27, tzinfo=UTC)
    run = frames.freeze(stores, week="2026-W47", out=tmp_path_factory.mktemp("out"), as_of=as_of, tables=NAMES)
    with qdrant_front.front() as front, Qdrant.open(QdrantAddress(url=front.url, api_key="hunter2")) as server:
        for name in NAMES:
            table = TABLES[name]
            server.create(name, size=table.size, payload=table.payload)
            server.write(name, points(stores, name))
        yield {"run": Frozen(run), "folder": Live(settings), "server": _Served(Stores(opened_qdrant=server))}, front


def points(stores, name):
    """The points of the folder as they are written."""
    return stores.qdrant.read(name, TABLES[name].size)


class _Served(Live):
    """The live stores behind a connection that is open already."""

    def __init__(self, opened):
        self.opened = opened

    def rows(self, name, *, portfolio=None, where=None):  # noqa: ARG002 - points are no portfolio's
        rows = frames.load(self.opened, name)
        return rows if where is None else rows.filter(where)

    def nearest(self, table, vector, *, limit, where):
        return frames.nearest(self.opened, table, vector, limit=limit, where=where)


def by_hand(frame: pl.DataFrame, vector: list[float], limit: int) -> tuple[list[str], list[float]]:
    """Ids and cosines by a formula of one line, highest first."""
    rows, to = np.array(frame["vector"].to_list(), np.float64), np.array(vector, np.float64)
    scores = [float(row @ to / np.sqrt((row @ row) * (to @ to))) for row in rows]
    order = sorted(zip(scores, frame["id"], strict=True), key=lambda pair: (-pair[0], pair[1]))[:limit]
    return [key for _, key in order], [score for score, _ in order]


@pytest.mark.parametrize("name", NAMES)
def test_run_folder_server_and_numpy_agree(filled, name):
    """To a point, which is not in its own answer, and to any vector."""
    sources, _ = filled
    frame = sources["run"].rows(name)
    itself = frame["id"][5]
    vector = np.random.default_rng(3).normal(size=TABLES[name].size).tolist()
    for to, others, at in (
        (itself, frame.filter(pl.col("id") != itself), frame["vector"][5].to_list()),
        (vector, frame, vector),
    ):
        ids, scores = by_hand(others, at, 7)
        for source in sources.values():
            found = nearest_points.similar(source, name, to=to, limit=7)
            assert found["id"].to_list() == ids
            assert np.abs(found["score"].to_numpy() - scores).max() < TOLERANCE
            assert found.columns == ["score", *(column for column in TABLES[name].schema if column != "vector")]


@pytest.mark.parametrize(
    ("name", "where", "chosen"),
    [
        ("market_sentiment", {"source": "news"}, pl.col("source") == "news"),
        ("market_sentiment", {"source": ["news", "twitter"], "confidence": (0.5, None)},
         pl.col("source").is_in(["news", "twitter"]) & (pl.col("confidence") >= 0.5)),
        ("market_sentiment", {"timestamp": ("2026-11-01", "2026-11-20T12:00:00")},
         pl.col("timestamp").is_between(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, 12, tzinfo=UTC))),
        ("trading_patterns", {"assets_involved": "ETH"}, pl.col("assets_involved").list.contains("ETH")),
        ("trading_patterns", {"success_rate": (None, 0.5)}, pl.col("success_rate") <= 0.5),
        ("protocol_analysis", {"chain_id": [1, 10]}, pl.col("chain_id").is_in([1, 10])),
        ("protocol_analysis", {"chain_id": -7}, pl.col("chain_id") == -7),
    ],
)  # fmt: skip
def test_points_are_chosen_by_their_fields_alike_from_every_source(filled, name, where, chosen):
    """A value, several, a range and a list's element, each the same from every source; a server filters itself."""
    sources, front = filled
    frame = sources["run"].rows(name)
    vector = frame["vector"][0].to_list()
    ids, _ = by_hand(frame.filter(chosen), vector, 5)
    for source in sources.values():
        found = nearest_points.similar(source, name, to=vector, where=where, limit=5)
        assert found["id"].to_list() == ids
    assert str(front.filters[-1]).count("'key'") == sum(
        len(value) if isinstance(value, list) else 2 - value.count(None) if isinstance(value, tuple) else 1
        for value in where.values()
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"collection": "trading_pattern"}, "trading_patterns"),
        ({"to": [1.0, 2.0]}, "a vector of 2 numbers; those of trading_patterns have 512"),
        ({"to": [0.0] * 512}, "no direction"),
        ({"to": "0192f0c1-0000-7000-8000-000000000000"}, "has no point 0192f0c1"),
        ({"where": {"timeframes": "1d"}}, "timeframe"),
        ({"where": {"timeframe": 5}}, "compared with a text"),
        ({"where": {"success_rate": "high"}}, "compared with a number"),
        ({"where": {"timeframe": ("a", "b")}}, "a range is (low, high)"),
        ({"limit": 0}, "at least one point"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_line(filled, options, said):
    """With the nearest name, the size, or what to write."""
    sources, _ = filled
    given = {"collection": "trading_patterns", "to": [1.0] * 512} | options
    with pytest.raises(UsageError, match=r"^[^\n]+$") as refused:
        nearest_points.similar(sources["run"], given.pop("collection"), **given)
    assert said in str(refused.value)


@pytest.fixture
def no_models(monkeypatch, tmp_path):
    """A machine on which no model was downloaded."""
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path))


@pytest.mark.skipif(importlib.util.find_spec("fastembed") is not None, reason="the extra is installed")
def test_a_text_without_the_extra_says_what_to_install(filled):
    """One line names the extra and the two other ways."""
    sources, _ = filled
    with pytest.raises(UsageError, match=r"pip install 'ys-analytics\[embeddings\]'; or give an id or a vector$"):
        nearest_points.similar(sources["run"], "market_sentiment", to="calm before a storm")


@pytest.mark.skipif(importlib.util.find_spec("fastembed") is None, reason="the extra is not installed")
@pytest.mark.usefixtures("no_models")
@pytest.mark.parametrize(
    ("collection", "model", "said"),
    [
        ("market_sentiment", "", "name the model that market_sentiment was embedded with"),
        ("market_sentiment", "BAAI/bge-smal-en", "did you mean BAAI/bge-small-en or BAAI/bge-small-en-v1.5"),
        (
            "trading_patterns",
            "BAAI/bge-small-en-v1.5",
            "gives vectors of 384 numbers; those of trading_patterns have 512",
        ),
        ("market_sentiment", "BAAI/bge-small-en-v1.5", "is not on this machine; download it once with python -c"),
    ],
)
def test_a_model_that_cannot_be_used_is_one_line_at_once(filled, collection, model, said):
    """A model that is unknown, of another size or not downloaded is refused without asking a network."""
    sources, _ = filled
    with pytest.raises(UsageError, match=r"^[^\n]+$") as refused:
        nearest_points.similar(sources["run"], collection, to="calm before a storm", model=model)
    assert said in str(refused.value)


def test_what_is_done_to_a_frame_does_not_reach_the_next_reader(filled):
    """A run's small frame is read once; each who asks for it gets one of their own."""
    sources, _ = filled
    first = sources["run"].rows("market_sentiment")
    columns = first.columns
    first.drop_in_place(columns[-1])
    assert sources["run"].rows("market_sentiment").columns == columns
