"""Qdrant's side, and what Redis declares: made where missing, never changed where there."""

import pytest
from qdrant_client.models import Distance, VectorParams

from ys_analytics import migrations
from ys_analytics.errors import MigrationError
from ys_analytics.migrations.collections import differences
from ys_analytics.migrations.families import family_status
from ys_analytics.schemas import TABLES, Collection
from ys_analytics.stores import QdrantAddress, Stores
from ys_analytics.stores.qdrant import CollectionShape, Qdrant

DECLARED = {table.name: table for table in TABLES.values() if isinstance(table, Collection)}


@pytest.fixture
def vectors(tmp_path):
    """An empty folder of Qdrant's local mode."""
    with Qdrant.open(QdrantAddress(folder=tmp_path / "qdrant")) as qdrant:
        yield Stores(opened_qdrant=qdrant)


def test_collections_are_made_once(vectors, settings):
    """Three, with the sizes of the specification, under cosine; a second up does nothing."""
    made = migrations.up(vectors, settings=settings)
    assert {step.version: step.store for step in made} == dict.fromkeys(DECLARED, "qdrant")
    shapes = {name: (shape.size, shape.distance) for name, shape in vectors.qdrant.collections().items()}
    assert shapes == {
        "market_sentiment": (384, "Cosine"),
        "protocol_analysis": (768, "Cosine"),
        "trading_patterns": (512, "Cosine"),
    }
    assert migrations.up(vectors, settings=settings) == []
    assert {step.state for step in migrations.status(vectors, settings=settings)} == {"applied"}


@pytest.mark.parametrize(
    ("shape", "complaint", "drift"),
    [
        pytest.param(
            VectorParams(size=300, distance=Distance.COSINE),
            "300 dimensions under Cosine.*512 under Cosine",
            "300 dimensions, not 512",
            id="another size",
        ),
        pytest.param(
            VectorParams(size=512, distance=Distance.DOT),
            "512 dimensions under Dot.*512 under Cosine",
            "Dot distance, not Cosine",
            id="another distance",
        ),
    ],
)
def test_another_shape_is_refused_with_both_named(vectors, settings, shape, complaint, drift):
    """Its vectors were made by another model; making it anew would lose them."""
    vectors.qdrant.client.create_collection("trading_patterns", shape)
    with pytest.raises(MigrationError, match=f"qdrant/trading_patterns: {complaint}"):
        migrations.up(vectors, settings=settings)
    [step] = [step for step in migrations.status(vectors, settings=settings) if step.version == "trading_patterns"]
    assert (step.state, step.detail) == ("drifted", drift)
    assert vectors.qdrant.collections()["trading_patterns"].size == shape.size


def test_down_drops_the_declared_collections_alone(vectors, settings):
    """What we did not make is not ours to drop."""
    vectors.qdrant.client.create_collection("theirs", VectorParams(size=4, distance=Distance.DOT))
    migrations.up(vectors, settings=settings)
    whole = migrations.schema_version(vectors)["qdrant"]
    assert [step.version for step in migrations.down(vectors)] == list(DECLARED)[::-1]
    assert list(vectors.qdrant.collections()) == ["theirs"]
    assert migrations.down(vectors) == []
    assert migrations.schema_version(vectors)["qdrant"] != whole


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({}, [], id="as declared"),
        pytest.param({"timeframe": None}, ["index of timeframe is gone"], id="an index is gone"),
        pytest.param({"success_rate": "integer"}, ["index of success_rate is integer, not float"], id="another type"),
        pytest.param({"more": "keyword"}, [], id="one more is nobody's loss"),
    ],
)
def test_a_servers_indexes_are_compared(changed, said):
    """The embedded engine keeps none, so there they are not missed."""
    declared = DECLARED["trading_patterns"]
    indexes = {name: kind for name, kind in {**declared.payload, **changed}.items() if kind is not None}
    there = CollectionShape(size=512, distance="Cosine", indexes=indexes)
    assert differences(declared, there, has_indexes=True) == said
    assert differences(declared, CollectionShape(size=512, distance="Cosine", indexes={}), has_indexes=False) == []


def test_every_family_of_redis_is_declared():
    """Type and expiry of each key of the specification, twenty in all."""
    said = {step.version: step.description for step in family_status()}
    assert len(said) == 20
    assert said["redis_price_current"] == "price:current:{asset_id}:{chain_id}: string, 60 s"
    assert said["redis_risk_liquidation"] == "risk:liquidation: zset, stays"
