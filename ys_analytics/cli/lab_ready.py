"""The extension of Jupyter's server that prints the address as soon as the server answers.

Depends on nothing. `lab.py` names it on the command line of the server it starts; no other server loads it.
"""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """What Jupyter asks an extension for: its module."""
    return [{"module": __name__}]


def _load_jupyter_server_extension(_server: Any) -> None:
    """Add no page and no handler."""


async def _start_jupyter_server_extension(server: Any) -> None:
    """Print the address, which is the result of `ys lab`; the server calls this once it listens."""
    print(f"http://127.0.0.1:{server.port}{server.default_url}?token={server.identity_provider.token}", flush=True)  # noqa: T201
