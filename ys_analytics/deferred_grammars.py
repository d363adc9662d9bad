"""Puts off two seconds of CPU: jsonschema, when it is imported, has `rfc3987_syntax` compile forty grammars.

They check a text of `format: iri`, which no notebook and no suite states. Once this module is imported, they are
compiled when such a text is first checked. Where the package is not installed, or was imported before, nothing changes.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

_PACKAGE = "rfc3987_syntax"


class _Deferred(ModuleType):
    """Stands for the package until something of it is used."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # asked by the import itself
            raise AttributeError(name)
        return getattr(_load(), name)

    @staticmethod
    def is_valid_syntax(term: str, value: str) -> bool:
        """What jsonschema imports by name, and calls with a text."""
        return bool(_load().is_valid_syntax(term, value))


def _load() -> ModuleType:
    """The package itself, in the place of what stood for it."""
    if isinstance(sys.modules.get(_PACKAGE), _Deferred):
        del sys.modules[_PACKAGE]
    return import_module(_PACKAGE)


if _PACKAGE not in sys.modules and (_found := find_spec(_PACKAGE)) is not None:
    sys.modules[_PACKAGE] = _Deferred(_PACKAGE)
    sys.modules[_PACKAGE].__path__ = list(_found.submodule_search_locations or ())  # its own modules are found as ever
