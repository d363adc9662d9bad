"""The sockets a driver has open, so that a read can be given up from another thread.

Depends on the operating system's sockets. Does not know any driver: each one reports the sockets it opens.
"""

import os
import socket
import threading
from contextlib import suppress
from weakref import WeakSet


class OpenSockets:
    """Sockets reported by a driver, as long as it holds them.

    >>> one, other = socket.socketpair()
    >>> known = OpenSockets()
    >>> known.add(one)
    >>> known.shut_down()
    >>> other.recv(1)
    b''
    >>> one.close(), other.close()
    (None, None)
    """

    def __init__(self) -> None:
        """Hold none yet."""
        self._known: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    def add(self, opened: socket.socket) -> None:
        """Remember a socket."""
        with self._lock:
            self._known.add(opened)

    def shut_down(self) -> None:
        """End all traffic of every socket; a thread that waits for one gets an error or the end of the stream."""
        with self._lock:
            known = list(self._known)
        for opened in known:
            # A duplicate is shut down, not the driver's own object, which another thread may be using.
            with suppress(OSError, ValueError), socket.socket(fileno=os.dup(opened.fileno())) as same:
                same.shutdown(socket.SHUT_RDWR)
