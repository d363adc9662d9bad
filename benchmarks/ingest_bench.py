"""A million candles from a ZIP: ours, exact and checked, next to Polars' and DuckDB's readers in one run.

Reading alone is compared, since the peers stop there; the whole check of an import (whose prices, in which currency,
low <= open, close <= high, the change in a day) is a row of its own, and so is the whole command `ys import` on empty
embedded stores. Medians, each reading in a process of its own; CPU says more than seconds on a shared machine.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
NAME = "BTCUSDT-1m-2023.csv"
SUBJECTS = ("ours", "ours, checked as an import", "polars read_csv", "duckdb read_csv")


def main() -> None:
    """Write the file, measure in turns, print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--small", action="store_true", help="a twentieth of the rows, to see that it runs")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--read", nargs=2, metavar=("FILE", "WHO"), help="one reading, in this process")
    selected = arguments.parse_args()
    if selected.read:
        print(json.dumps(_read(Path(selected.read[0]), selected.read[1])))
        return
    rows = 50_000 if selected.small else 1_000_000
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME.replace(".csv", ".zip")
        _write(path, rows)
        # In turns, so that what else the machine does falls on all of them.
        found_rows: dict[str, list[dict[str, float]]] = {subject_name: [] for subject_name in SUBJECTS}
        for _ in range(selected.rounds):
            for subject_name in SUBJECTS:
                found_rows[subject_name].append(_in_own_process(path, subject_name))
        found_rows["ys import, the whole command"] = [_whole(path, Path(folder), rows)]
    medians = {
        subject_name: {name: statistics.median(one[name] for one in readings) for name in ("seconds", "cpu")}
        for subject_name, readings in found_rows.items()
    }
    fastest = {name: min(medians[subject_name][name] for subject_name in SUBJECTS[2:]) for name in ("seconds", "cpu")}
    print(f"## A ZIP of {rows:,} candles\n")
    print("| read by | seconds | to the faster peer | CPU s | to the faster peer | peak memory, MiB |")
    print("|---|---:|---:|---:|---:|---:|")
    for subject_name, readings in found_rows.items():
        peak = max(one["peak"] for one in readings)
        assert {one["rows"] for one in readings} == {rows}  # noqa: S101 - a reading that lost rows is none
        cells = [
            f"{medians[subject_name][name]:.2f} | {medians[subject_name][name] / fastest[name]:.2f}"
            for name in ("seconds", "cpu")
        ]
        print(f"| {subject_name} | {' | '.join(cells)} | {peak:,.0f} |")


def _whole(path: Path, folder: Path, rows: int) -> dict[str, float]:
    """`ys import` of the file into empty embedded stores: seconds, CPU and memory of the command, not its servers."""
    settings = {**os.environ, "YS_HOME": str(folder / "home")}
    ys = [str(Path(sys.executable).parent / "ys")]
    subprocess.run([*ys, "migrate", "up"], env=settings, check=True, capture_output=True)  # noqa: S603 - ourselves
    command = [*ys, "import", str(path), "--asset", "BTC", "--quote", "USDT", "--par", "USDT", "--register"]
    started = time.perf_counter()
    child = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - ourselves
    output = child.stdout.read() if child.stdout else ""
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    assert status == 0 and f"{rows:,} rows added" in output, output  # noqa: S101, PT018 - nothing else is an import
    subprocess.run([*ys, "down"], env=settings, check=False, capture_output=True)  # noqa: S603 - ourselves
    return {"seconds": seconds, "rows": rows, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 2**10}


def _write(path: Path, rows: int) -> None:
    random_state = random.Random(1)  # noqa: S311 - no secret
    price, opened = 4_700_000, 1_640_995_200_000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(NAME, "w") as file:
        for number in range(rows):
            close = max(price + random_state.randint(-500, 500), 100_000)
            high, low = (
                max(price, close) + random_state.randint(0, 200),
                min(price, close) - random_state.randint(0, 200),
            )
            at = opened + number * 60_000
            cells = [f"{one / 100:.8f}" for one in (price, high, low, close)]
            volumes = [f"{random_state.random() * 100:.8f}" for _ in range(4)]
            counts = (random_state.randint(1, 999), volumes[2], volumes[3], 0)
            line = ",".join(map(str, (at, *cells, volumes[0], at + 59_999, volumes[1], *counts))) + "\n"
            file.write(line.encode())
            price = close


def _in_own_process(path: Path, subject_name: str) -> dict[str, float]:
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "benchmarks.ingest_bench", "--read", str(path), subject_name],
        cwd=HERE.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _read(path: Path, subject_name: str) -> dict[str, float]:
    """Seconds from the path to typed rows, how many, and the most memory held."""
    import duckdb
    import polars as pl

    from ys_analytics.ingest import prices, raw_tables
    from ys_analytics.ingest.assets import Asset, Assets
    from ys_analytics.ingest.layout import layout
    from ys_analytics.ingest.problems import Problems

    klines = layout("binance-klines")
    started, cpu_seconds = time.perf_counter(), time.process_time()
    if subject_name.startswith("ours"):
        [file] = raw_tables.open_file(path)
        table = raw_tables.table(file, klines)
        assert not isinstance(table, str)  # noqa: S101 - it is a file of klines
        rows = table.rows.height
        if subject_name != "ours":
            btc = Asset(id="b", symbol="BTC", chain=None, contract=None, decimals=8, vendor=None, name="Bitcoin")
            arguments, problems = (
                prices.ImportOptions(par=frozenset({"USDT"})),
                Problems(table="market_data", grouped=True),
            )
            rows = prices.quotes(table, Assets([btc]), arguments, problems, rates={})[0].height
            problems.raise_if_any(order=[path.name])
    elif subject_name.startswith("polars"):
        with zipfile.ZipFile(path) as archive:
            rows = pl.read_csv(archive.read(NAME), has_header=False).height
    else:
        with zipfile.ZipFile(path) as archive, TemporaryDirectory() as folder:
            archive.extract(NAME, folder)
            asked_sql = f"SELECT * FROM read_csv('{folder}/{NAME}', header = false)"  # noqa: S608 - our own file
            rows = duckdb.sql(asked_sql).pl().height
    cpu = time.process_time() - cpu_seconds
    return {"seconds": time.perf_counter() - started, "rows": rows, "cpu": cpu, "peak": _peak()}


def _peak() -> float:
    """MiB this process ever held."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 2**10


if __name__ == "__main__":
    main()
