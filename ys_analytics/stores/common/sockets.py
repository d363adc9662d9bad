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
    >>> sockets = OpenSockets()
    >>> sockets.add(one)
    >>> sockets.shut_down()
    >>> other.recv(1)
    b''
    >>> one.close(), other.close()
    (None, None)
    """

    def __init__(self) -> None:
        """Hold none yet."""
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    def add(self, opened_socket: socket.socket) -> None:
        """Remember a socket."""
        with self._lock:
            self._sockets.add(opened_socket)

    def shut_down(self) -> None:
        """End all traffic of every socket; a thread that waits for one gets an error or the end of the stream."""
        with self._lock:
            sockets = list(self._sockets)
        for opened_socket in sockets:
            # A duplicate is shut down, not the driver's own object, which another thread may be using.
            with suppress(OSError, ValueError), socket.socket(fileno=os.dup(opened_socket.fileno())) as same:
                same.shutdown(socket.SHUT_RDWR)
