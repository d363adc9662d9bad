"""A kernel spoken to through sockets in a folder of its own.

Knows jupyter_client. Two kernels started at once may both be given the same free TCP
port before either takes it; names in a private folder cannot collide.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager


class QuietKernel(AsyncKernelManager):
    """A kernel manager over Unix sockets, with a few variables of its own in the kernel's environment."""

    extra_environment: Mapping[str, str] = {}

    async def start_kernel(self, **words: Any) -> None:  # type: ignore[override]
        """Start it with the variables added."""
        await self._async_start_kernel(**words | {"env": {**os.environ, **self.extra_environment}})

    @staticmethod
    def in_folder(folder: Path, environment: Mapping[str, str]) -> type[AsyncKernelManager]:
        """A manager whose sockets lie in `folder`, which must be empty and short of name."""

        def __init__(self: AsyncKernelManager, **traits: object) -> None:  # noqa: N807 - it is one
            traits |= {"transport": "ipc", "ip": str(folder / "kernel"), "connection_file": str(folder / "kernel.json")}
            AsyncKernelManager.__init__(self, **traits)

        return type("QuietKernelIn", (QuietKernel,), {"__init__": __init__, "extra_environment": environment})
