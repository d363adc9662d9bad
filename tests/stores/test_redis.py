"""Redis comes back as it was written, each key once, each text checked; what does not fit has a name."""

import json
import uuid

import polars as pl
import psutil
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from ys_analytics import local
from ys_analytics.errors import ContractError, SettingsError, StoreError
from ys_analytics.local.home import Home
from ys_analytics.local.valkey_server import ValkeyServer
from ys_analytics.settings import Settings
from ys_analytics.stores import RedisAddress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.retry import Interrupted
from ys_analytics.stores.redis import Redis, rows, script
from ys_analytics.stores.redis.script import KINDS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SCORE = st.floats(allow_nan=False, allow_infinity=False)
EFFORT = effort(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def redis(stores):
    """The session's server with a corner of its own, swept at the end."""
    corner = Redis(stores.redis.client, RedisAddress(stores.redis.address.url, prefix=f"t*[{uuid.uuid4().hex[:8]}]:"))
    yield corner
    corner.delete("*")


def put(redis, key, value, how="set"):
    getattr(redis.client, how)(redis.address.prefix.encode() + (key if isinstance(key, bytes) else key.encode()), value)


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        pytest.param("string", {"key": ["a", "b"], "value": ['{"price": "1.5"}', ""]}, id="string"),
        pytest.param("hash", {"key": ["a", "a", "b"], "field": ["x", "", "x"], "value": ["1", "ü", ""]}, id="hash"),
        pytest.param("list", {"key": ["a", "a", "b"], "value": ["same", "same", "\n"]}, id="list"),
        pytest.param("zset", {"key": ["a", "b"], "member": ["m", "m"], "score": [0.1, -1e300]}, id="sorted set"),
    ],
)
def test_each_kind_comes_back_as_long_rows(redis, kind, rows):
    written = pl.DataFrame(rows)
    assert redis.write(kind, written, ttl=60) == 2
    read = redis.read("*", kind)
    assert read.columns == ["key", "ttl_ms", *KINDS[kind].columns]
    assert read.sort("key", *KINDS[kind].columns[:1])[written.columns].rows() == written.sort(written.columns).rows()
    assert read["ttl_ms"].is_between(50_000, 60_000).all()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_read_has_the_same_types(redis, kind):
    before = redis.read("*", kind)
    redis.write(kind, pl.DataFrame({"key": ["k"], "value": ["v"], "field": ["f"], "member": ["m"], "score": [1.0]}))
    after = redis.read("*", kind)
    assert (before.height, after.height) == (0, 1)
    assert before.schema == after.schema


def test_a_lists_rows_keep_their_places(redis):
    redis.write("list", pl.DataFrame({"key": ["q"] * 3, "value": ["third", "first", "second"]}))
    assert redis.read("q", "list").select("position", "value").rows() == [(0, "third"), (1, "first"), (2, "second")]


def test_a_key_without_an_expiry_has_no_ttl(redis):
    redis.write("string", pl.DataFrame({"key": ["k"], "value": ["v"]}))
    assert redis.read("k", "string")["ttl_ms"].to_list() == [None]


def test_writing_replaces_what_was_there(redis):
    redis.write("hash", pl.DataFrame({"key": ["k", "k"], "field": ["a", "b"], "value": ["1", "2"]}), ttl=60)
    redis.write("hash", pl.DataFrame({"key": ["k"], "field": ["c"], "value": ["3"]}))
    assert redis.read("k", "hash").rows() == [("k", None, "c", "3")]


def test_a_prefix_stands_for_itself_and_is_never_seen(redis, stores):
    redis.write("string", pl.DataFrame({"key": ["mine"], "value": ["v"]}))
    stores.redis.write("string", pl.DataFrame({"key": ["tX[y]:other"], "value": ["v"]}))
    assert redis.read("*", "string")["key"].to_list() == ["mine"]
    assert redis.count("*") == 1
    assert redis.delete("*") == 1
    assert stores.redis.delete("tX*") == 1


def test_a_pattern_reads_only_what_it_matches(redis):
    redis.write("string", pl.DataFrame({"key": ["price:1", "price:2", "risk:1"], "value": ["v"] * 3}))
    assert sorted(redis.read("price:*", "string")["key"]) == ["price:1", "price:2"]


def test_more_keys_than_a_step_are_each_read_once(redis):
    many = pl.DataFrame({"key": [f"k{n:05}" for n in range(9_000)], "value": [str(n) for n in range(9_000)]})
    redis.write("string", many)
    assert redis.read("*", "string").sort("key").select("key", "value").equals(many)
    assert redis.count("k*") == 9_000


