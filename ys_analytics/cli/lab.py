"""How JupyterLab is started: on loopback, behind a token, with the stores running."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from ys_analytics.errors import ReportError, reaching
from ys_analytics.resources import NOTEBOOKS
from ys_analytics.settings import WORKSPACE, load_settings

KERNEL = "ys-analytics"


def open_lab(*, port: int, browser: bool, folder: Path = WORKSPACE) -> NoReturn:
    """Become JupyterLab: stores up, kernel registered, token on stdout.

    The workspace of an installed kit is given a copy of the notebooks, the analyst's own from then on.

    The token travels in the environment, where another user's `ps` cannot see it.
    """
    from ys_analytics import local

    local.up(load_settings())
    if folder == WORKSPACE:
        copy_notebooks(folder)
    _register_kernel()
    _stay_quiet()
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_urlsafe(24)
    print(f"http://127.0.0.1:{port}/lab?token={token}", flush=True)  # noqa: T201 - the result of the command
    words = [
        sys.executable, "-m", "jupyter", "lab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--LabApp.default_url=/lab/tree/notebooks/performance.ipynb",
        f"--MultiKernelManager.default_kernel_name={KERNEL}",
    ]  # fmt: skip
    if os.geteuid() == 0:
        words.append("--allow-root")
    if not browser:
        words.append("--no-browser")
    os.execve(sys.executable, words, os.environ | {"JUPYTER_TOKEN": token})  # noqa: S606 - we become the server


def copy_notebooks(folder: Path) -> None:
    """Copy the kit's notebooks into a workspace that has none; notebooks that are there are the analyst's own."""
    if not (folder / "notebooks").exists():
        shutil.copytree(NOTEBOOKS, folder / "notebooks")


def _stay_quiet() -> None:
    """No news and no update checks: this environment's JupyterLab never calls home, and never asks to."""
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    folder = Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings"
    with reaching(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "overrides.json").write_text(json.dumps(quiet))


def _register_kernel() -> None:
    """Make this very interpreter a kernel, for this environment alone."""
    words = [
        sys.executable,
        "-m",
        "ipykernel",
        "install",
        "--sys-prefix",
        "--name",
        KERNEL,
        "--display-name",
        "YieldSensei",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode != 0:
        raise ReportError(f"the kernel {KERNEL} could not be registered: {done.stderr.strip().splitlines()[-1:]}")
