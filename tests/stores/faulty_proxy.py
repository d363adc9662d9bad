"""A TCP proxy that delays, trickles, cuts or goes silent after so many bytes from the server."""

import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_PART = 65_536


@dataclass
class FaultyProxy:
    """A proxy in front of one server; a fault begins once `after` bytes of one connection came back.

    Attributes:
        target: Host and port, or the path of a unix socket.
        fault: "none", "cut", "silent" (nothing more passes either way), "trickle" (a byte every tenth of a second) or
            "delay" (nothing passes for `pause` seconds, then everything).
        after: Bytes from the server before the fault.
        pause: How long a delay is.
        times: How many connections have the fault; the ones after them are sound. None: all.
        met: How many connections met it so far.
        first: When the first did, by `time.monotonic`.
    """

    target: tuple[str, int] | str
    fault: str = "none"
    after: int = 0
    times: int | None = None
    pause: float = 0.5
    port: int = 0
    met: int = 0
    first: float | None = None
    _threads: list[threading.Thread] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        """Accept until stopped."""
        listener.settimeout(0.1)
        while not self._stop.is_set():
            with suppress(TimeoutError):
                client, _ = listener.accept()
                thread = threading.Thread(target=self._carry, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _carry(self, client: socket.socket) -> None:
        family = socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET
        with client, socket.socket(family) as server, selectors.DefaultSelector() as ready:
            server.connect(self.target)
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            passed = 0
            while not self._stop.is_set():
                for key, _ in ready.select(0.1):
                    try:
                        part = key.fileobj.recv(_PART)
                        if not part:
                            return
                        if key.fileobj is client:
                            server.sendall(part)
                            continue
                        room = self.after - passed
                        if (
                            self.fault == "none"
                            or len(part) <= room
                            or (self.times is not None and self.met >= self.times)
                        ):
                            client.sendall(part)
                            passed += len(part)
                            continue
                        self.met += 1
                        self.first = self.first or time.monotonic()
                        client.sendall(part[: max(0, room)])
                        if self.fault == "delay":
                            self._stop.wait(self.pause)
                            client.sendall(part[max(0, room) :])
                            passed = -sys.maxsize  # once a connection
                            continue
                        self._fail(client, part[max(0, room) :])
                    except OSError:
                        return
                    return

    @property
    def _faulty(self) -> bool:
        return self.fault != "none" and (self.times is None or self.met < self.times)

    def _fail(self, client: socket.socket, rest: bytes) -> None:
        """What the fault does with the rest; returning closes both connections."""
        if self.fault == "trickle":
            for byte in rest:
                if self._stop.is_set():
                    return
                client.sendall(bytes([byte]))
                time.sleep(0.1)
        if self.fault in ("silent", "trickle"):
            self._stop.wait()

    def stop(self) -> None:
        """Close every connection."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)


@contextmanager
def proxy(target: tuple[str, int] | str, **fault: object) -> Iterator[FaultyProxy]:
    """A proxy on a loopback port, for the length of a block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = FaultyProxy(target, **fault)
        made.port = listener.getsockname()[1]
        server = threading.Thread(target=made.serve, args=(listener,), daemon=True)
        server.start()
        try:
            yield made
        finally:
            made.stop()
            server.join(5)