@EFFORT
@given(values=st.dictionaries(KEY, TEXT, max_size=6))
def test_any_text_comes_back_from_strings(redis, values):
    redis.delete("*")
    redis.write(
        "string", pl.DataFrame({"key": [*values], "value": [*values.values()]}, {"key": pl.String, "value": pl.String})
    )
    assert dict(redis.read("*", "string").select("key", "value").rows()) == values


@EFFORT
@given(
    fields=st.dictionaries(TEXT, TEXT, min_size=1, max_size=6),
    scores=st.dictionaries(TEXT, SCORE, min_size=1, max_size=6),
)
def test_any_text_and_score_come_back_from_hashes_and_sorted_sets(redis, fields, scores):
    redis.write("hash", pl.DataFrame({"key": "h", "field": [*fields], "value": [*fields.values()]}))
    redis.write("zset", pl.DataFrame({"key": "z", "member": [*scores], "score": [*scores.values()]}))
    assert dict(redis.read("h", "hash").select("field", "value").rows()) == fields
    assert dict(redis.read("z", "zset").select("member", "score").rows()) == scores


@EFFORT
@given(values=st.lists(TEXT, min_size=1, max_size=8))
def test_any_text_comes_back_from_lists_in_order(redis, values):
    redis.write("list", pl.DataFrame({"key": "l", "value": values}))
    assert redis.read("l", "list").sort("position")["value"].to_list() == values


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_another_type_is_named(redis, kind):
    other = "hash" if kind != "hash" else "list"
    redis.write(other, pl.DataFrame({"key": ["odd"], "value": ["v"], "field": ["f"]}))
    with pytest.raises(ContractError, match=rf"key=odd: '{other}' is not a {kind}"):
        redis.read("*", kind)
    redis.write(kind, pl.DataFrame({"key": ["right"], "value": ["v"], "field": ["f"], "member": ["m"], "score": [1.0]}))
    rejects = RejectPolicy(source="a family", quarantine=True)
    assert redis.read("*", kind, rejects=rejects)["key"].to_list() == ["right"]
    assert [misfit.key for misfit in rejects.rejected] == [{"key": "odd"}]


def test_text_that_is_not_utf8_is_named_and_never_replaced(redis):
    put(redis, "broken", b"\xff\xfe")
    put(redis, b"\xffkey", "v")
    put(redis, "sound", "é")
    with pytest.raises(ContractError, match="UTF-8"):
        redis.read("*", "string")
    rejects = RejectPolicy(source="a family", quarantine=True)
    assert redis.read("*", "string", rejects=rejects).select("key", "value").rows() == [("sound", "é")]
    assert {(misfit.column, misfit.key["key"]) for misfit in rejects.rejected} == {
        ("value", "broken"),
        ("key", r"\xffkey"),
    }


def test_letters_cut_between_two_values_are_not_joined(redis):
    """Two values that are text only when read as one run are each refused."""
    first, second = "é".encode()[:1], "é".encode()[1:]
    redis.client.rpush(redis.address.prefix + "cut", first, second)
    rejects = RejectPolicy(source="a family", quarantine=True)
    assert redis.read("cut", "list", rejects=rejects).is_empty()
    assert len(rejects.rejected) == 2


def test_an_infinite_score_is_named(redis):
    redis.client.zadd(redis.address.prefix + "z", {"good": 1, "bad": float("inf")})
    rejects = RejectPolicy(source="a family", quarantine=True)
    assert redis.read("z", "zset", rejects=rejects)["member"].to_list() == ["good"]
    assert [misfit.key for misfit in rejects.rejected] == [{"key": "z", "member": "bad"}]


def test_ten_thousand_hostile_keys_change_nothing_silently(redis, record_property):
    """Every hostile key is refused by name, every sound one is read exactly."""
    pipeline = redis.client.pipeline(transaction=False)
    hostile, sound = set(), {}
    for n in range(10_000):
        key = f"k{n:05}"
        match n % 5:
            case 0:
                pipeline.set(redis.address.prefix + key, b"\xc3" + bytes([n % 256]) * 3 + b"\xff")
            case 1:
                pipeline.rpush(redis.address.prefix + key, "a list")
            case 2:
                pipeline.hset(redis.address.prefix + key, "a", "hash")
            case 3:
                pipeline.zadd(redis.address.prefix + key, {"a": 1})
            case _:
                sound[key] = "9" * 40 + "." + str(n) + "\x00NaN"
                pipeline.set(redis.address.prefix + key, sound[key])
        if key not in sound:
            hostile.add(key)
    pipeline.execute()
    rejects = RejectPolicy(source="hostile", quarantine=True)
    assert dict(redis.read("*", "string", rejects=rejects).select("key", "value").rows()) == sound
    assert {misfit.key["key"] for misfit in rejects.rejected} == hostile
    record_property("refused", len(rejects.rejected))


