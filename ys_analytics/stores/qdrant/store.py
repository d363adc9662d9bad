"""Qdrant as typed frames: embeddings as arrays of Float32, payloads as JSON text.

Depends on collections and the protocol. Does not know any collection's name. A folder (local mode) and a server are the
same class. Under cosine distance Qdrant keeps each vector at unit length, so what is read is what was
written divided by its length.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import polars as pl

from ys_analytics.errors import ContractError, StoreError
from ys_analytics.stores.common import versions
from ys_analytics.stores.common.deadline import GRACE_SECONDS, time_limit
from ys_analytics.stores.common.progress import RowCallback, collect_counted, no_progress
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.common.retry import with_retries
from ys_analytics.stores.common.sockets import OpenSockets
from ys_analytics.stores.qdrant import folder
from ys_analytics.stores.qdrant.client import client as open_client
from ys_analytics.stores.qdrant.errors import is_transient, translate_errors
from ys_analytics.stores.qdrant.folder import Points
from ys_analytics.stores.qdrant.search import Match, filter_model

if TYPE_CHECKING:
    import numpy.typing as npt
    from qdrant_client import QdrantClient

    from ys_analytics.stores.addresses import QdrantAddress

FieldType = Literal["integer", "float", "keyword"]

DISTANCE = "Cosine"

# Points in one request of a scroll, and in one upsert: a few megabytes of JSON.
_PAGE = 1_000
_UPSERT = 500

_T = TypeVar("_T")


class CollectionChangedError(StoreError):
    """Points were taken out of a collection while it was read: what came of it is no whole answer."""


@dataclass(frozen=True, slots=True)
class CollectionShape:
    """Size, distance and payload indexes of a collection.

    Attributes:
        size: Number of dimensions of its vectors.
        distance: As Qdrant names it: Cosine, Dot, Euclid, Manhattan.
        indexes: Payload fields with an index, and its type. The local mode keeps none.
    """

    size: int
    distance: str
    indexes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Qdrant:
    """An open server or folder.

    Attributes:
        client: The qdrant-client; other rooms use the verbs below.
        address: Where it is.
    """

    client: QdrantClient
    address: QdrantAddress
    sockets: OpenSockets = field(default_factory=OpenSockets, repr=False)

    @classmethod
    @contextmanager
    def open(cls, address: QdrantAddress) -> Iterator[Qdrant]:
        """Connect, or open the folder, for the length of a block.

        The caller holds the turn at a folder; blocks of one process share one client.

        Raises:
            StoreError: the server cannot be reached, refuses us or is too old, or the folder is another process's.
        """
        sockets = OpenSockets()
        with open_client(address, sockets) as client:
            store = cls(client, address, sockets)
            with store._single_exchange():
                if not address.embedded:
                    versions.require("Qdrant", store.server_info()["version"])
                store.collections()
            yield store

    def read(
        self, collection: str, size: int, *, rejects: RejectPolicy | None = None, report_rows: RowCallback = no_progress
    ) -> pl.DataFrame:
        """Every point of a collection.

        Args:
            collection: Its name.
            size: The number of dimensions it was declared with.
            rejects: What becomes of a point whose vector is absent, NaN or infinite, or whose payload
                is not JSON; an error when not given.
            report_rows: Called with the rows so far.

        Returns:
            `id` (String), `vector` (Array(Float32, size)), `payload` (JSON text, its fields in
            alphabetical order), sorted by id.

        Raises:
            StoreError: there is no such collection, or the server refused us or went away.
            ContractError: the collection's size or distance is not the declared one, or a point
                does not fit.
        """
        policy = rejects if rejects is not None else RejectPolicy(source=collection, key=("id",))
        empty = _frame(Points([], np.empty((0, size), np.float32), []), [], size)
        parts = self.read_whole(
            lambda: collect_counted(self.batches(collection, size, rejects=policy), report_rows), policy
        )
        return pl.concat([empty, *parts]).sort("id")

    def read_whole(self, read: Callable[[], _T], rejects: RejectPolicy) -> _T:
        """What a read of all batches gives, which begins again when points were lost meanwhile.

        Raises:
            CollectionChangedError: they were lost again and again.
            StoreError: the server refused us or went away.
        """
        rejected_before = list(rejects.rejected)

        def read_anew() -> _T:
            rejects.rejected[:] = rejected_before
            return read()

        if self.address.embedded:
            return read_anew()
        return with_retries(
            read_anew,
            is_transient=lambda error: isinstance(error, CollectionChangedError),  # one request was tried again already
            deadline=self.address.timeout,
            abort=self.sockets.shut_down,
            peer=self._peer,
        )

    def batches(
        self,
        collection: str,
        size: int,
        *,
        rows: int = 5_000,
        vectors: bool = True,
        fields: Sequence[str] | None = None,
        where: Sequence[Sequence[Match]] = (),
        rejects: RejectPolicy | None = None,
    ) -> Iterator[pl.DataFrame]:
        """The same in frames of at most `rows` points, with memory for one of them.

        Without `vectors` there is no such column; `fields` names the payload fields that are wanted. A server gives
        only the points of which one of each inner list of `where` holds; a folder in this process gives them all.

        Raises:
            CollectionChangedError: after the last batch, where there are fewer points in all than there were before the
                first: each page is of a moment of its own.
            StoreError: as `read`.
            ContractError: as `read`.
        """
        rejects = rejects if rejects is not None else RejectPolicy(source=collection, key=("id",))
        self._require(collection, size)
        # Each page has a limit: what the reader does with a batch takes its own time.
        size, chosen, points_read = size if vectors else 0, filter_model(where), 0
        points_before = 0 if self.address.embedded else self._count(collection, chosen)
        for points in self._pages(collection, size, rows=rows, fields=fields, where=chosen):
            points_read += len(points.ids)
            yield _frame(*_split_rejects(points, rejects), size)
        if points_read < points_before:
            raise CollectionChangedError(
                f"{self._peer}: {collection} changed while it was read, {points_read:,} points of {points_before:,}"
                " were left; read again"
            )

    def write(self, collection: str, frame: pl.DataFrame) -> int:
        """Insert points, or replace those with the same id.

        Args:
            collection: Its name.
            frame: `id` (UUID text), `vector`, `payload` (JSON text of an object).

        Returns:
            The number of points written.

        Raises:
            ContractError: a vector holds NaN or an infinity, or is of another size.
            StoreError: the server refused us or went away; points already sent are written.
        """
        from qdrant_client.models import Batch

        if frame.is_empty():
            return 0
        vectors = _matrix(frame, collection)
        self._require(collection, vectors.shape[1])
        ids, payloads = frame["id"].to_list(), [json.loads(text) for text in frame["payload"]]
        with self._single_exchange(), folder.without_size_warning():
            if self.address.embedded:
                folder.skip_disk_sync(self.client, collection)
            for start in range(0, frame.height, _UPSERT):
                part = slice(start, start + _UPSERT)
                points = Batch(ids=ids[part], vectors=vectors[part].tolist(), payloads=payloads[part])
                self.client.upsert(collection, points, wait=True)
        return frame.height

    def nearest(
        self,
        collection: str,
        size: int,
        vector: Sequence[float],
        *,
        limit: int,
        where: Sequence[Sequence[Match]] = (),
        rejects: RejectPolicy | None = None,
    ) -> pl.DataFrame:
        """The points nearest to a vector by cosine, found by the store without approximation.

        A folder gives every point instead, for it is in this process.

        Args:
            collection: Its name.
            size: The number of dimensions it was declared with.
            vector: Where to look, of as many numbers.
            limit: How many points at most.
            where: Of each inner list one must hold.
            rejects: As `read`.

        Returns:
            As `read`, in any order.

        Raises:
            StoreError: as `read`.
            ContractError: as `read`.
        """
        if self.address.embedded:
            return self.read(collection, size, rejects=rejects)
        from qdrant_client.models import SearchParams

        rejects = rejects if rejects is not None else RejectPolicy(source=collection, key=("id",))
        self._require(collection, size)
        answer = self._with_retries(
            lambda: self.client.query_points(
                collection,
                query=list(vector),
                query_filter=filter_model(where),
                search_params=SearchParams(exact=True),
                limit=limit,
                with_payload=True,
                with_vectors=True,
            )
        )
        details = answer.points
        points = Points(
            [str(point.id) for point in details],
            np.array([_sized(point.vector, size) for point in details], np.float32).reshape(len(details), size),
            [point.payload or {} for point in details],
        )
        return _frame(*_split_rejects(points, rejects), size)

    def count(self, collection: str) -> int:
        """How many points a collection has, exactly.

        Raises:
            StoreError: there is no such collection, or the server refused us or went away.
        """
        return self._count(collection, None)

    def collections(self) -> dict[str, CollectionShape]:
        """Every collection and what it is made of, by name.

        Raises:
            StoreError: the server refused us or went away.
        """
        descriptions = self._with_retries(lambda: self.client.get_collections().collections)
        return {
            description.name: self._shape(description.name)
            for description in sorted(descriptions, key=lambda description: description.name)
        }

    def create(self, collection: str, *, size: int, payload: Mapping[str, FieldType]) -> bool:
        """Create a collection under cosine distance, and the indexes its payload lacks; whether anything was.

        A folder keeps no payload index: its filters look at every point.

        Raises:
            ContractError: the collection is there with another size or distance.
            StoreError: the server refused us or went away.
        """
        from qdrant_client.models import Distance, PayloadSchemaType, VectorParams

        existing = self.collections().get(collection)
        with self._single_exchange():
            if existing is None:
                self.client.create_collection(collection, VectorParams(size=size, distance=Distance(DISTANCE)))
            else:
                _require_shape(collection, existing, size)
            indexed = existing.indexes if existing is not None else {}
            missing = {} if self.address.embedded else {name: payload[name] for name in payload.keys() - indexed.keys()}
            for name in sorted(missing):
                self.client.create_payload_index(collection, name, PayloadSchemaType(missing[name]), wait=True)
        return existing is None or bool(missing)

    def drop(self, collection: str) -> bool:
        """Remove a collection with all its points; whether it was there.

        Raises:
            StoreError: the server refused us or went away.
        """
        with self._single_exchange():
            if not self.client.collection_exists(collection):
                return False
            self.client.delete_collection(collection)
        return True

    def ping(self) -> None:
        """Ask the engine whether it is there.

        Raises:
            StoreError: the server refused us or went away.
        """
        with self._single_exchange():
            self.client.get_collections()

    def abort(self) -> None:
        """Cut every connection, so that what waits on one stops waiting."""
        self.sockets.shut_down()

    def server_info(self) -> dict[str, str]:
        """What the engine says of itself: `engine` and `version`; `role` is empty, for keys have no name.

        Raises:
            StoreError: the server refused us or went away.
        """
        if self.address.embedded:
            from importlib.metadata import version

            return {"engine": "qdrant-client local mode", "version": version("qdrant-client"), "role": ""}
        return {"engine": "qdrant", "version": str(self._with_retries(self.client.info).version), "role": ""}

    def _shape(self, collection: str) -> CollectionShape:
        details = self._with_retries(lambda: self.client.get_collection(collection))
        vectors = details.config.params.vectors
        indexes = {name: str(index.data_type.value) for name, index in (details.payload_schema or {}).items()}
        if vectors is None or isinstance(vectors, dict):
            return CollectionShape(size=0, distance="named vectors", indexes=indexes)
        return CollectionShape(size=vectors.size, distance=vectors.distance.value, indexes=indexes)

    def _require(self, collection: str, size: int) -> None:
        """Refuse a collection that is absent or is not what was declared."""
        if not self._with_retries(lambda: self.client.collection_exists(collection)):
            raise StoreError(f"Qdrant has no collection {collection}; run: ys migrate up")
        _require_shape(collection, self._shape(collection), size)

    def _count(self, collection: str, where: Any) -> int:
        return self._with_retries(lambda: self.client.count(collection, count_filter=where, exact=True).count)

    def _pages(
        self, collection: str, size: int, *, rows: int, fields: Sequence[str] | None, where: Any
    ) -> Iterator[Points]:
        if self.address.embedded:
            yield from folder.pages(self.client, collection, rows=rows, vectors=size > 0, fields=fields)
            return
        offset: Any = None
        while True:
            records, offset = self._with_retries(
                lambda at=offset: self.client.scroll(  # type: ignore[misc]
                    collection,
                    limit=min(rows, _PAGE),
                    offset=at,
                    scroll_filter=where,
                    with_payload=True if fields is None else list(fields),
                    with_vectors=size > 0,
                )
            )
            vectors = [_sized(record.vector, size) for record in records] if size else []
            yield Points(
                [str(record.id) for record in records],
                np.array(vectors, np.float32).reshape(len(records), size),
                [record.payload or {} for record in records],
            )
            if offset is None:
                return

    def _with_retries(self, read: Callable[[], _T]) -> _T:
        with translate_errors(self.address):
            return with_retries(
                read,
                is_transient=is_transient,
                deadline=self.address.timeout,
                abort=self.sockets.shut_down,
                peer=self._peer,
            )

    @contextmanager
    def _single_exchange(self) -> Iterator[None]:
        """Exchanges with the store that have one limit together."""
        limit = time_limit(self.address.timeout + GRACE_SECONDS, abort=self.sockets.shut_down, peer=self._peer)
        with limit, translate_errors(self.address):
            yield

    @property
    def _peer(self) -> str:
        return f"Qdrant at {self.address.masked}"


def _require_shape(collection: str, details: CollectionShape, size: int) -> None:
    """Refuse a collection whose size or distance is not the declared one."""
    if (details.size, details.distance) != (size, DISTANCE):
        raise ContractError(
            f"{collection}: {details.size} dimensions under {details.distance} in the store, "
            f"{size} under {DISTANCE} declared; drop the collection or correct the schema"
        )


def _split_rejects(points: Points, rejects: RejectPolicy) -> tuple[Points, list[str]]:
    """The points that fit, and their payloads as JSON text; the others are refused."""
    fits: list[bool] = np.asarray(np.isfinite(points.vectors).all(axis=1)).tolist()
    for point, fit in zip(points.ids, fits, strict=True):
        if not fit:
            rejects.refuse(column="vector", found="absent, NaN or infinite", expected="numbers", key={"id": point})
    texts = [_json(payload) for payload in points.payloads]
    for index, text in enumerate(texts):
        if text is None:
            fits[index] = False
            rejects.refuse(
                column="payload", found=points.payloads[index], expected="JSON", key={"id": points.ids[index]}
            )
    if not all(fits):
        valid = [index for index, fit in enumerate(fits) if fit]
        points = Points([points.ids[k] for k in valid], points.vectors[valid], [points.payloads[k] for k in valid])
    return points, [text for text, fit in zip(texts, fits, strict=True) if fit and text is not None]


def _json(payload: Mapping[str, Any]) -> str | None:
    """A payload as text that is the same whenever its content is; None when JSON cannot hold it."""
    try:
        text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        text.encode()  # half a letter is no text
    except (ValueError, TypeError):
        return None
    return text


def _frame(points: Points, payloads: list[str], size: int) -> pl.DataFrame:
    columns: dict[str, Any] = {"id": pl.Series(points.ids, dtype=pl.String)}
    if size:
        kind = pl.Array(pl.Float32(), size)
        columns["vector"] = pl.Series(values=points.vectors, dtype=kind) if points.ids else pl.Series(dtype=kind)
    return pl.DataFrame(columns | {"payload": payloads}, schema_overrides={"payload": pl.String()})


def _sized(vector: Any, size: int) -> list[float]:
    """A plain vector of the declared size; NaN in place of anything else, to be refused with its id."""
    return vector if isinstance(vector, list) and len(vector) == size else [math.nan] * size


def _matrix(frame: pl.DataFrame, collection: str) -> npt.NDArray[np.float32]:
    """The vectors of a frame as rows of numbers."""
    sizes = frame["vector"].arr.len() if isinstance(frame["vector"].dtype, pl.Array) else frame["vector"].list.len()
    if sizes.null_count() or sizes.n_unique() > 1:
        raise ContractError(f"{collection}: vectors of several sizes, or none; write vectors of one size")
    size = int(sizes[0])
    vectors = frame["vector"].cast(pl.Array(pl.Float32, size)).to_numpy().reshape(frame.height, size)
    unsound = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(unsound):
        raise ContractError(f"{collection}: the vector of {frame['id'][int(unsound[0])]} holds NaN; correct it")
    return vectors
