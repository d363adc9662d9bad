"""Stop a command on Ctrl-C and SIGTERM within two seconds, with nothing half-written.

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
_CLEANUP_SECONDS = 1.0
_NOTICE_SECONDS = 0.1

_LINE = "ys: stopped; nothing half-done was kept"
_SHOW_CURSOR = "\x1b[?25h"


class StopRequest:
    """Requests to stop that this process received as signals.

    Attributes:
        signal: The first one that asked it to end; None so far.
    """

    def __init__(self) -> None:
        """No signal so far."""
        self.signal: int | None = None
        self._noticed = threading.Event()

    @classmethod
    def listen(cls) -> "StopRequest":
        """Take Ctrl-C and SIGTERM from here on; called in the main thread. A signal that is ignored stays ignored."""
        ending = cls()
        signal_reader, signal_writer = socket.socketpair()
        signal_writer.setblocking(False)  # noqa: FBT003 - takes no keyword
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, ending._on_signal)
        # The system's own handler writes to it, even while the main thread is inside a library.
        signal.set_wakeup_fd(signal_writer.detach(), warn_on_full_buffer=False)
        main = threading.get_ident()
        threading.Thread(target=ending._end_if_stuck, args=(signal_reader, main), name="ys-ending", daemon=True).start()
        return ending

    @property
    def code(self) -> int:
        """The exit code of a program ended by a signal: 128 and its number."""
        return 128 + (self.signal or signal.SIGINT)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        """Raise KeyboardInterrupt on the first signal only; a second one would interrupt the clean-up."""
        if self.signal is None:
            self.signal = number
            self._noticed.set()
            raise KeyboardInterrupt

    def _end_if_stuck(self, signal_reader: socket.socket, main: int) -> None:
        """End the process if it has not ended soon after a signal."""
        number = 0
        while number not in (signal.SIGINT, signal.SIGTERM):
            number = signal_reader.recv(1)[0]
        if not self._noticed.wait(_NOTICE_SECONDS):
            # Polars has the system begin an interrupted wait again; see `let_ctrl_c_interrupt`.
            signal.siginterrupt(number, True)  # noqa: FBT003 - takes no keyword
            signal.pthread_kill(main, number)
        started = time.monotonic()
        import psutil  # type: ignore[import-untyped] # noqa: F401 - now, so that leaving takes no time

        threading.Event().wait(max(0.0, started + _CLEANUP_SECONDS - time.monotonic()))
        self.signal = self.signal or number
        self._exit_now()

    def _exit_now(self) -> NoReturn:
        """Exit at once: kill child processes and remove unfinished files."""
        end_children()
        # A module that writes files has imported it; nothing is imported in a process that is on its way out.
        if atomic := sys.modules.get("ys_analytics.frames.atomic"):
            atomic.discard_unfinished()
        prefix = _SHOW_CURSOR if sys.stderr.isatty() else ""
        os.write(2, f"{prefix}{_LINE}\n".encode())
        os._exit(self.code)


def end_children() -> None:
    """Kill the processes this one started: kernels, browser, data checks; embedded servers are not among them.

    One that is still importing would otherwise outlive this process by seconds, and hold its output open.
    """
    import psutil

    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
