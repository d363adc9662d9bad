"""Reads and writes Qdrant's local mode by its internals, where its public methods are slow.

Depends on the internals of `qdrant_client.local` as of 1.20; no other module does. Its scroll copies
every payload deeply and turns every vector into Python floats (0.16 s for 5,000 x 384 against 0.01 s
here); its storage waits for the disk after each point (5 s against 0.7 s). A test holds both ways of
reading equal, so a release that changes the insides is found out.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, filterwarnings

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

# The vector of a collection that has one.
_UNNAMED = ""

# How far from 1 rounding leaves the length of a vector that was divided by its length, and below which length
# Qdrant leaves a vector as it is.
_ROUNDING, _NO_LENGTH = 1e-5, float(np.finfo(np.float32).eps)


@dataclass(frozen=True, slots=True)
class Points:
    """Some points of a collection, in the order of their ids."""

    ids: list[str]
    vectors: npt.NDArray[np.float32]
    payloads: list[dict[str, Any]]


@dataclass
class _Opened:
    """A client and how many blocks of this process use it: a folder admits one client."""

    client: "QdrantClient"
    users: int = 0


@dataclass
class _Folders:
    opened: dict[Path, _Opened] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


_folders = _Folders()


@contextmanager
def client_of(folder: Path) -> Iterator["QdrantClient"]:
    """The client of a folder, shared by all blocks of this process; the last one out closes it."""
    from qdrant_client import QdrantClient

    folder = folder.resolve()
    with _folders.lock:
        if folder not in _folders.opened:
            with without_size_warning():
                client = QdrantClient(path=str(folder), force_disable_check_same_thread=True)
            _folders.opened[folder] = _Opened(client)
        shared = _folders.opened[folder]
        shared.users += 1
    try:
        yield shared.client
    finally:
        with _folders.lock:
            shared.users -= 1
            if shared.users == 0:
                del _folders.opened[folder]
                shared.client.close()


@contextmanager
def without_size_warning() -> Iterator[None]:
    """Suppress the client's advice, at 20,000 points, to run a server."""
    with catch_warnings():
        filterwarnings("ignore", message="Local mode is not recommended", category=UserWarning)
        yield


def skip_disk_sync(client: "QdrantClient", collection: str) -> None:
    """Do not wait for the disk at each write; `kill -9` still loses nothing."""
    storage = _local_collection(client, collection).storage
    if storage is not None:
        storage.storage.execute("PRAGMA synchronous = OFF")


def pages(
    client: "QdrantClient",
    collection: str,
    *,
    rows: int,
    vectors: bool = True,
    fields: Sequence[str] | None = None,
) -> Iterator[Points]:
    """All points of a collection that has one vector, some at a time, ordered by id.

    Without `vectors` they have none; `fields` names the payload fields that are wanted.
    """
    local = _local_collection(client, collection)
    live_points = [(str(point), row) for point, row in local.ids.items() if not local.deleted[row]]
    live_points.sort()
    for start in range(0, len(live_points), rows):
        page = live_points[start : start + rows]
        rows_of_page = np.fromiter((row for _, row in page), np.int64, len(page))
        page_vectors = np.empty((len(page), 0), np.float32)
        if vectors:
            page_vectors = _unit(local.vectors[_UNNAMED][rows_of_page].astype(np.float32, copy=False))
            page_vectors[local.deleted_per_vector[_UNNAMED][rows_of_page] != 0] = np.nan  # a point without its vector
        payloads = [local.payload[row] for row in rows_of_page]
        if fields is not None:
            payloads = [{name: payload[name] for name in fields if name in payload} for payload in payloads]
        yield Points([point for point, _ in page], page_vectors, payloads)


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The vectors at unit length, as a server keeps them under cosine distance; one without a direction as it is.

    Local mode divides a vector by its length when it is written, and forgets to when the folder is opened again
    (findings/qdrant-local-cosine-reopened.sh).
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    not_unit = (np.abs(lengths - 1) > _ROUNDING) & (lengths > _NO_LENGTH)
    np.divide(vectors, lengths, out=vectors, where=not_unit)
    return vectors


def _local_collection(client: "QdrantClient", collection: str) -> Any:
    return client._client._get_collection(collection)  # type: ignore[attr-defined] # noqa: SLF001 - see above