def test_counting_brings_no_key_here(redis):
    """The names of sessions are secrets: what the server answers when they are counted holds none."""
    redis.write("string", pl.DataFrame({"key": ["session:user:s3cret"], "value": ["{}"]}))
    answers = list(redis._scan(script.COUNT, "session:user:*"))
    assert b"s3cret" not in b"".join(run for step in answers for run in step)
    assert redis.count("session:user:*") == 1


@pytest.fixture
def own(tmp_path):
    """A server of this test's own, to stop and start."""
    settings = Settings(_env_file=None, home=tmp_path)
    local.up(settings, only=["redis"])
    yield ValkeyServer(Home(settings.home))
    local.down(settings)


def restart(server):
    server.stop()
    server.start()


def test_a_server_replaced_in_the_middle_is_an_interruption_and_never_half_a_frame(own):
    with Redis.open(RedisAddress(own.url(), embedded=True)) as redis:
        redis.write("string", pl.DataFrame({"key": [f"k{n}" for n in range(5_000)], "value": "v"}, strict=False))
        redis.client.execute_command("WAITAOF", 1, 0, 10_000)
        steps = redis._scan(script.read("string"), "*")
        next(steps)
        restart(own)
        with pytest.raises(Interrupted):
            list(steps)
        assert redis.read("*", "string").height == 5_000


def test_a_server_that_went_away_is_one_line_that_says_what_to_do(own):
    with Redis.open(RedisAddress(own.url(), embedded=True, timeout=0.3)) as redis:
        own.stop()
        with pytest.raises(StoreError, match=r"Redis at unix://.*; run: ys up") as raised:
            redis.read("*", "string")
        assert "\n" not in str(raised.value)
        assert raised.value.__cause__ is not None


def test_a_server_that_is_not_there_is_a_store_error_without_the_password():
    address = RedisAddress("redis://me:s3cret@127.0.0.1:1/0", timeout=0.2)
    with pytest.raises(StoreError, match="check YS_REDIS_URL") as raised, Redis.open(address):
        pass
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://cache:6379",
        "cache:6379",
        "redis://:s3cret@cache:port/0",
        "redis://[cache/0",
        "redis+sentinel://a:1",
        "redis+sentinel://a:1/service/x",
        "redis-cluster://a:b",
    ],
)
def test_a_url_of_no_known_form_is_a_settings_error(url):
    with pytest.raises(SettingsError, match="YS_REDIS_URL") as raised, Redis.open(RedisAddress(url)):
        pass
    assert "s3cret" not in str(raised.value)


def test_json_written_is_json_read(redis):
    price = {"price": "0.000000000000000001", "source": 'ü " \\ \n'}
    redis.write("string", pl.DataFrame({"key": ["p"], "value": [json.dumps(price)]}))
    assert json.loads(redis.read("p", "string")["value"][0]) == price


def test_no_client_is_left_behind(own):
    server = psutil.Process(own.running().pid)
    before = server.num_fds()
    for _ in range(3):
        with Redis.open(RedisAddress(own.url(), embedded=True)) as redis:
            redis.ping()
    assert server.num_fds() <= before + 1


def test_values_are_taken_for_json_as_they_arrive(redis):
    """The decoded frame is the text one decoded, over more keys than one part holds."""
    texts = [json.dumps({"price": f"{n}.5", "n": n}) for n in range(25_000)]
    redis.write("string", pl.DataFrame({"key": [f"k{n:05}" for n in range(25_000)], "value": texts}))
    put(redis, "odd", '{"price": 1.5}')
    shape = pl.Struct({"price": pl.String, "n": pl.Int64})
    rejects = RejectPolicy(source="prices", key=("key",), quarantine=True)
    read = redis.read("*", "string", json=shape, rejects=rejects).sort("key")
    assert read.schema["value"] == shape
    assert read["value"].to_list() == [json.loads(text) for text in texts]
    assert [misfit.key for misfit in rejects.rejected] == [{"key": "odd"}]
    with pytest.raises(ContractError, match="key=odd"):
        redis.read("*", "string", json=shape)


def test_of_a_key_seen_in_two_parts_the_later_counts():
    """SCAN may give a key again when the server rearranges itself; a list is then wholly the newer one."""
    first = pl.DataFrame({"key": ["a", "a", "b"], "value": ["old", "old", "kept"]})
    later = pl.DataFrame({"key": ["a", "c"], "value": ["new", "kept"]})
    assert rows.merge_parts([first, later]).rows() == [("b", "kept"), ("a", "new"), ("c", "kept")]
    assert rows.merge_parts([first, later[1:]]).height == 4
