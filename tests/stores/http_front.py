"""A ClickHouse server's HTTP face before the embedded engine, so that the HTTP client meets the real engine.

Knows as much of the protocol as the client speaks; faults can be ordered one by one.
"""

import base64
import email.policy
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import chdb

LOGIN = "ys:hunter2"

# A user under `readonly = 1`, who may change no setting.
READER = "reader:hunter2"

# What a server writes where it fails in the middle of an answer.
FAULT = (
    b"\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 241. DB::Exception: Query memory limit exceeded: 9 GiB."
    b" (MEMORY_LIMIT_EXCEEDED) (version 26.9.1.1 (official build))\n\r\n173 abcdefghijklmnop\r\n__exception__\r\n"
)

# What the transport itself consumes; the engine would not know these settings.
_OF_TRANSPORT = {
    "database", "query", "query_id", "session_id", "wait_end_of_query", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "client_protocol_version", "enable_http_compression", "default_format",
    "compress",
}  # fmt: skip

# Puts the listening socket of a front behind TLS.
Tls = Callable[[ThreadingHTTPServer], None]


@dataclass
class Front:
    """A running front.

    Attributes:
        port: Where it listens, on loopback.
        faults: What to do with the next answers that carry an Arrow stream: `cut` (half of it, then a proper
            end), `drop` (half of it, then the connection goes), or `fail` and `fail in a chunk` (half of it, then
            the server's words, with a proper end or in a chunk that is cut short).
        statements: Every statement, in order.
        profile: Settings of every user, before those of a request.
    """

    port: int
    faults: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    profile: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where a client finds it."""
        return f"http://{LOGIN}@127.0.0.1:{self.port}/default"


@contextmanager
def front(folder: Path, *, tls: Tls | None = None) -> Iterator[Front]:
    """Serve the engine at `folder`, which this process may have open already, until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.front = Front(server.server_address[1])
        server.folder = folder
        if tls is not None:
            tls(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.front
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self._body()
        if self.path.startswith("/ping"):
            self._answer(200, b"Ok.\n")
            return
        login = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if login not in (LOGIN, READER):
            self._answer(403, b"Code: 516. DB::Exception: Authentication failed", code="516")
            return
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self.headers.get_content_type() == "multipart/form-data":  # the client's way with long parameters
            query, body = query | _form(self.headers["Content-Type"], body), b""
        statement, data = (query["query"], body) if "query" in query else (body.decode(), b"")
        self.server.front.statements.append(statement)
        try:
            result = self._run(statement, data, query, reader=login == READER)
        except RuntimeError as error:
            code = re.search(r"Code: (\d+)", str(error))
            self._answer(500, str(error).encode(), code=code[1] if code else "1")
            return
        self._answer(200, result, faulty=statement.rstrip().endswith("ArrowStream"))

    def _run(self, statement: str, data: bytes, query: dict[str, str], *, reader: bool) -> bytes:
        """One statement on a connection of its own, with the settings of this request."""
        parameters = {name.removeprefix("param_"): value for name, value in query.items() if name.startswith("param_")}
        settings = {n: v for n, v in query.items() if n not in _OF_TRANSPORT and not n.startswith("param_")}
        engine = chdb.connect(str(self.server.folder))
        try:
            for name, value in self.server.front.profile.items():
                engine.query(f"SET {name} = '{value}'")
            if reader:
                engine.query("SET readonly = 1")
            for name, value in settings.items():
                engine.query(f"SET {name} = '{value}'")
            if not data:
                named = {"params": parameters} if parameters else {}  # which older engines do not take
                return engine.query(statement, "TabSeparated", **named).bytes() or b""
            with tempfile.NamedTemporaryFile() as file:
                file.write(data)
                file.flush()
                into = re.sub(r"\sFORMAT\s+(\w+)\s*$", rf" FROM INFILE '{file.name}' FORMAT \1", statement)
                return engine.query(into, "TabSeparated").bytes() or b""
        finally:
            engine.close()

    def _answer(self, status: int, body: bytes, *, code: str = "", faulty: bool = False) -> None:
        fault = self.server.front.faults.pop(0) if faulty and self.server.front.faults else ""
        sent = body[: len(body) // 2] if fault else body
        if fault.startswith("fail"):
            sent += FAULT
        self.send_response(status)
        self.send_header("X-ClickHouse-Timezone", "UTC")
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        if fault == "fail in a chunk":
            self.send_header("Transfer-Encoding", "chunked")
            sent = f"{len(sent) + 100:x}\r\n".encode() + sent
        else:
            self.send_header("Content-Length", str(len(body) if fault == "drop" else len(sent)))
        self.end_headers()
        self.wfile.write(sent)
        if fault in ("drop", "fail in a chunk"):
            self.close_connection = True

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)


def _form(kind: str, body: bytes) -> dict[str, str]:
    """The fields of a form."""
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    form = BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    return {
        part.get_param("name", header="Content-Disposition"): part.get_payload(decode=True).decode()
        for part in form.iter_parts()
    }
