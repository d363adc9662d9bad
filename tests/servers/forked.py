"""The command `ys` in processes forked from one that has imported everything, each of which can be killed.

A process of its own imports for seconds on a busy machine, and a kill at a random moment mostly meets that. A forked
one begins with its work: it has a process group, an environment, stdout and stderr of its own, as a command has.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_SERVES = r"""
import importlib, json, os, sys, traceback

for name in ("cli", "demo", "desk", "frames", "ingest", "local", "migrations", "quality", "reporting"):
    importlib.import_module("ys_analytics." + name)

def work(job):
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, path in ((1, job["out"]), (2, job["error"])):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, number)
        os.close(opened)
    print(os.getpid(), file=answers, flush=True)
    sys.argv = job["words"]
    os.environ.update(job["environment"])
    try:
        exec(job["program"], {"__name__": "__main__"})
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

jobs, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
while line := jobs.readline():
    pid = os.fork()
    if pid == 0:
        sys.exit(work(json.loads(line)))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=answers, flush=True)
"""

_COMMAND = "from ys_analytics.cli import main; main()"


class ForkedCommands:
    """Runs one command after another, each in a fork of a process that has done nothing but import."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        """Start the process to fork from; what commands print is kept in the folder."""
        self._out, self._error = folder / "printed", folder / "printed-errors"
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVES], env=dict(environment),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip

    def __call__(
        self, *words: str, kill_after: float | None = None, program: str = _COMMAND, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `ys` with these words, or a program, and kill it with all it started once it took so many seconds.

        `environment` is what this command has besides the others'.
        """
        job = {
            "words": ["ys", *words], "program": program, "environment": environment,
            "out": str(self._out), "error": str(self._error),
        }  # fmt: skip
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        pid = int(self._process.stdout.readline())
        if kill_after is not None and not select.select([self._process.stdout], [], [], kill_after)[0]:
            os.killpg(pid, signal.SIGKILL)
        code = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(["ys", *words], code, self._out.read_text(), self._error.read_text())

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()
