"""A Qdrant server's HTTP face before the local engine, so that the HTTP client meets a real one.

Knows as much of the protocol as the client speaks for us; faults can be ordered one by one.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qdrant_client import QdrantClient
from qdrant_client.http import models

KEY = "hunter2"

# A key that may read alone, as `service.read_only_api_key` makes one.
READ_ONLY_KEY = "hunter3"

# Puts the listening socket of a front behind TLS.
Tls = Callable[[ThreadingHTTPServer], None]


@dataclass
class Front:
    """A running front.

    Attributes:
        port: Where it listens, on loopback.
        faults: What to do with the next scrolls: `drop` the connection, or answer `500`.
        after_scroll: Called after each page was taken from the engine.
        indexes: The payload indexes of each collection; the local engine keeps none.
        requests: Method and path of every request, in order.
        filters: The filter of every scroll and search, in order.
    """

    port: int
    engine: QdrantClient
    faults: list[str] = field(default_factory=list)
    after_scroll: Callable[[], None] = lambda: None
    indexes: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    filters: list[object] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where a client finds it."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def front(*, tls: Tls | None = None) -> Iterator[Front]:
    """Serve an engine that lives in memory until the block ends."""
    engine = QdrantClient(":memory:", force_disable_check_same_thread=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.front = Front(server.server_address[1], engine)
        if tls is not None:
            tls(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.front
        finally:
            server.shutdown()
            thread.join()
            engine.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def _serve(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        path = self.path.split("?")[0]
        front: Front = self.server.front
        front.requests.append(f"{self.command} {path}")
        key = self.headers.get("api-key")
        reading = self.command == "GET" or path.endswith(("/scroll", "/count", "/query"))
        if key == READ_ONLY_KEY and not reading:
            self._answer(403, b'{"status": {"error": "Forbidden: Global manage access is required"}}')
        elif key not in (KEY, READ_ONLY_KEY):
            self._answer(401, b"Must provide an API key or an Authorization bearer token")
        elif path.endswith("/scroll") and front.faults:
            if front.faults.pop(0) == "drop":
                self.close_connection = True
            else:
                self._answer(500, b"no disk")
        elif path == "/":
            self._answer(200, b'{"title": "qdrant - vector search engine", "version": "1.16.0"}')
        else:
            self._reply(front, path.strip("/").split("/")[1:], body)

    do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the base class names them so

    def _reply(self, front: Front, place: list[str], body: dict[str, Any]) -> None:
        """The engine's answer, in the envelope a server puts it in."""
        try:
            result = _ask(front, self.command, place, body)
        except ValueError as error:
            self._answer(404, json.dumps({"status": {"error": str(error)}}).encode())
            return
        text = result.model_dump_json() if hasattr(result, "model_dump_json") else json.dumps(result)
        self._answer(200, f'{{"result": {text}, "status": "ok", "time": 0.0}}'.encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _ask(front: Front, method: str, place: list[str], body: dict[str, Any]) -> object:  # noqa: C901, PLR0911 - one a request
    """One request put to the engine."""
    engine = front.engine
    name = place[0] if place else ""
    match method, place[1:]:
        case "GET", [] if not name:
            return engine.get_collections()
        case "GET", ["exists"]:
            return {"exists": engine.collection_exists(name)}
        case "GET", []:
            return _described(front, name)
        case "PUT", []:
            front.indexes[name] = {}
            return engine.create_collection(name, models.VectorParams(**body["vectors"]))
        case "DELETE", []:
            return engine.delete_collection(name)
        case "PUT", ["index"]:
            front.indexes[name][body["field_name"]] = body["field_schema"]
        case "PUT", ["points"]:
            engine.upsert(name, models.Batch(**body["batch"]))
        case "POST", ["points", "count"]:
            chosen = models.Filter(**body["filter"]) if body.get("filter") else None
            return engine.count(name, count_filter=chosen, exact=body["exact"])
        case "POST", ["points", "scroll"]:
            options = {field: body.get(field) for field in ("limit", "offset", "with_payload")}
            chosen = models.Filter(**body["filter"]) if body.get("filter") else None
            points, after = engine.scroll(name, scroll_filter=chosen, with_vectors=body["with_vector"], **options)
            front.filters.append(body.get("filter"))
            front.after_scroll()
            return models.ScrollResult(points=points, next_page_offset=after)
        case "POST", ["points", "query"]:
            options = {field: body.get(field) for field in ("limit", "with_payload")}
            chosen = models.Filter(**body["filter"]) if body.get("filter") else None
            front.filters.append(body.get("filter"))
            return engine.query_points(
                name, query=body["query"]["nearest"], query_filter=chosen, with_vectors=body["with_vector"], **options
            )
        case unknown:
            raise AssertionError(unknown)
    return {"operation_id": 0, "status": "completed"}


def _described(front: Front, name: str) -> models.CollectionInfo:
    found = front.engine.get_collection(name)
    found.payload_schema = {
        field: models.PayloadIndexInfo(data_type=kind, points=0) for field, kind in front.indexes[name].items()
    }
    return found
