"""A Qdrant server is read as a folder is: page by page, all of it or an error."""

import json
import uuid

import numpy as np
import polars as pl
import pytest
from qdrant_client.http import models

from ys_analytics.errors import ContractError, StoreError
from ys_analytics.stores import QdrantAddress
from ys_analytics.stores.qdrant import Qdrant
from ys_analytics.stores.qdrant.search import Match

from . import qdrant_front

SIZE = 8


@pytest.fixture(scope="module")
def front():
    """A server that speaks Qdrant's wire."""
    with qdrant_front.front() as running:
        yield running


@pytest.fixture
def qdrant(front):
    with Qdrant.open(QdrantAddress(url=front.url, api_key="hunter2", timeout=5)) as store:
        yield store
        store.drop("ours")
    front.faults.clear()


def many(count):
    rng = np.random.default_rng(count)
    return pl.DataFrame(
        {
            "id": [str(uuid.UUID(int=n)) for n in range(count)],
            "vector": pl.Series(rng.normal(size=(count, SIZE)).astype(np.float32), dtype=pl.Array(pl.Float32, SIZE)),
            "payload": [
                json.dumps({"n": n, "word": "ü"}, separators=(",", ":"), ensure_ascii=False) for n in range(count)
            ],
        }
    )


def test_every_page_arrives(qdrant, front):
    qdrant.create("ours", size=SIZE, payload={})
    written = many(2_500)
    assert qdrant.write("ours", written) == 2_500
    front.requests.clear()
    read = qdrant.read("ours", SIZE)
    assert front.requests.count("POST /collections/ours/points/scroll") == 3
    assert read.select("id", "payload").equals(written.select("id", "payload"))
    vectors = written["vector"].to_numpy()
    np.testing.assert_allclose(
        read["vector"].to_numpy(), vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=1e-6
    )
    assert qdrant.count("ours") == 2_500
    assert [part.height for part in qdrant.batches("ours", SIZE, rows=1_000)] == [1_000, 1_000, 500]


def test_an_empty_collection_has_the_same_types(qdrant):
    qdrant.create("ours", size=SIZE, payload={})
    assert qdrant.read("ours", SIZE).schema == many(1).schema


def test_indexes_that_are_missing_are_made_and_no_others(qdrant, front):
    assert qdrant.create("ours", size=SIZE, payload={"a": "integer"}) is True
    assert qdrant.create("ours", size=SIZE, payload={"a": "integer", "b": "keyword"}) is True
    assert qdrant.create("ours", size=SIZE, payload={"a": "integer", "b": "keyword"}) is False
    assert front.requests.count("PUT /collections/ours/index") == 2
    assert qdrant.collections()["ours"].indexes == {"a": "integer", "b": "keyword"}


def test_a_connection_that_drops_is_tried_again(qdrant, front):
    qdrant.create("ours", size=SIZE, payload={})
    qdrant.write("ours", many(1_500))
    front.faults += ["drop", "drop"]
    assert qdrant.read("ours", SIZE).height == 1_500


def test_an_answer_that_is_an_error_is_not_tried_again(qdrant, front):
    qdrant.create("ours", size=SIZE, payload={})
    front.faults += ["500"]
    with pytest.raises(StoreError, match="500") as raised:
        qdrant.read("ours", SIZE)
    assert front.faults == []
    assert "\n" not in str(raised.value)


def test_another_size_is_refused_with_both_values(qdrant):
    qdrant.create("ours", size=SIZE, payload={})
    with pytest.raises(ContractError, match="8 dimensions under Cosine in the store, 9 under Cosine declared"):
        qdrant.read("ours", 9)


def test_a_wrong_key_is_a_store_error_that_does_not_say_it(front):
    address = QdrantAddress(url=front.url, api_key="wr0ng", timeout=1)
    with pytest.raises(StoreError, match=r"401.*YS_QDRANT_API_KEY") as raised, Qdrant.open(address):
        pass
    assert "wr0ng" not in str(raised.value)


def test_it_says_what_it_is(qdrant):
    assert qdrant.server_info() == {"engine": "qdrant", "version": "1.16.0", "role": ""}


def test_a_read_only_key_reads_and_writes_nothing(front):
    """Everything an analyst asks is answered; a refused write says that the key is the reason."""
    with Qdrant.open(QdrantAddress(url=front.url, api_key="hunter2", timeout=5)) as qdrant:
        qdrant.create("readable", size=2, payload={})
    try:
        with Qdrant.open(QdrantAddress(url=front.url, api_key="hunter3", timeout=5)) as qdrant:
            assert "readable" in qdrant.collections()
            assert qdrant.count("readable") == 0
            assert qdrant.read("readable", 2).height == 0
            assert qdrant.server_info()["version"]
            with pytest.raises(StoreError, match="may not do that") as refused:
                qdrant.drop("readable")
        assert "hunter3" not in str(refused.value)
    finally:
        with Qdrant.open(QdrantAddress(url=front.url, api_key="hunter2", timeout=5)) as qdrant:
            qdrant.drop("readable")


def test_points_lost_between_two_pages_are_read_again_or_an_error(qdrant, front):
    """A collection emptied and filled again under a read is read whole; one that is emptied each time is an error."""
    qdrant.create("ours", size=SIZE, payload={})
    written = many(2_500)
    qdrant.write("ours", written)
    chosen = [[Match("n", ">=", 0)]]
    emptied, ids = [], written["id"].to_list()

    def empty() -> None:
        if len(emptied) < times:
            emptied.append(front.engine.delete("ours", ids[1_000:]))
        elif times == 1:
            vectors = written["vector"].to_list()
            payloads = [json.loads(text) for text in written["payload"]]
            front.engine.upsert("ours", models.Batch(ids=ids, vectors=vectors, payloads=payloads))
            front.after_scroll = lambda: None

    try:
        times, front.after_scroll = 1, empty
        assert qdrant.read("ours", SIZE).height == 2_500
        assert emptied
        emptied.clear()
        front.after_scroll = empty
        with pytest.raises(StoreError, match="changed while it was read, 1,000 points of 2,500 were left") as lost:
            list(qdrant.batches("ours", SIZE, where=chosen))
        assert "\n" not in str(lost.value)
    finally:
        front.after_scroll = lambda: None


def test_points_added_under_a_read_are_no_fault(qdrant, front):
    """More points than before the first page are more points; an emptied filter has none."""
    qdrant.create("ours", size=SIZE, payload={})
    qdrant.write("ours", many(1_500))
    later = many(1_600)
    front.after_scroll = lambda: front.engine.upsert(
        "ours",
        models.Batch(ids=later["id"].to_list()[1_500:], vectors=later["vector"].to_list()[1_500:], payloads=None),
    )
    try:
        assert qdrant.read("ours", SIZE).height == 1_600
    finally:
        front.after_scroll = lambda: None
