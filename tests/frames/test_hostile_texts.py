"""Ten thousand hostile values in Redis and as many points in Qdrant: each as it is, or refused by its key."""

import json
import math
import random
from datetime import UTC, datetime
from decimal import Context, Decimal
from uuid import UUID

import polars as pl
import pytest

from ys_analytics import frames
from ys_analytics.errors import ContractError

ROWS = 10_000
_EXACT = Context(prec=100)
FAIR = {
    "price": "1.000000000000000001", "volume_24h": "99999999999999999999.999999999999999999", "change_24h": "-0.5",
    "timestamp": "2026-11-16T01:02:03.000004Z", "source": 'Ω "\\ {"price": "9"}',
}  # fmt: skip
HOSTILE = [
    {"price": 1.123456789012345678}, {"price": "NaN"}, {"price": "1e-7"}, {"price": "1" * 40}, {"price": ""},
    {"price": "0.0000000000000000001"}, {"price": None}, {"price": ["1"]}, {"price": {"of": "1"}}, {"price": "1,5"},
    {"price": " 1"}, {"price": "\u0661"}, {"timestamp": "2026-11-16T01:02:03"}, {"timestamp": "yesterday"},
    {"timestamp": 1763254923}, {"timestamp": "2026-11-16T01:02:03.0000049Z"}, {"timestamp": "2016-12-31T23:59:60Z"},
    {"timestamp": "+10000-01-01T00:00:00Z"}, {"timestamp": ""}, {"source": 7}, {"source": None},
]  # fmt: skip
BROKEN = ["", "{", "null", "[]", '"text"', "7", '{"price": "1"', '{"price": NaN}', "{}", "not JSON"]


def test_ten_thousand_hostile_prices_change_in_nothing(stores, record_property):
    """Broken JSON, numbers for decimals, other alphabets' digits, times without a zone: all named, none guessed."""
    chance = random.Random(7)  # noqa: S311 - the same rows every time
    texts, fair = [], []
    for _ in range(ROWS):
        good = chance.random() < 0.9
        price = f"{chance.choice(['', '-'])}{chance.randrange(10**20)}.{chance.randrange(10**18):018}"
        said = FAIR | {"price": price}
        bad = chance.choice([json.dumps(said | chance.choice(HOSTILE)), chance.choice(BROKEN)])
        texts.append(json.dumps(said, ensure_ascii=chance.random() < 0.5) if good else bad)
        fair.append(price if good else None)
    keys = [f"price:current:a{number}:{number}" for number in range(ROWS)]
    stores.redis.write("string", pl.DataFrame({"key": keys, "value": texts}))
    try:
        aside = []
        loaded = frames.load(stores, "redis_price_current", quarantine=aside)
    finally:
        stores.redis.delete("price:current:a*")
    mine = loaded.filter(pl.col("asset_id").str.contains(r"^a\d+$"))
    prices = dict(mine.select("chain_id", "price").iter_rows())
    expected = {number: Decimal(price) for number, price in enumerate(fair) if price is not None}
    assert prices == expected
    assert mine.select("volume_24h", "timestamp", "source").unique().row(0) == (
        Decimal(FAIR["volume_24h"]), datetime(2026, 11, 16, 1, 2, 3, 4, tzinfo=UTC), FAIR["source"],
    )  # fmt: skip
    assert len(aside) == ROWS - len(expected)
    record_property(
        "said", f"Redis: {ROWS:,} hostile values: {len(expected):,} exact, {len(aside):,} refused, 0 changed"
    )


STRING, HASH, LIST = "string", "hash", "list"
HISTORY, CALLS = ("redis_price_hist", "price:hist:a:1h", STRING), ("redis_rate_limit", "rate:limit:u:/v1", STRING)
FORMS = {
    "half a call": (*CALLS, {"value": ["1.5"]}),
    "too many calls": (*CALLS, {"value": [str(2**64)]}),
    "a call with noughts before it": (*CALLS, {"value": ["007"]}),
    "a call with a sign": (*CALLS, {"value": ["+1"]}),
    "another spelling of a chain": ("redis_price_current", "price:current:a:01", STRING, {"value": [json.dumps(FAIR)]}),
    "digits of another alphabet": (*CALLS, {"value": ["\u0661"]}),
    "a number in a history": (*HISTORY, {"value": ['[["2026-11-16T00:00:00Z", 1.5]]']}),
    "a moment of a second's billionth": (*HISTORY, {"value": ['[["2026-11-16T00:00:00.000000001Z", "1"]]']}),
    "a moment that is nothing": (*HISTORY, {"value": ["[null]"]}),
    "a moment without its time": (*HISTORY, {"value": ['[[null, "1"]]']}),
    "a moment that is empty": (*HISTORY, {"value": ["[[]]"]}),
    "a moment without a price": (*HISTORY, {"value": ['[["2026-11-16T00:00:00Z"]]']}),
    "an exponent": ("redis_portfolio_perf", "portfolio:perf:p:7d", HASH, {"field": ["m"], "value": ["1e5"]}),
    "half a pair": ("redis_risk_correlation", "risk:correlation:p", HASH, {"field": ["btc"], "value": ["1"]}),
    "a broken alert": ("redis_price_alerts", "price:alerts:a", LIST, {"value": ["{"]}),
    "a chain that is none": ("redis_bridge_fees", "bridge:fees:1:x", HASH, {"field": ["b"], "value": ["1"]}),
    "a hash for a string": ("redis_price_current", "price:current:a:1", HASH, {"field": ["price"], "value": ["1"]}),
    "a key without its part": ("redis_agent_tasks", "agent:tasks::pending", LIST, {"value": ["t"]}),
}


