"""The command `ys` for a shell, run by a process that stays: a script on the PATH hands its words to it.

What a shell sees of a command is here: arguments, environment, folder, stdout, stderr and exit code. Nothing is read
from stdin.
"""

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Without site-packages: it starts in a fiftieth of the time of `ys`.
_SCRIPT = """#!{python} -SE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    asked = {{"words": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
    line.sendall(json.dumps(asked).encode() + b"\\n")
    code, out, error = json.loads(line.makefile().readline())
sys.stdout.write(out)
sys.stderr.write(error)
sys.exit(code)
"""


@contextmanager
def typed(runner: Any, folder: Path) -> Iterator[Path]:
    """A folder for the PATH whose `ys` is run by a `running.Runner`, one at a time, as long as the block lasts."""
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        address = folder / "ys.sock"
        listener.bind(str(address))
        listener.listen()
        (folder / "ys").write_text(_SCRIPT.format(python=sys.executable, address=str(address)))
        (folder / "ys").chmod(0o755)
        serving = threading.Thread(target=_serve, args=(listener, runner))
        serving.start()
        try:
            yield folder
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            serving.join()


def _serve(listener: socket.socket, runner: Any) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:  # shut down
            return
        with line, line.makefile("rw") as said:
            asked = json.loads(said.readline())
            done = runner(*asked["words"], environment=asked["environment"], folder=Path(asked["folder"]))
            said.write(json.dumps([done.returncode, done.stdout, done.stderr]) + os.linesep)
