"""Finds the browser that prints pages, or installs one.

Depends on Chrome, Chromium and the two ways to install one. Does not print anything.
"""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ys_analytics.errors import ReportError

# What a sandboxed, offline machine needs: no sandbox as root, no calls home.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
    # So many megabytes before JavaScript's garbage is collected as a whole: a tenth of the CPU of printing.
    "--js-flags=--initial-heap-size=128",
    *(("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()),
)


# What pages are set in; without it the browser falls back on a wider type, and lines break elsewhere.
_FONT = "fonts-liberation"


def find_browser() -> Path | None:
    """The Chrome or Chromium of this machine: `BROWSER_PATH`, the PATH, or the one `plotly_get_chrome` fetched."""
    logging.getLogger("choreographer").setLevel(logging.ERROR)
    from choreographer.browsers.chromium import Chromium

    found = Chromium.find_browser(skip_local=False)
    return Path(found) if found and os.access(found, os.X_OK) else None


def require_browser() -> Path:
    """The browser, or a line that says how to get one.

    Raises:
        ReportError: this machine has none.
    """
    found = find_browser()
    if found is None:
        raise ReportError(f"printing needs Chrome or Chromium and none was found; run: {_advice()}")
    return found


def install_browser() -> Path:
    """Find the browser, or install one: Debian's package where we may, else plotly's download.

    Raises:
        ReportError: neither way worked; the line names the command to run by hand.
    """
    found = find_browser()
    if found is not None:
        return found
    for commands in (_debian_commands(), ((str(Path(sys.executable).parent / "plotly_get_chrome"), "-y"),)):
        if commands and all(_succeeds(command) for command in commands):
            break
    return require_browser()


def _debian_commands() -> tuple[Sequence[str], ...]:
    """The commands that install Debian's package without a question; none where that is not possible."""
    if shutil.which("apt-get") is None:
        return ()
    as_root = () if os.geteuid() == 0 else ("sudo", "-n")
    if as_root and shutil.which("sudo") is None:
        return ()
    quiet = ("env", "DEBIAN_FRONTEND=noninteractive")
    return (
        (*as_root, *quiet, "apt-get", "-qq", "update"),
        (*as_root, *quiet, "apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium", _FONT),
    )


def _succeeds(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=900).returncode == 0  # noqa: S603 - our own words
    except (OSError, subprocess.TimeoutExpired):
        return False


def _advice() -> str:
    if shutil.which("apt-get") is not None:
        return f"sudo apt-get install chromium {_FONT}"
    return f"{Path(sys.executable).parent / 'plotly_get_chrome'}"
