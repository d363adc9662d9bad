"""The weekly report: reports a minute and CPU a report, next to the last build, papermill, nbconvert and a browser.

One frozen run, made once, is printed by all. The build before is a commit of this repository, in a work tree of its own
that is removed again. CPU counts every process that a command started, also those it left behind.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import polars as pl

HERE = Path(__file__).resolve().parents[1]
WEEK = "2026-W47"
# The last commit before reports were made in forked processes and printed through one browser.
BEFORE = "d7fa716"
# How often each build prints them, in turns with the other; the reading with the least CPU counts.
ROUNDS = 2
NOTEBOOKS = ("performance", "risk", "yields", "satellites", "data_quality")
YS = "import sys; from ys_analytics.cli import main; sys.exit(main())"

# Runs a command as the parent of every process that loses its own, and says what all of them took.
MEASURE = """
import ctypes, json, os, resource, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1)
begun = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
wall = time.monotonic() - begun
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": code, "wall": wall, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}))
"""


def readings_by_subject(command: list[str], *, tree: Path, environment: dict[str, str]) -> dict[str, float]:
    """Seconds, CPU seconds and the most memory of one process that a command took."""
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-c", MEASURE, *command],
        cwd=tree, env={**environment, "PYTHONPATH": str(tree)}, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found_rows: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if found_rows["code"]:
        sys.exit(f"{' '.join(command[-6:])} failed with code {found_rows['code']}")
    return found_rows


def report(run: Path, out: Path, names: list[str], *, tree: Path, environment: dict[str, str]) -> dict[str, float]:
    """Reports of these portfolios from a copy of the run; checked before, so that only reports are measured."""
    if not (out / WEEK).exists():
        shutil.copytree(run, out / WEEK)
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", YS, "report", "--week", WEEK, "--portfolio", names[0]],
            cwd=tree, env={**environment, "PYTHONPATH": str(tree), "YS_OUT": str(out)}, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    selected = [word for name in names for word in ("--portfolio", name)]
    return readings_by_subject(
        [sys.executable, "-c", YS, "report", "--week", WEEK, *selected], tree=tree,
        environment={**environment, "YS_OUT": str(out)},
    )  # fmt: skip


def plain_report(run: Path, name: str, folder: Path, *, environment: dict[str, str]) -> dict[str, float]:
    """One portfolio by papermill, nbconvert and a browser, a notebook at a time, as their manuals say."""
    from ys_analytics.reporting import browser

    program = str(browser.require_browser())
    total = {"wall": 0.0, "cpu": 0.0}
    for notebook in NOTEBOOKS:
        done, page = folder / f"{notebook}.ipynb", folder / f"{notebook}.html"
        steps = (
            [sys.executable, "-m", "papermill", str(HERE / "notebooks" / f"{notebook}.ipynb"), str(done), "-p", "run",
             str(run), "-p", "portfolio_id", name, "-p", "week", WEEK, "--no-progress-bar"],
            [sys.executable, "-m", "nbconvert", "--to", "html", "--no-input", str(done), "--output", str(page)],
            [program, "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={page}.pdf", page.as_uri()],
        )  # fmt: skip
        for step in steps:
            seconds_taken = readings_by_subject(step, tree=HERE, environment=environment)
            total = {key: total[key] + seconds_taken[key] for key in total}
    return total


@contextmanager
def tree_before():  # type: ignore[no-untyped-def]
    """A work tree of the commit before; None where this is no repository or lacks that commit."""
    folder = Path(tempfile.mkdtemp(prefix="ys-before-"))
    made = subprocess.run(  # noqa: S603 - git of the machine
        ["git", "worktree", "add", "--detach", "--force", str(folder / "tree"), BEFORE],  # noqa: S607
        cwd=HERE, capture_output=True, check=False,
    )  # fmt: skip
    try:
        yield folder / "tree" if made.returncode == 0 else None
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(folder / "tree")], cwd=HERE, check=False,  # noqa: S603, S607
                       capture_output=True)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


def frozen(folder: Path, environment: dict[str, str]) -> Path:
    """A frozen week of the demo's twelve portfolios."""
    for words in ("up", "migrate up", "demo", f"freeze --week {WEEK}", "down"):
        subprocess.run([sys.executable, "-c", YS, *words.split()], cwd=HERE, env=environment, check=True,  # noqa: S603
                       stdout=subprocess.DEVNULL)  # fmt: skip
    return folder / "out" / WEEK


def main() -> None:
    """Print the table; `--run FOLDER` takes a frozen run that is there, `--reports N` prints another number."""
    arguments = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=False))
    folder = Path(tempfile.mkdtemp(prefix="ys-reports-"))
    environment = {**os.environ, "YS_HOME": str(folder / "stores"), "YS_OUT": str(folder / "out")}
    try:
        run = Path(arguments["--run"]) if "--run" in arguments else frozen(folder, environment)
        plain_way = folder / "bare" / WEEK
        shutil.copytree(run, plain_way, ignore=shutil.ignore_patterns("*.pdf", "*.html", "*-*.json", ".receipts"))
        known_names = pl.read_parquet(plain_way / "frames" / "portfolios.parquet").sort("name")["id"].to_list()
        names = known_names[: int(arguments.get("--reports", "12"))]
        with tree_before() as tree:
            builds = {"this build": (HERE, "now")}
            if tree is not None:
                builds[f"the build before ({BEFORE})"] = (tree, "then")
            readings = {title: [] for title in builds}
            # In turns: a shared machine is now slow and now fast, and no build should have its slow half alone.
            for _ in range(ROUNDS):
                for title, (own_tree, out) in builds.items():
                    readings[title].append(
                        report(plain_way, folder / out, names, tree=own_tree, environment=environment)
                    )
        rows = [(title, len(names), min(taken, key=lambda each: each["cpu"])) for title, taken in readings.items()]
        plain = folder / "plain"
        plain.mkdir()
        rows.append(("papermill, nbconvert and a browser (once)", 1,
                     plain_report(folder / "now" / WEEK, names[0], plain, environment=environment)))  # fmt: skip
        print(f"## The weekly report, {len(names)} portfolios of one frozen week\n")
        print("| printed by | reports a minute | against ours | CPU seconds a report | against ours |")
        print("|---|---:|---:|---:|---:|")
        ours = rows[0][2]["cpu"] / rows[0][1], rows[0][1] / rows[0][2]["wall"] * 60
        for name, count, seconds_taken in rows:
            cpu, pace = seconds_taken["cpu"] / count, count / seconds_taken["wall"] * 60
            print(f"| {name} | {pace:.1f} | 1 / {ours[1] / pace:.1f} | {cpu:.2f} | {cpu / ours[0]:.1f} x |")
        print(f"\nThe most one process of ours held: {rows[0][2]['memory'] / 2**30:.2f} GiB.\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
