"""Time to load four stores into Polars, ours next to peers: medians of five, each reading in a process of its own.

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
from benchmarks.loading_subjects import SUBJECTS, stores_for, warm_up

HERE = Path(__file__).resolve().parent
_SMALL = Size(transactions=50_000, quotes=500_000, prices=10_000, points=1_000)

# Slow out of all proportion: one reading says enough.
_ONCE = {"query_df (pandas)", "pandas", "pl.read_database", "GET one by one"}


def main() -> None:
    """Fill once, read in turns, print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--small", action="store_true", help="a twentieth of the rows, to see that it runs")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--read", nargs=3, metavar=("HOME", "WORK", "WHO"), help="one reading, in this process")
    selected = arguments.parse_args()
    if selected.read:
        _read(Path(selected.read[0]), selected.read[1], selected.read[2])
        return
    size = _SMALL if selected.small else Size()
    with tempfile.TemporaryDirectory(prefix="ys-bench-") as folder:
        home = Path(folder) / "home"
        try:
            fill(home, size)
            for work, subjects in SUBJECTS.items():
                readings_by_subject = {subject_name: [] for subject_name in subjects}
                for round_number in range(selected.rounds):
                    for subject_name in subjects:
                        if round_number == 0 or (
                            subject_name not in _ONCE and "absent" not in readings_by_subject[subject_name][0]
                        ):
                            readings_by_subject[subject_name].append(_in_own_process(home, work, subject_name))
                _print(work.format(**asdict(size)), readings_by_subject)
            _print_freeze(_in_own_process(home, "ClickHouse", "freeze"), size)
        finally:
            from ys_analytics import local

            local.down(settings(home))


def _in_own_process(home: Path, work: str, subject_name: str) -> dict[str, object]:
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks.loading_bench", "--read", str(home), work, subject_name],
        cwd=HERE.parent,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        output = done.stderr.strip().splitlines() or ["no word"]
        return {"absent": output[-1][:90]}
    return json.loads(done.stdout.splitlines()[-1])


def _read(home: Path, work: str, subject_name: str) -> None:
    """One reading; its time, its rows and the most memory this process ever held."""
    with stores_for(home, work) as stores:
        subject = _freeze(home) if subject_name == "freeze" else SUBJECTS[work][subject_name]
        try:
            warm_up(stores)
            started = time.perf_counter()
            rows = subject(stores)
            seconds = time.perf_counter() - started
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


def _print(work: str, readings_by_subject: dict[str, list[dict[str, object]]]) -> None:
    """One table; times against ours."""
    print(f"## {work}\n\n| read by | seconds | against ours | peak memory, GiB |\n|---|---:|---:|---:|")
    ours = statistics.median(each["seconds"] for each in readings_by_subject["ours"])
    for subject_name, readings in readings_by_subject.items():
        if "absent" in readings[0]:
            print(f"| {subject_name} | {readings[0]['absent']} | | |")
            continue
        seconds = statistics.median(each["seconds"] for each in readings)
        peak = max(each["peak"] for each in readings)
        once = " (once)" if len(readings) == 1 else ""
        print(f"| {subject_name}{once} | {seconds:.2f} | {seconds / ours:.2f} x | {peak:.2f} |")
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
