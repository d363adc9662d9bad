"""Qdrant comes back as arrays of Float32 and JSON text; a folder and a server are read alike."""

import json
import math
import uuid

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from ys_analytics.errors import ContractError, StoreError
from ys_analytics.stores import QdrantAddress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.qdrant import Qdrant

SIZE = 4
LENGTHS = st.floats(-1e3, 1e3, width=32).filter(lambda one: abs(one) > 1e-3)
LEAF = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
PAYLOAD = st.dictionaries(
    st.text(max_size=5), LEAF | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2), max_size=4
)


@pytest.fixture
def qdrant(stores):
    """The session's folder; the collection of a test goes with it."""
    yield stores.qdrant
    stores.qdrant.drop("ours")


def points(*vectors, payload="{}"):
    return pl.DataFrame(
        {
            "id": [str(uuid.UUID(int=n)) for n in range(len(vectors))],
            "vector": pl.Series([list(vector) for vector in vectors], dtype=pl.Array(pl.Float32, len(vectors[0]))),
            "payload": [payload] * len(vectors),
        }
    )


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_points_come_back_at_unit_length_in_the_order_of_their_ids(qdrant):
    qdrant.create("ours", size=SIZE, payload={"b": "integer"})
    written = points((3, 4, 0, 0), (0, 0, 0, 2), payload='{"b": 1, "a": "ü"}')
    assert qdrant.write("ours", written.reverse()) == 2
    read = qdrant.read("ours", SIZE)
    assert read.schema == {"id": pl.String, "vector": pl.Array(pl.Float32, SIZE), "payload": pl.String}
    assert read["id"].equals(written["id"])
    assert read["vector"].to_list() == [pytest.approx([0.6, 0.8, 0, 0]), [0, 0, 0, 1]]
    assert read["payload"].to_list() == ['{"a":"ü","b":1}'] * 2
    assert qdrant.count("ours") == 2


def test_a_folder_opened_again_gives_unit_length(tmp_path):
    """Local mode keeps the length a vector was written with, and a server does not: both are read at unit length."""
    address = QdrantAddress(folder=tmp_path / "qdrant")
    with Qdrant.open(address) as store:
        store.create("ours", size=SIZE, payload={})
        store.write("ours", points((3, 4, 0, 0), (0, 0, 0, 0), (0, 0, 0.5, 0)))
        first = store.read("ours", SIZE)
    with Qdrant.open(address) as store:
        assert store.read("ours", SIZE).equals(first)
    assert first["vector"].to_list() == [pytest.approx([0.6, 0.8, 0, 0]), [0, 0, 0, 0], [0, 0, 1, 0]]


def test_an_empty_collection_has_the_same_types(qdrant):
    qdrant.create("ours", size=SIZE, payload={})
    assert qdrant.read("ours", SIZE).schema == {
        "id": pl.String,
        "vector": pl.Array(pl.Float32, SIZE),
        "payload": pl.String,
    }
    assert qdrant.write("ours", qdrant.read("ours", SIZE)) == 0


@effort(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.lists(LENGTHS, min_size=SIZE, max_size=SIZE), PAYLOAD), min_size=1, max_size=5))
def test_any_vector_and_payload_come_back(qdrant, rows):
    qdrant.drop("ours")
    qdrant.create("ours", size=SIZE, payload={})
    vectors = np.array([vector for vector, _ in rows], np.float32)
    written = points(*vectors.tolist()).with_columns(payload=pl.Series([json.dumps(payload) for _, payload in rows]))
    qdrant.write("ours", written)
    read = qdrant.read("ours", SIZE)
    np.testing.assert_allclose(read["vector"].to_numpy(), unit(vectors), atol=1e-6)
    assert [json.loads(text) for text in read["payload"]] == [payload for _, payload in rows]


def test_the_direct_read_of_a_folder_reads_what_the_client_does(qdrant):
    """A folder is read behind the client's face: this is the guard that both see the same points."""
    qdrant.create("ours", size=SIZE, payload={})
    rng = np.random.default_rng(7)
    qdrant.write("ours", points(*rng.normal(size=(300, SIZE)).tolist(), payload='{"n": 1}'))
    qdrant.client.delete("ours", [str(uuid.UUID(int=n)) for n in range(0, 300, 3)])
    records, _ = qdrant.client.scroll("ours", limit=1000, with_vectors=True)
    read = qdrant.read("ours", SIZE)
    assert read["id"].to_list() == sorted(record.id for record in records)
    by_id = {record.id: record.vector for record in records}
    np.testing.assert_array_equal(read["vector"].to_numpy(), np.array([by_id[i] for i in read["id"]], np.float32))
    assert [json.loads(text) for text in read["payload"]] == [{"n": 1}] * 200


def test_changing_a_frame_does_not_change_the_store(qdrant):
    """What is done to the numbers of a frame is not done to the store."""
    qdrant.create("ours", size=SIZE, payload={})
    qdrant.write("ours", points((1, 0, 0, 0)))
    before = qdrant.read("ours", SIZE)
    qdrant.write("ours", points((0, 1, 0, 0)))
    assert before["vector"].to_list() == [[1, 0, 0, 0]]
    assert qdrant.read("ours", SIZE)["vector"].to_list() == [[0, 1, 0, 0]]


