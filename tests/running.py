"""The command `ys` in a process that stays, for tests to which a new process would only be waiting.

A process of its own takes two seconds to import and to start its engines, and six more for the data checks. Each
command here has its own arguments, environment, folder, stdout and stderr, as one typed by a person has; tests of
signals, terminals, limits and closed pipes start processes themselves.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_SERVES = r"""
import json, os, sys, traceback

def serve():
    jobs, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for line in jobs:
        job = json.loads(line)
        os.environ.clear()
        os.environ.update(job["environment"])
        os.chdir(job["folder"])
        sys.argv = job["words"]
        for number, path in ((1, job["out"]), (2, job["error"])):
            opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(opened, number)
            os.close(opened)
        code = 1
        try:
            exec(job["program"], {"__name__": "__main__"})
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        print(code, file=answers, flush=True)

serve()
"""

# Settings are read once a process; here, once a command.
_COMMAND = """
from ys_analytics.cli import main
from ys_analytics.settings import load_settings
load_settings.cache_clear()
main()
"""


class Runner:
    """A Python process that runs one command after another; one for each home, as ClickHouse's engine wants it."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._process: subprocess.Popen[str] | None = None
        self._said = tempfile.TemporaryDirectory(prefix="ys-runner-")

    def __call__(
        self, *words: str, environment: Mapping[str, str], folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `ys` with these words to its end."""
        return self.program(_COMMAND, *words, environment=environment, folder=folder)

    def program(
        self, source: str, *words: str, environment: Mapping[str, str], folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program with these words as its arguments."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVES], env=dict(environment), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        out, error = (Path(self._said.name) / name for name in ("out", "error"))
        job = {
            "program": source, "words": ["ys", *words], "environment": dict(environment),
            "folder": str(folder or Path.cwd()), "out": str(out), "error": str(error),
        }  # fmt: skip
        self._process.stdin.write(json.dumps(job) + os.linesep)
        self._process.stdin.flush()
        code = self._process.stdout.readline()
        assert code, f"{' '.join(words)}: the process ended; {error.read_text()}"
        return subprocess.CompletedProcess(["ys", *words], int(code), out.read_text(), error.read_text())

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait(60)
            self._process.stdout.close()
        self._said.cleanup()
