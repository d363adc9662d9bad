"""Ours next to Polars, NumPy, ClickHouse, DuckDB, pandas, empyrical, quantstats and ffn: a process for each reading.

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
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--small", action="store_true", help="a twentieth of the portfolios, to see that it runs")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument(
        "--read", nargs=3, metavar=("WORK", "WHO", "PORTFOLIOS"), help="one reading, in this process"
    )
    selected = arguments.parse_args()
    if selected.read:
        _read(selected.read[0], selected.read[1], int(selected.read[2]))
        return
    for work, subjects in SUBJECTS.items():
        portfolios = SIZES[work] // 20 if selected.small else SIZES[work]
        rounds = 1 if work == "A hundred thousand" else selected.rounds
        readings_by_subject: dict[str, list[Reading]] = {subject_name: [] for subject_name in subjects}
        cpu_seconds = dict.fromkeys(subjects, 0.0)
        for _ in range(rounds):
            for subject_name in subjects:
                if cpu_seconds[subject_name] < ENOUGH and not (
                    readings_by_subject[subject_name] and "absent" in readings_by_subject[subject_name][0]
                ):
                    started = time.perf_counter()
                    readings_by_subject[subject_name].append(_in_own_process(work, subject_name, portfolios))
                    cpu_seconds[subject_name] += time.perf_counter() - started
        _print(f"{work}, {portfolios:,} portfolios x {DAYS} days", readings_by_subject)


def _in_own_process(work: str, subject_name: str, portfolios: int) -> Reading:
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks.metrics_bench", "--read", work, subject_name, str(portfolios)],
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


def _read(work: str, subject_name: str, portfolios: int) -> None:
    """One reading; its time scaled to all portfolios, and what it held beyond the data."""
    warnings.simplefilter("ignore")
    subject = SUBJECTS[work][subject_name]
    computed = max(2, portfolios // subject.every)
    data = returns(computed, DAYS)
    before = _peak()
    try:
        with subject.ready(data.head(2 * DAYS)) as arguments:
            arguments()
        with subject.ready(data) as arguments:
            started = time.perf_counter()
            check = arguments()
            seconds = (time.perf_counter() - started) * portfolios / computed
    except ImportError as error:
        print(json.dumps({"absent": f"not installed ({error})"}))
        return
    found_rows = {"seconds": seconds, "check": check, "peak": _peak(), "before": before, "of": computed}
    if computed < portfolios:
        found_rows["due"] = metrics.fleet(data)["sharpe_ratio"].mean()
    print(json.dumps(found_rows))


def _peak() -> float:
    """GiB this process ever held."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 2**20


def _print(work: str, readings_by_subject: dict[str, list[Reading]]) -> None:
    print(f"## {work}\n\n| computed by | seconds | against ours | peak memory, GiB |\n|---|---:|---:|---:|")
    first = readings_by_subject["ours"][0]
    if "absent" in first:
        sys.exit(f"ours failed: {first['absent']}")
    ours = statistics.median(each["seconds"] for each in readings_by_subject["ours"])
    for subject_name, readings in readings_by_subject.items():
        one = readings[0]
        if "absent" in one:
            print(f"| {subject_name} | {one['absent']} | | |")
            continue
        expected_sum = one.get("due", first["check"])
        if not math.isclose(one["check"], expected_sum, rel_tol=1e-9):
            sys.exit(f"{subject_name} computed another Sharpe ratio: {one['check']} instead of {expected_sum}")
        seconds = statistics.median(each["seconds"] for each in readings)
        peak = max(each["peak"] for each in readings)
        note = f" ({one['of']:,} portfolios, scaled up)" if one["of"] != first["of"] else ""
        print(f"| {subject_name}{note} | {seconds:.2f} | {seconds / ours:.2f} x | {peak:.2f} |")
    print(flush=True)


if __name__ == "__main__":
    main()
