"""How a command ends when it is asked to: on Ctrl-C and SIGTERM, within two seconds, with nothing half-written.

Depends on signals and threads. Does not know any command. The first signal raises KeyboardInterrupt, so that every
block cleans up after itself; a process that has not ended soon after, because it waits for a library that nothing
interrupts, is ended from another thread. That is safe at any moment: what the kit writes survives `kill -9`.
"""

import os
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

# Seconds that cleaning up may take, and those in which the main thread should have noticed the signal.
_PATIENCE = 1.0
_NOTICE = 0.1

_LINE = "ys: stopped; nothing half-done was kept"
_SHOW_CURSOR = "\x1b[?25h"


class Ending:
    """Requests to stop that this process received as signals.

    Attributes:
        signal: The first one that asked it to end; None so far.
    """

    def __init__(self) -> None:
        """Nothing so far."""
        self.signal: int | None = None
        self._noticed = threading.Event()

    @classmethod
    def listen(cls) -> "Ending":
        """Take Ctrl-C and SIGTERM from here on; called in the main thread. A signal that is ignored stays ignored."""
        ending = cls()
        waiting, woken = socket.socketpair()
        woken.setblocking(False)  # noqa: FBT003 - takes no keyword
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, ending._take)
        # The system's own handler writes to it, even while the main thread is inside a library.
        signal.set_wakeup_fd(woken.detach(), warn_on_full_buffer=False)
        main = threading.get_ident()
        threading.Thread(target=ending._watch, args=(waiting, main), name="ys-ending", daemon=True).start()
        return ending

    @property
    def code(self) -> int:
        """What a shell expects of a program that a signal ended."""
        return 128 + (self.signal or signal.SIGINT)

    def _take(self, number: int, _: FrameType | None) -> None:
        """Raise once; while that one is on its way up, another would cut the cleaning short."""
        if self.signal is None:
            self.signal = number
            self._noticed.set()
            raise KeyboardInterrupt

    def _watch(self, waiting: socket.socket, main: int) -> None:
        """End the process if it has not ended soon after a signal."""
        number = 0
        while number not in (signal.SIGINT, signal.SIGTERM):
            number = waiting.recv(1)[0]
        if not self._noticed.wait(_NOTICE):
            # Polars has the system begin an interrupted wait again; see `let_ctrl_c_interrupt`.
            signal.siginterrupt(number, True)  # noqa: FBT003 - takes no keyword
            signal.pthread_kill(main, number)
        began = time.monotonic()
        import psutil  # type: ignore[import-untyped] # noqa: F401 - now, so that leaving takes no time

        threading.Event().wait(max(0.0, began + _PATIENCE - time.monotonic()))
        self.signal = self.signal or number
        self._leave()

    def _leave(self) -> NoReturn:
        """End at once: what we started goes, and so does what is not whole."""
        _end_children()
        # A module that writes files has imported it; nothing is imported in a process that is on its way out.
        if replacing := sys.modules.get("ys_analytics.frames.atomic"):
            replacing.discard_unfinished()
        shown = _SHOW_CURSOR if sys.stderr.isatty() else ""
        os.write(2, f"{shown}{_LINE}\n".encode())
        os._exit(self.code)


def _end_children() -> None:
    """Kill the processes this one started: kernels, browser, data checks; embedded servers are not among them."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
