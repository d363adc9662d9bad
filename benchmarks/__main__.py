"""Run every benchmark next to its peers and print the tables; `--write` puts them into benchmarks/README.md.

Each benchmark is a module of its own in a process of its own, so that one's memory is not another's.
"""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHOWN = ("polars", "duckdb", "chdb-core", "psycopg", "clickhouse-connect", "qdrant-client", "great-expectations")

HEAD = """# Measured

What the speed claims rest on: `make bench` prints these tables anew, every row next to its peers in one run, medians of
five, peak resident memory of a process of its own. Machines differ, so read the ratios.
"""


def machine() -> str:
    """The machine and the versions, in one line each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    return (
        f"Machine: {os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}.  \nPackages: {packages}.\n"
    )


def main() -> None:
    """Run them in order of their names; a benchmark that fails makes the whole run fail."""
    pages = [HEAD, machine()]
    print(machine())
    failed = []
    for path in sorted(HERE.glob("*_bench.py")):
        done = subprocess.run(  # noqa: S603 - our own modules
            [sys.executable, "-m", f"benchmarks.{path.stem}"],
            cwd=HERE.parent,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        print(done.stdout, flush=True)
        pages.append(done.stdout)
        failed += [path.stem] if done.returncode else []
    if "--write" in sys.argv:
        (HERE / "README.md").write_text("\n".join(pages))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
