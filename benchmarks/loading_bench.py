"""Four stores into Polars, ours beside the peers: medians of five, each reading in a process of its own.

    python -m benchmarks.loading_bench [--small] [--rounds 5]

Prints Markdown. A peer that is not installed is named as absent; a freeze of all quotes is measured last.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.loading_stores import Size, fill, settings
from benchmarks.loading_subjects import SUBJECTS, stores_for, warm

HERE = Path(__file__).resolve().parent
_SMALL = Size(transactions=50_000, quotes=500_000, prices=10_000, points=1_000)

# Slow out of all proportion: one reading says enough.
_ONCE = {"query_df (pandas)", "pandas", "pl.read_database", "GET one by one"}


def main() -> None:
    """Fill once, read in turns, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--small", action="store_true", help="a twentieth of the rows, to see that it runs")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--read", nargs=3, metavar=("HOME", "WORK", "WHO"), help="one reading, in this process")
    chosen = asked.parse_args()
    if chosen.read:
        _read(Path(chosen.read[0]), chosen.read[1], chosen.read[2])
        return
    size = _SMALL if chosen.small else Size()
    with tempfile.TemporaryDirectory(prefix="ys-bench-") as folder:
        home = Path(folder) / "home"
        try:
            fill(home, size)
            for work, subjects in SUBJECTS.items():
                measured = {who: [] for who in subjects}
                for turn in range(chosen.rounds):
                    for who in subjects:
                        if turn == 0 or (who not in _ONCE and "absent" not in measured[who][0]):
                            measured[who].append(_in_own_process(home, work, who))
                _print(work.format(**asdict(size)), measured)
            _print_freeze(_in_own_process(home, "ClickHouse", "freeze"), size)
        finally:
            from ys_analytics import local

            local.down(settings(home))


def _in_own_process(home: Path, work: str, who: str) -> dict[str, object]:
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks.loading_bench", "--read", str(home), work, who],
        cwd=HERE.parent,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no word"]
        return {"absent": said[-1][:90]}
    return json.loads(done.stdout.splitlines()[-1])


def _read(home: Path, work: str, who: str) -> None:
    """One reading; its time, its rows and the most memory this process ever held."""
    with stores_for(home, work) as stores:
        subject = _freeze(home) if who == "freeze" else SUBJECTS[work][who]
        try:
            warm(stores)
            begun = time.perf_counter()
            rows = subject(stores)
            seconds = time.perf_counter() - begun
        except ImportError as error:
            print(json.dumps({"absent": f"not installed ({error})"}))
            return
    print(json.dumps({"seconds": seconds, "rows": rows, "peak": _peak()}))


def _peak() -> float:
    """GiB this process ever held; not what getrusage says, which begins with the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 2**20


def _freeze(home: Path):
    from ys_analytics import frames

    def freeze(stores) -> int:
        run = frames.freeze(
            stores, week="2026-W52", out=home / "out", as_of=datetime(2026, 12, 28, tzinfo=UTC), tables=["market_data"]
        )
        return run.manifest.frames["market_data"].rows

    return freeze


def _print(work: str, measured: dict[str, list[dict[str, object]]]) -> None:
    """One table; times against ours."""
    print(f"## {work}\n\n| read by | seconds | against ours | peak memory, GiB |\n|---|---:|---:|---:|")
    ours = statistics.median(each["seconds"] for each in measured["ours"])
    for who, readings in measured.items():
        if "absent" in readings[0]:
            print(f"| {who} | {readings[0]['absent']} | | |")
            continue
        seconds = statistics.median(each["seconds"] for each in readings)
        peak = max(each["peak"] for each in readings)
        once = " (once)" if len(readings) == 1 else ""
        print(f"| {who}{once} | {seconds:.2f} | {seconds / ours:.2f} x | {peak:.2f} |")
    print(flush=True)


def _print_freeze(reading: dict[str, object], size: Size) -> None:
    if "absent" in reading:
        sys.exit(f"the freeze failed: {reading['absent']}")
    print(
        f"A freeze of {size.quotes:,} quotes with its proof (sorted, hashed, on the disk): {reading['rows']:,} rows in "
        f"{reading['seconds']:.1f} s, peak {reading['peak']:.2f} GiB of resident memory, engine included.\n"
    )


if __name__ == "__main__":
    main()