@pytest.mark.parametrize(("family", "key", "kind", "value"), FORMS.values(), ids=FORMS)
def test_a_value_of_another_form_is_an_error(stores, family, key, kind, value):
    """It names the family and the key; in quarantine it is counted, and the rest loads."""
    before = frames.load(stores, family).height
    stores.redis.write(kind, pl.DataFrame({"key": [key] * len(value["value"])} | value))
    try:
        with pytest.raises(ContractError, match=family):
            frames.load(stores, family)
        aside = []
        assert frames.load(stores, family, quarantine=aside).height == before
        assert len(aside) == 1
    finally:
        stores.redis.delete(key)


POINT = {
    "timestamp": 1763254923, "source": "news", "sentiment_score": -0.25, "confidence": 1,
    "asset_mentioned": ["BTC", "Ω"], "content_hash": "00",
}  # fmt: skip
WRONG = [
    {"source": "\ud800"}, {"sentiment_score": True}, {"timestamp": 10**30}, {"sentiment_score": 10**400},
    {"timestamp": 1.5}, {"timestamp": "now"}, {"timestamp": 2**62}, {"timestamp": None}, {"source": 7},
    {"sentiment_score": "0.5"}, {"sentiment_score": None}, {"asset_mentioned": "BTC"}, {"asset_mentioned": [1]},
]  # fmt: skip


def test_ten_thousand_hostile_points_change_in_nothing(stores, record_property):
    """Payload fields of a wrong type or none are refused by the point's id; vectors are what was written."""
    chance = random.Random(7)  # noqa: S311 - the same rows every time
    size = 384
    axis = [1.0] + [0.0] * (size - 1)
    good = [chance.random() < 0.9 for _ in range(ROWS)]
    scores = [chance.uniform(-1, 1) for _ in range(ROWS)]
    payloads = [
        POINT | {"sentiment_score": score} | ({} if fair else chance.choice(WRONG))
        for fair, score in zip(good, scores, strict=True)
    ]
    ids = [str(UUID(int=number + 1, version=4)) for number in range(ROWS)]
    points = pl.DataFrame(
        {"id": ids, "vector": [axis] * ROWS, "payload": [json.dumps(payload) for payload in payloads]},
        schema={"id": pl.String, "vector": pl.Array(pl.Float32, size), "payload": pl.String},
    )
    kept = {name: shape for name, shape in stores.qdrant.collections().items() if name == "market_sentiment"}
    assert kept
    before = stores.qdrant.read("market_sentiment", size)
    stores.qdrant.write("market_sentiment", points)
    try:
        aside = []
        loaded = frames.load(stores, "market_sentiment", quarantine=aside).filter(pl.col("id").is_in(ids))
    finally:
        _restore(stores, before)
    expected = {name: score for name, fair, score in zip(ids, good, scores, strict=True) if fair}
    assert dict(loaded.select("id", "sentiment_score").iter_rows()) == expected
    assert loaded["timestamp"].unique().to_list() == [datetime.fromtimestamp(1763254923, UTC)]
    assert loaded["asset_mentioned"].unique().to_list() == [["BTC", "Ω"]]
    assert math.isclose(loaded["vector"].arr.sum().sum(), loaded.height)
    assert len(aside) == ROWS - len(expected)
    record_property(
        "said", f"Qdrant: {ROWS:,} hostile points: {len(expected):,} exact, {len(aside):,} refused, 0 changed"
    )


def _restore(stores, points: pl.DataFrame) -> None:
    """The collection as it was."""
    from ys_analytics.schemas import TABLES

    table = TABLES["market_sentiment"]
    stores.qdrant.drop(table.name)
    stores.qdrant.create(table.name, size=table.size, payload=table.payload)
    stores.qdrant.write(table.name, points)
