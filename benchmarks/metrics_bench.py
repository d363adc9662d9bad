"""Ours beside Polars, NumPy, ClickHouse, DuckDB, pandas, empyrical, quantstats and ffn: a process for each reading.

    python -m benchmarks.metrics_bench [--small] [--rounds 5]

Prints Markdown: medians of five, or of as many as a slow peer reads in ten seconds. Readings go in turns, so that a
busy minute falls on all; the slowest compute a sample that is scaled up, and say so. Fails when a peer's Sharpe
ratios are not ours, of the same portfolios: then it did not do the same work.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

from benchmarks.metrics_subjects import SIZES, SUBJECTS, returns
from ys_analytics import metrics

HERE = Path(__file__).resolve().parent
DAYS = 730
# Seconds of reading one subject, starting and filling included, after which it is not read again.
ENOUGH = 10.0

Reading = dict[str, object]


def main() -> None:
    """Measure in turns, compare, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--small", action="store_true", help="a twentieth of the portfolios, to see that it runs")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--read", nargs=3, metavar=("WORK", "WHO", "PORTFOLIOS"), help="one reading, in this process")
    chosen = asked.parse_args()
    if chosen.read:
        _read(chosen.read[0], chosen.read[1], int(chosen.read[2]))
        return
    for work, subjects in SUBJECTS.items():
        portfolios = SIZES[work] // 20 if chosen.small else SIZES[work]
        rounds = 1 if work == "A hundred thousand" else chosen.rounds
        measured: dict[str, list[Reading]] = {who: [] for who in subjects}
        spent = dict.fromkeys(subjects, 0.0)
        for _ in range(rounds):
            for who in subjects:
                if spent[who] < ENOUGH and not (measured[who] and "absent" in measured[who][0]):
                    begun = time.perf_counter()
                    measured[who].append(_in_own_process(work, who, portfolios))
                    spent[who] += time.perf_counter() - begun
        _print(f"{work}, {portfolios:,} portfolios x {DAYS} days", measured)


def _in_own_process(work: str, who: str, portfolios: int) -> Reading:
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks.metrics_bench", "--read", work, who, str(portfolios)],
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


def _read(work: str, who: str, portfolios: int) -> None:
    """One reading; its time scaled to all portfolios, and what it held beyond the data."""
    warnings.simplefilter("ignore")
    subject = SUBJECTS[work][who]
    computed = max(2, portfolios // subject.every)
    data = returns(computed, DAYS)
    before = _peak()
    try:
        with subject.ready(data.head(2 * DAYS)) as asked:
            asked()
        with subject.ready(data) as asked:
            begun = time.perf_counter()
            check = asked()
            seconds = (time.perf_counter() - begun) * portfolios / computed
    except ImportError as error:
        print(json.dumps({"absent": f"not installed ({error})"}))
        return
    found = {"seconds": seconds, "check": check, "peak": _peak(), "before": before, "of": computed}
    if computed < portfolios:
        found["due"] = metrics.fleet(data)["sharpe_ratio"].mean()
    print(json.dumps(found))


def _peak() -> float:
    """GiB this process ever held."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 2**20


def _print(work: str, measured: dict[str, list[Reading]]) -> None:
    print(f"## {work}\n\n| computed by | seconds | against ours | peak memory, GiB |\n|---|---:|---:|---:|")
    first = measured["ours"][0]
    if "absent" in first:
        sys.exit(f"ours failed: {first['absent']}")
    ours = statistics.median(each["seconds"] for each in measured["ours"])
    for who, readings in measured.items():
        one = readings[0]
        if "absent" in one:
            print(f"| {who} | {one['absent']} | | |")
            continue
        due = one.get("due", first["check"])
        if not math.isclose(one["check"], due, rel_tol=1e-9):
            sys.exit(f"{who} computed another Sharpe ratio: {one['check']} beside {due}")
        seconds = statistics.median(each["seconds"] for each in readings)
        peak = max(each["peak"] for each in readings)
        note = f" ({one['of']:,} portfolios, scaled up)" if one["of"] != first["of"] else ""
        print(f"| {who}{note} | {seconds:.2f} | {seconds / ours:.2f} x | {peak:.2f} |")
    print(flush=True)


if __name__ == "__main__":
    main()
