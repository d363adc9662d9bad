"""Start JupyterLab on loopback, behind a token, with the stores running."""

import json
import os
import secrets
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from ys_analytics.errors import UsageError, file_errors
from ys_analytics.resources import NOTEBOOKS
from ys_analytics.settings import WORKSPACE, load_settings

KERNEL = "ys-analytics"

# The kernel and the extension of JupyterLab. An installed kit has a copy where every Jupyter of its environment looks
# (pyproject.toml); the server that is started here finds them in any case.
JUPYTER = Path(__file__).resolve().parent / "jupyter"

_TOUR = "notebooks/explore/tour.ipynb"

# Milliseconds to wait for names after Tab: on a busy machine the kernel's first answer takes longer than one second.
_TAB_TIMEOUT = 10_000


def open_lab(*, port: int, browser: bool, folder: Path = WORKSPACE) -> NoReturn:
    """Replace this process by JupyterLab: stores up, the kit's own kernel, the tour open, the address on stdout.

    The address is printed when the server answers it (`lab_ready.py`); until then stdout is silent. The workspace of
    an installed kit is given a copy of the notebooks, the analyst's own from then on.

    The token travels in the environment, where another user's `ps` cannot see it.
    """
    from ys_analytics import local

    if find_spec("jupyterlab") is None:
        raise UsageError("JupyterLab is not installed: in a checkout run `make lab`, else install ys-analytics[lab]")
    local.up(load_settings())
    if folder == WORKSPACE:
        copy_notebooks(folder)
    _override_settings()
    start_page = f"/lab/tree/{_TOUR}" if (folder / _TOUR).exists() else "/lab"
    command = [
        sys.executable, "-m", "jupyter", "lab",
        "--log-level=WARN",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.jpserver_extensions=ys_analytics.cli.lab_ready=True",
        f"--LabApp.default_url={start_page}",
        f"--ServerApp.default_url={start_page}",
        f"--MultiKernelManager.default_kernel_name={KERNEL}",
    ]  # fmt: skip
    if os.geteuid() == 0:
        command.append("--allow-root")
    if not browser:
        command.append("--no-browser")
    token = os.environ.get("JUPYTER_TOKEN") or secrets.token_urlsafe(24)
    jupyter_path = os.pathsep.join(filter(None, (str(JUPYTER), os.environ.get("JUPYTER_PATH"))))
    os.execve(sys.executable, command, os.environ | {"JUPYTER_TOKEN": token, "JUPYTER_PATH": jupyter_path})  # noqa: S606 - we become the server


def copy_notebooks(folder: Path) -> None:
    """Copy the kit's notebooks into a workspace that has none; notebooks that are there are the analyst's own."""
    if not (folder / "notebooks").exists():
        shutil.copytree(NOTEBOOKS, folder / "notebooks")


def _override_settings() -> None:
    """Set what JupyterLab begins with; an analyst's own settings come before it.

    No news and no update checks: this environment's JupyterLab never calls home, and never asks to. The answer to Tab
    is awaited: by default JupyterLab drops the kernel's names when they take more than a second, and says nothing.
    """
    overrides = {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/completer-extension:manager": {"providerTimeout": _TAB_TIMEOUT},
    }
    # A file of the kit's own: `overrides.json` next to this folder belongs to whoever keeps the environment.
    own = Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.d" / "ys-analytics.json"
    text = json.dumps(overrides)
    with file_errors(own):
        if not own.is_file() or own.read_text() != text:
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_text(text)