def test_batches_are_no_longer_than_asked_and_together_all(qdrant):
    qdrant.create("ours", size=SIZE, payload={})
    qdrant.write("ours", points(*[(n + 1, 0, 0, 1) for n in range(25)]))
    parts = list(qdrant.batches("ours", SIZE, rows=10))
    assert [part.height for part in parts] == [10, 10, 5]
    assert pl.concat(parts).equals(qdrant.read("ours", SIZE))


def test_another_size_is_refused_with_both_values(qdrant):
    qdrant.create("ours", size=SIZE, payload={})
    for attempt in (
        lambda: qdrant.read("ours", 3),
        lambda: qdrant.create("ours", size=3, payload={}),
        lambda: qdrant.write("ours", points((1, 2, 3))),
    ):
        with pytest.raises(
            ContractError, match=r"ours: 4 dimensions under Cosine in the store, 3 under Cosine declared"
        ):
            attempt()


def test_another_distance_is_refused_with_both_values(qdrant):
    from qdrant_client.models import Distance, VectorParams

    qdrant.client.create_collection("ours", VectorParams(size=SIZE, distance=Distance.DOT))
    with pytest.raises(ContractError, match="4 dimensions under Dot in the store, 4 under Cosine declared"):
        qdrant.read("ours", SIZE)


def test_vectors_under_names_are_refused(qdrant):
    from qdrant_client.models import Distance, VectorParams

    qdrant.client.create_collection("ours", {"text": VectorParams(size=SIZE, distance=Distance.COSINE)})
    with pytest.raises(ContractError, match="named vectors"):
        qdrant.read("ours", SIZE)


def test_a_collection_that_is_not_there_says_what_to_do(qdrant):
    with pytest.raises(StoreError, match="no collection ours; run: ys migrate up"):
        qdrant.read("ours", SIZE)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_nan_is_neither_written_nor_read(qdrant, wrong):
    qdrant.create("ours", size=SIZE, payload={})
    with pytest.raises(ContractError, match=r"the vector of 00000000-0000-0000-0000-000000000001 holds NaN"):
        qdrant.write("ours", points((1, 0, 0, 0), (wrong, 0, 0, 1)))
    assert qdrant.count("ours") == 0


def nan_inside(qdrant):
    """A collection that someone else wrote NaN into, past our own door."""
    from qdrant_client.models import PointStruct

    qdrant.create("ours", size=SIZE, payload={})
    qdrant.write("ours", points((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)))
    # the client refuses NaN, and makes it out of an infinity when it divides by the length
    point = PointStruct(id=str(uuid.UUID(int=1)), vector=[math.inf, 1.0, 0.0, 0.0], payload={})
    with np.errstate(invalid="ignore"):
        qdrant.client.upsert("ours", [point])


def test_nan_in_the_store_is_an_error_that_names_the_point(qdrant):
    nan_inside(qdrant)
    with pytest.raises(ContractError, match=r"ours\.vector where id=00000000-0000-0000-0000-000000000001"):
        qdrant.read("ours", SIZE)


def test_nan_in_the_store_is_rejected_into_the_list_the_caller_gives(qdrant):
    nan_inside(qdrant)
    rejects = RejectPolicy(source="ours", key=("id",), quarantine=True)
    assert qdrant.read("ours", SIZE, rejects=rejects)["vector"].to_list() == [[1, 0, 0, 0], [0, 0, 1, 0]]
    assert [misfit.key for misfit in rejects.rejected] == [{"id": str(uuid.UUID(int=1))}]


def test_vectors_of_several_sizes_are_not_written(qdrant):
    qdrant.create("ours", size=SIZE, payload={})
    ragged = points((1, 0, 0, 0), (0, 1, 0, 0)).with_columns(vector=pl.Series([[1.0] * 4, [1.0] * 3]))
    with pytest.raises(ContractError, match="several sizes"):
        qdrant.write("ours", ragged)


def test_creating_a_collection_twice_creates_it_once(qdrant):
    assert qdrant.create("ours", size=SIZE, payload={"a": "keyword"}) is True
    assert qdrant.create("ours", size=SIZE, payload={"a": "keyword"}) is False
    assert qdrant.drop("ours") is True
    assert qdrant.drop("ours") is False


def test_a_server_that_is_not_there_is_a_store_error_without_the_key():
    address = QdrantAddress(url="http://127.0.0.1:1", api_key="s3cret", timeout=0.2)
    with pytest.raises(StoreError, match="YS_QDRANT_URL") as raised, Qdrant.open(address):
        pass
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_damaged_folder_is_a_store_error(tmp_path):
    (tmp_path / "meta.json").write_text('{"collections": {"ours": {"vec')
    with pytest.raises(StoreError, match="look at the folder"), Qdrant.open(QdrantAddress(folder=tmp_path)):
        pass


def test_what_was_written_is_there_when_the_folder_is_opened_again(tmp_path):
    address = QdrantAddress(folder=tmp_path / "qdrant")
    with Qdrant.open(address) as first:
        first.create("ours", size=SIZE, payload={})
        first.write("ours", points((1, 0, 0, 0), payload='{"a": [1, null]}'))
        with Qdrant.open(address) as second:
            assert second.count("ours") == 1
        assert first.count("ours") == 1
    with Qdrant.open(address) as again:
        assert again.read("ours", SIZE)["payload"].to_list() == ['{"a":[1,null]}']
