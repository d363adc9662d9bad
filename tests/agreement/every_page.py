"""Every view that the second implementation expects: each `pages_*.py` names its own when it is imported."""

from importlib import import_module
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("pages_*.py")):
    import_module(f"{__package__}.{path.stem}")
