"""Redis (or Valkey) as typed frames: key families by SCAN, in chunks, without an object per value.

Knows the four kinds of value and the wire; knows no family. A chunk is read by one script on the
server: keys, lifetimes and values of one moment come back as a few long runs of bytes with their
lengths, which become columns as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from ys_analytics.errors import StoreError
from ys_analytics.stores import redis_frame, redis_script
from ys_analytics.stores.ahead import ahead
from ys_analytics.stores.arrivals import Arrived, counted, nobody
from ys_analytics.stores.json_text import decode
from ys_analytics.stores.patience import Interrupted, patiently
from ys_analytics.stores.redis_script import KINDS, Chunk, Kind
from ys_analytics.stores.redis_url import connect
from ys_analytics.stores.refusals import Refusals

if TYPE_CHECKING:
    from redis import Redis as Client
    from redis import RedisCluster

    from ys_analytics.stores.address import RedisAddress

# Keys the server looks at per step: a few milliseconds of its time, a few hundred kilobytes.
_STEP = 2_000

# Steps whose answers become one part of the frame.
_TOGETHER = 10

# Commands sent together when writing.
_WRITES = 1_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Redis:
    """An open connection to a server, a cluster or a Sentinel group; keys are without the prefix.

    Attributes:
        client: The redis-py client; other rooms use the verbs below.
        address: Where it is.
    """

    client: Client | RedisCluster
    address: RedisAddress

    @classmethod
    @contextmanager
    def open(cls, address: RedisAddress) -> Iterator[Redis]:
        """Connect for the length of a block.

        Raises:
            StoreError: the server cannot be reached or refuses us.
            SettingsError: the URL is of no known form.
        """
        with refused(address):
            client = connect(address.url, timeout=address.timeout)
        try:
            store = cls(client, address)
            store.ping()
            yield store
        finally:
            client.close()

    def read(
        self,
        pattern: str,
        kind: Kind,
        *,
        json: pl.DataType | None = None,
        refusals: Refusals | None = None,
        arrived: Arrived = nobody,
    ) -> pl.DataFrame:
        """Every key that matches a glob, with its remaining lifetime, as long rows.

        Args:
            pattern: A glob as SCAN takes it, without the prefix: `price:current:*`.
            kind: What the keys hold. A key of another type is refused.
            json: Take each value for JSON of this type (see `json_text.decode`), which is done while the
                next ones arrive; as text when not given.
            refusals: What becomes of a key of another type, of text that is not UTF-8 or not JSON; an
                error when not given.
            arrived: Told the rows so far.

        Returns:
            `key`, `ttl_ms` (null for keys that stay) and, by kind: string `value`; hash `field`,
            `value`; list `position` (UInt32, from 0), `value`; zset `member`, `score` (Float64).
            The order of keys is the server's, that of a list's rows its own. A key seen twice while
            the server rearranges itself counts once.

        Raises:
            StoreError: the server refused us, went away, or was replaced in the middle.
            ContractError: a key or a value does not fit, and no quarantine was asked for.

        Example:
            redis.read("price:current:*", "string", json=pl.Struct({"price": pl.String}))
        """
        met = refusals if refusals is not None else Refusals(source=pattern, key=("key",))
        before = list(met.met)

        def once() -> pl.DataFrame:
            met.met[:] = before
            groups = ahead(self._groups(pattern, kind))
            return redis_frame.whole(counted((self._part(chunks, kind, json, met) for chunks in groups), arrived))

        return self._patiently(once)

    def count(self, pattern: str) -> int:
        """How many keys match a glob; the keys themselves stay on the server, for some are secrets.

        Raises:
            StoreError: the server refused us or went away.
        """
        steps = self._patiently(lambda: [digests for (digests,) in self._steps(redis_script.COUNT, pattern)])
        return len(set(b",".join(filter(None, steps)).split(b",")) - {b""})

    def write(self, kind: Kind, frame: pl.DataFrame, *, ttl: int | None = None) -> int:
        """Replace keys by what a frame holds, in the shape `read` gives (`ttl_ms` and `position` need not be there).

        Args:
            kind: What the keys hold.
            frame: Rows of `key` and the columns of the kind; a list keeps the order of its rows.
            ttl: Lifetime in seconds; None writes keys that stay.

        Returns:
            The number of keys written.

        Raises:
            StoreError: the server refused us or went away; keys already sent are written.
        """
        shape = KINDS[kind]
        columns = [name for name in (shape.first, shape.second) if name]
        keys = frame.group_by("key", maintain_order=True).agg(*columns)
        with self._refused():
            for part in keys.iter_slices(_WRITES):
                pipeline = self.client.pipeline(transaction=False)
                for key, *values in part.iter_rows():
                    _queue(pipeline, kind, self.address.prefix + key, values, ttl)
                pipeline.execute()
        return keys.height

    def delete(self, pattern: str) -> int:
        """Remove every key that matches a glob; how many there were.

        Raises:
            StoreError: the server refused us or went away.
        """
        removed = 0
        with self._refused():
            keys = list(self.client.scan_iter(match=_glob(self.address.prefix, pattern), count=_STEP))
            for start in range(0, len(keys), _WRITES):
                pipeline = self.client.pipeline(transaction=False)
                for key in keys[start : start + _WRITES]:
                    pipeline.unlink(key)
                removed += sum(pipeline.execute())
        return removed

    def ping(self) -> None:
        """Ask the server whether it is there.

        Raises:
            StoreError: the server refused us or went away.
        """
        with self._refused():
            self.client.ping()

    def about(self) -> dict[str, str]:
        """What the server says of itself: `engine`, `version`, `role` (master or replica) and `mode`.

        Raises:
            StoreError: the server refused us or went away.
        """
        with self._refused():
            said = self._info(next(self._nodes()))
        return {
            "engine": str(said.get("server_name", "redis")),
            "version": str(said.get("valkey_version") or said["redis_version"]),
            "role": str(said.get("role", "")),
            "mode": str(said.get("server_mode") or said.get("redis_mode", "")),
        }

    def _part(self, chunks: list[Chunk], kind: Kind, json: pl.DataType | None, refusals: Refusals) -> pl.DataFrame:
        rows = redis_frame.build(chunks, kind, prefix=self.address.prefix, refusals=refusals)
        return rows if json is None else decode(rows, json, key=("key",), refusals=refusals)

    def _groups(self, pattern: str, kind: Kind) -> Iterator[list[Chunk]]:
        """The chunks of every step, some steps together; at least one group, maybe empty."""
        script = redis_script.step(kind, cluster=hasattr(self.client, "get_primaries"))
        chunks = (Chunk(*runs) for runs in self._steps(script, pattern))
        yield list(islice(chunks, _TOGETHER))
        while group := list(islice(chunks, _TOGETHER)):
            yield group

    def _steps(self, script: str, pattern: str) -> Iterator[list[bytes]]:
        """Step through every server; one that is no longer the one we began with is an interruption."""
        glob = _glob(self.address.prefix, pattern)
        for node in self._nodes():
            begun_with = self._info(node)["run_id"]
            cursor = b"0"
            while True:
                cursor, *runs = self._ask(node, "EVAL", script, 0, cursor, glob, _STEP)
                yield runs
                if cursor == b"0":
                    break
            if self._info(node)["run_id"] != begun_with:
                raise Interrupted("the server was replaced while it was read; read again")

    def _nodes(self) -> Iterator[Any]:
        """The servers that together hold all keys; None where there is only one."""
        primaries = getattr(self.client, "get_primaries", None)
        yield from (None,) if primaries is None else primaries()

    def _ask(self, node: Any, *command: object) -> Any:
        return self.client.execute_command(*command, **_at(node))  # type: ignore[no-untyped-call]

    def _info(self, node: Any) -> dict[str, Any]:
        return self.client.info(**_at(node))

    def _patiently(self, read: Callable[[], _T]) -> _T:
        with self._refused():
            return patiently(read, passes=_passes, deadline=self.address.timeout)

    @contextmanager
    def _refused(self) -> Iterator[None]:
        with refused(self.address):
            yield


@contextmanager
def refused(address: RedisAddress) -> Iterator[None]:
    """Make of every error of the driver a StoreError that names the server and no secret."""
    from redis.exceptions import RedisError

    try:
        yield
    except (RedisError, Interrupted, OSError) as error:
        said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        hint = "run: ys up" if address.embedded else "check YS_REDIS_URL and the server"
        raise StoreError(f"Redis at {address.masked}: {said}; {hint}") from error


def _passes(error: Exception) -> bool:
    """Connections that are refused or lost come back; a wrong password stays wrong."""
    from redis.exceptions import AuthenticationError, ConnectionError  # noqa: A004 - the driver's name for it

    return isinstance(error, ConnectionError) and not isinstance(error, AuthenticationError)


def _at(node: Any) -> dict[str, Any]:
    return {} if node is None else {"target_nodes": node}


def _queue(pipeline: Any, kind: Kind, key: str, values: list[list[Any]], ttl: int | None) -> None:
    """Queue the commands that make a key hold exactly these values."""
    pipeline.delete(key)
    match kind:
        case "string":
            pipeline.set(key, values[0][-1])
        case "hash":
            pipeline.hset(key, mapping=dict(zip(*values, strict=True)))
        case "list":
            pipeline.rpush(key, *values[0])
        case "zset":
            pipeline.zadd(key, dict(zip(*values, strict=True)))
    if ttl is not None:
        pipeline.expire(key, ttl)


def _glob(prefix: str, pattern: str) -> str:
    r"""A pattern behind a prefix that stands for itself.

    >>> _glob("a*b:", "price:*")
    'a\\*b:price:*'
    """
    return "".join(f"\\{letter}" if letter in "*?[]^\\" else letter for letter in prefix) + pattern
