"""The least rights that are written down for Redis are enough to read, and for nothing else."""

from urllib.parse import quote

import polars as pl
import pytest
import redis as driver

from ys_analytics.errors import StoreError
from ys_analytics.stores import RedisAddress
from ys_analytics.stores.redis import Redis
from ys_analytics.stores.redis.privileges import ASKING_SENTINELS, READING, READING_A_CLUSTER

# Of servers that live for one test.
_PASSWORD = "p@ss/word"  # noqa: S105
_LOGIN = f"reader:{quote(_PASSWORD, safe='')}"


def let_in(port: int, rules: str, user: str = "reader") -> None:
    """Make the user with these rules and no other."""
    with driver.Redis(port=port) as line:
        line.execute_command("ACL", "SETUSER", user, "reset", "on", f">{_PASSWORD}", *rules.split())


def filled(url: str) -> None:
    """A key of each kind, written by someone who may."""
    with Redis.open(RedisAddress(url)) as redis:
        redis.write("string", pl.DataFrame({"key": ["s:1"], "value": ["v"]}))
        redis.write("hash", pl.DataFrame({"key": ["h:1"], "field": ["f"], "value": ["v"]}))
        redis.write("list", pl.DataFrame({"key": ["l:1"], "value": ["v"]}))
        redis.write("zset", pl.DataFrame({"key": ["z:1"], "member": ["m"], "score": [1.0]}))


def reads_and_no_more(url: str) -> None:
    """Every kind is read and counted; nothing is written."""
    with Redis.open(RedisAddress(url)) as redis:
        for kind in ("string", "hash", "list", "zset"):
            assert redis.read(f"{kind[0]}:*", kind).height == 1
        assert redis.count("*") == 4
        assert redis.server_info()["version"]
        for forbidden in (
            lambda: redis.write("string", pl.DataFrame({"key": ["s:2"], "value": ["v"]})),
            lambda: redis.delete("s:*"),
        ):
            with pytest.raises(StoreError, match=r"permissions.*ACL SETUSER"):
                forbidden()


def test_one_server_is_read_with_the_least_rights(redises) -> None:
    """And without one of them it is not."""
    port = redises.start()
    filled(f"redis://127.0.0.1:{port}/0")
    let_in(port, READING)
    reads_and_no_more(f"redis://{_LOGIN}@127.0.0.1:{port}/0")
    for right in ("+@read", "+info", "+eval"):
        let_in(port, READING.replace(f" {right}", ""))
        opened = Redis.open(RedisAddress(f"redis://{_LOGIN}@127.0.0.1:{port}/0"))
        with pytest.raises(StoreError, match="ACL SETUSER") as refused, opened as redis:
            redis.read("s:*", "string")
        assert READING in str(refused.value)
        assert "word" not in str(refused.value)


def test_a_cluster_is_read_with_the_least_rights(redises, until) -> None:
    """Its servers are asked for the map of their slots as well."""
    port = redises.start("cluster-enabled yes")
    with driver.Redis(port=port) as node:
        node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        until(lambda: node.cluster("INFO")["cluster_state"] == "ok")
    filled(f"redis-cluster://127.0.0.1:{port}")
    let_in(port, READING_A_CLUSTER)
    reads_and_no_more(f"redis-cluster://{_LOGIN}@127.0.0.1:{port}")


def test_sentinels_are_asked_with_the_least_rights(redises) -> None:
    """They have users of their own."""
    master = redises.start()
    group = redises.start(sentinel=(f"sentinel monitor prices 127.0.0.1 {master} 1",))
    filled(f"redis://127.0.0.1:{master}/0")
    let_in(master, READING)
    let_in(group, ASKING_SENTINELS, user="asker")
    secret = quote(_PASSWORD, safe="")
    login = f"sentinel_username=asker&sentinel_password={secret}"
    reads_and_no_more(f"redis+sentinel://{_LOGIN}@127.0.0.1:{group}/prices?{login}")
