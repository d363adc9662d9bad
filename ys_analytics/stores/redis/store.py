"""Redis (or Valkey) as typed frames: key families by SCAN, in chunks, without an object per value.

Depends on the four kinds of value and on the protocol. Does not know any family. A chunk is read by one script on
the server: keys, expiries and values of one moment come back as a few long runs of bytes with their lengths, which
become columns as they stand. A read that saw the servers change is begun again: it gives every key, or an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import polars as pl

from ys_analytics.stores.common import versions
from ys_analytics.stores.common.deadline import GRACE_SECONDS, time_limit
from ys_analytics.stores.common.json_text import decode
from ys_analytics.stores.common.prefetch import prefetch
from ys_analytics.stores.common.progress import RowCallback, collect_counted, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.retry import LayoutChanged, with_retries
from ys_analytics.stores.redis import rows, script, slots, topology
from ys_analytics.stores.redis.errors import is_transient, translate_errors
from ys_analytics.stores.redis.script import KINDS, Chunk, Kind
from ys_analytics.stores.redis.url import connect

if TYPE_CHECKING:
    from redis import Redis as Client
    from redis import RedisCluster

    from ys_analytics.stores.addresses import RedisAddress

# Keys the server looks at per step: a few milliseconds of its time, a few hundred kilobytes.
_STEP = 2_000

# Steps whose answers become one part of the frame.
_TOGETHER = 10

# Commands sent together when writing.
_WRITES = 1_000

_T = TypeVar("_T")

# What runs a script over all keys that match a glob.
_Steps: TypeAlias = Callable[[str, str], Iterator[list[Any]]]


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
            StoreError: the server cannot be reached, refuses us or is too old.
            SettingsError: the URL is of no known form.
        """
        with translate_errors(address):
            # the limit of a read comes first
            client = connect(address.url, timeout=address.timeout + 2 * GRACE_SECONDS, tls=address.tls)
        try:
            store = cls(client, address)
            info = store.server_info()
            versions.require("Valkey" if info["engine"] == "valkey" else "Redis", info["version"])
            yield store
        finally:
            client.close()

    def read(
        self,
        pattern: str,
        kind: Kind,
        *,
        json: pl.DataType | None = None,
        rejects: RejectPolicy | None = None,
        report_rows: RowCallback = no_progress,
    ) -> pl.DataFrame:
        """Every key that matches a glob, with the time until it expires, as long rows.

        Args:
            pattern: A glob as SCAN takes it, without the prefix: `price:current:*`.
            kind: What the keys hold. A key of another type is refused.
            json: Take each value for JSON of this type (see `json_text.decode`), which is done while the
                next ones arrive; as text when not given.
            rejects: What becomes of a key of another type, of text that is not UTF-8 or not JSON; an
                error when not given.
            report_rows: Called with the rows so far.

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
        policy = rejects if rejects is not None else RejectPolicy(source=pattern, key=("key",))
        rejected_before = list(policy.rejected)

        def read_all(steps: _Steps) -> pl.DataFrame:
            policy.rejected[:] = rejected_before
            groups = prefetch(self._groups(steps, pattern, kind), abort=self.abort)
            return rows.merge_parts(
                collect_counted((self._part(chunks, kind, json, policy) for chunks in groups), report_rows)
            )

        return self._with_retries(read_all)

    def count(self, pattern: str) -> int:
        """How many keys match a glob; the keys themselves stay on the server, for some are secrets.

        Raises:
            StoreError: the server refused us or went away.
        """
        found = self._with_retries(lambda steps: [digests for (digests,) in steps(script.COUNT, pattern)])
        return len(set(b",".join(filter(None, found)).split(b",")) - {b""})

    def write(self, kind: Kind, frame: pl.DataFrame, *, ttl: int | None = None) -> int:
        """Replace keys by what a frame holds, in the shape `read` gives (`ttl_ms` and `position` need not be there).

        Args:
            kind: What the keys hold.
            frame: Rows of `key` and the columns of the kind; a list keeps the order of its rows.
            ttl: Seconds until the key expires; None writes keys that never do.

        Returns:
            The number of keys written.

        Raises:
            StoreError: the server refused us or went away; keys already sent are written.
        """
        shape = KINDS[kind]
        columns = [name for name in (shape.first, shape.second) if name]
        keys = frame.group_by("key", maintain_order=True).agg(*columns)
        for part in keys.iter_slices(_WRITES):
            with self._single_exchange():
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
        keys = self._with_retries(
            lambda steps: sorted({key for (keys_of_step,) in steps(script.SCAN, pattern) for key in keys_of_step})
        )
        removed = 0
        for start in range(0, len(keys), _WRITES):
            with self._single_exchange():
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
        with self._single_exchange():
            self.client.ping()

    def server_info(self) -> dict[str, str]:
        """What the server says of itself: `engine`, `version`, `role` (master or replica) and `mode`.

        Raises:
            StoreError: the server refused us or went away.
        """
        with self._single_exchange():
            node = topology.servers(self.client)[0]
            info = self.client.info(**topology.target(node))
        return {
            "engine": str(info.get("server_name", "redis")),
            "version": str(info.get("valkey_version") or info["redis_version"]),
            "role": str(info.get("role", "")),
            "mode": str(info.get("server_mode") or info.get("redis_mode", "")),
        }

    def _part(self, chunks: list[Chunk], kind: Kind, json: pl.DataType | None, rejects: RejectPolicy) -> pl.DataFrame:
        frame = rows.build(chunks, kind, prefix=self.address.prefix, rejects=rejects)
        return frame if json is None else decode(frame, json, key=("key",), rejects=rejects)

    def _groups(self, steps: _Steps, pattern: str, kind: Kind) -> Iterator[list[Chunk]]:
        """The chunks of every step, some steps together; at least one group, maybe empty."""
        read = script.read(kind, cluster=topology.is_cluster(self.client))
        chunks = (Chunk(*runs) for runs in steps(read, pattern))
        yield list(islice(chunks, _TOGETHER))
        while group := list(islice(chunks, _TOGETHER)):
            yield group

    def _scan(self, work: str, pattern: str) -> Iterator[list[Any]]:
        """What a script gives for each step of SCAN, on every server that holds keys, from cursor 0 to cursor 0.

        Raises:
            Interrupted: the servers, what they serve or whose data it is changed meanwhile.
        """
        glob, step = escape_glob(self.address.prefix) + pattern, script.by_cursor(work)
        nodes = topology.servers(self.client)
        before = self._observe(nodes)
        for node in nodes:
            cursor = b"0"
            while True:
                cursor, *answer = topology.run(self.client, node, step, 0, cursor, glob, _STEP)
                yield answer
                if cursor == b"0":
                    break
        if self._observe(nodes) != before:
            raise LayoutChanged("the servers changed while they were read; read again")

    def _scan_slots(self, work: str, pattern: str, *, until: float) -> Iterator[list[Any]]:
        """As `_scan`, of a cluster whose slots move."""
        matching = script.lua_pattern(escape_glob(self.address.prefix) + pattern)
        if matching is None:
            return self._scan(work, pattern)
        return slots.steps(self.client, script.by_slot(work), matching, until=until)

    def _observe(self, nodes: list[Any]) -> tuple[topology.ServerState, ...]:
        return topology.observe(self.client, nodes, primary=self.address.uses_sentinel)

    def abort(self) -> None:
        """Close every connection, so that a thread that waits on one stops waiting."""
        client: Any = self.client
        members = [node.redis_connection for node in client.get_nodes()] if topology.is_cluster(client) else [client]
        for member in members:
            if member is not None:
                member.connection_pool.disconnect(inuse_connections=True)

    def _with_retries(self, read: Callable[[_Steps], _T]) -> _T:
        """Read by what gives the steps: SCAN, and slot by slot once a cluster was found to move."""
        attempts: Iterator[_Steps] = repeat(self._scan)
        if topology.is_cluster(self.client):
            until = time.monotonic() + self.address.timeout
            attempts = chain([self._scan], repeat(partial(self._scan_slots, until=until)))
        with translate_errors(self.address):
            return with_retries(
                lambda: read(next(attempts)),
                is_transient=is_transient,
                deadline=self.address.timeout,
                abort=self.abort,
                peer=self._peer,
            )

    @contextmanager
    def _single_exchange(self) -> Iterator[None]:
        """One exchange with the server that is not repeated."""
        limit = time_limit(self.address.timeout + GRACE_SECONDS, abort=self.abort, peer=self._peer)
        with limit, translate_errors(self.address):
            yield

    @property
    def _peer(self) -> str:
        return f"Redis at {self.address.masked}"


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


def escape_glob(text: str) -> str:
    r"""A text that stands for itself in a glob.

    >>> escape_glob("a*b:")
    'a\\*b:'
    """
    return "".join(f"\\{letter}" if letter in "*?[]^\\" else letter for letter in text)
