"""Findings are whole or absent: interrupted anywhere, in any process, no run passes for checked."""

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import polars as pl
import psutil
import pytest

from ys_analytics import quality
from ys_analytics.errors import ExpectationFailed, RunError
from ys_analytics.quality import suites, worker_process

from .conftest import frozen

# What a command does with a run: check it, and leave a word where it came to its end.
CHECK_SCRIPT = """
import sys
from pathlib import Path
from types import SimpleNamespace
from ys_analytics import quality

if __name__ == "__main__":
    quality.validate(SimpleNamespace(folder=Path(sys.argv[1])))
    print("checked", flush=True)
"""
# Moments that a test tries: about as long as a check takes, so that some come before, during and after it.
TRIES, LONGEST = 12, 20.0
# Of these, two in every run, seconds after the start: one strikes every process, the other one of them.
QUICK = {1, 3}


@pytest.fixture
def negative(demo_frames, tmp_path):
    """A small run with thirty negative prices: the prices alone, and what makes them someone's."""
    quotes = demo_frames["market_data"]
    here = pl.int_range(pl.len()) < 30
    price = pl.when(here).then(pl.lit(Decimal(-5)).cast(quotes.schema["price"])).otherwise("price").alias("price")
    frames = {name: demo_frames[name] for name in ("portfolios", "portfolio_positions", "transactions", "assets")}
    return frozen(tmp_path / "2026-W47", frames | {"market_data": quotes.with_columns(price)})


def group_of(leader):
    """Every process of a started command: itself, and the checker it started."""
    try:
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize(
    "seed", [seed if seed in QUICK else pytest.param(seed, marks=pytest.mark.servers) for seed in range(TRIES)]
)
def test_findings_cut_short_are_no_findings(seed, negative):
    """Killed or interrupted at a random moment, one process or all: the run is checked whole, or not at all."""
    chance = random.Random(seed)  # noqa: S311 - a moment, and no secret
    started = subprocess.Popen(
        [sys.executable, "-c", CHECK_SCRIPT, str(negative.folder)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        started.wait(timeout=chance.uniform(0.0, LONGEST))
    except subprocess.TimeoutExpired:
        struck = chance.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
        group = group_of(psutil.Process(started.pid))
        for each in group if seed % 3 == 0 else [chance.choice(group)]:
            if each.is_running():
                each.send_signal(struck)
    said, _ = started.communicate(timeout=120)
    if quality.has_complete_findings(negative.folder, quality.subject(negative.folder)):
        found = {each.rule: each for each in quality.read_findings(negative.folder) if each.suite == "market_data"}
        assert found["between(price, > 0.0)"].rows == 30
        with pytest.raises(ExpectationFailed):
            quality.gate(list(found.values()))
    else:
        assert "checked" not in said
        with pytest.raises(RunError):
            quality.read_findings(negative.folder)


@pytest.mark.servers  # for its time alone
def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one(demo, monkeypatch):
    """Interrupted in a notebook, the next question gets its own answer: the clean run's is not the spoilt one's."""
    validate = worker_process.CheckingProcesses()
    job = {
        "kind": "frozen",
        "tables": ["users"],
        "as_of": "2026-11-23T00:00:00+00:00",
        "frozen_at": "2026-11-23T00:00:00+00:00",
        "suites": str(suites.FOLDER),
    }
    clean = job | {"files": {"users": str(demo.folder / "frames" / "users.parquet")}}

    def interrupted(pipes, line):
        pipes.jobs.write(line + "\n")
        pipes.jobs.flush()
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupting:
        interrupting.setattr(worker_process._Pipes, "exchange", interrupted)
        with pytest.raises(KeyboardInterrupt):
            validate.ask(clean)
    answer = validate.ask(job | {"tables": [], "files": {}})
    validate.stop()
    assert answer["findings"] == []


STRIKES = [signal.SIGTERM, *(pytest.param(each, marks=pytest.mark.servers) for each in (signal.SIGINT, signal.SIGKILL))]


LAST = worker_process.PROCESSES - 1


@pytest.mark.parametrize("process", [*(pytest.param(each, marks=pytest.mark.servers) for each in range(LAST)), LAST])
@pytest.mark.parametrize("struck", STRIKES)
def test_a_killed_checking_process_gives_no_answer(struck, process, demo):
    """If anything ends one while it is at work, the command says that nothing was checked, and the other ends too."""
    validate = worker_process.CheckingProcesses()
    leader = psutil.Process(validate.start().pid)
    wait_until(lambda: len(leader.children()) == worker_process.PROCESSES - 1)
    group = [leader, *leader.children()]
    running = group[process]
    files = {path.stem: str(path) for path in (demo.folder / "frames").glob("*.parquet")}
    job = {
        "kind": "frozen", "tables": ["market_data", "cross_store"], "files": files,
        "as_of": "2026-11-23T00:00:00+00:00", "frozen_at": "2026-11-23T00:00:00+00:00", "suites": str(suites.FOLDER),
    }  # fmt: skip

    def strike():
        # Once its engine has its folder, a query is under way.
        wait_until(lambda: any("ys-check-" in opened.path for opened in running.open_files()))
        running.send_signal(struck)

    with ThreadPoolExecutor(1) as executor:
        striking = executor.submit(strike)
        with pytest.raises(ExpectationFailed, match="nothing was checked"):
            validate.ask(job, process=process)
        striking.result()
    wait_until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in group))


def wait_until(true, patience=120.0):
    """Wait for something to be so; fail when it never is."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_findings_of_another_run_are_no_findings(demo, demo_findings, negative):
    """Copied, left over or hand-made: without the seal of this run and these suites they are not read."""
    about = quality.subject(demo.folder)
    assert quality.has_complete_findings(demo.folder, about)
    for name in ("findings.json", "findings.seal.json"):
        (negative.folder / name).write_bytes((demo.folder / name).read_bytes())
    assert not quality.has_complete_findings(negative.folder)
    with pytest.raises(RunError, match="not a whole check of this run"):
        quality.read_findings(negative.folder)
    assert demo_findings


def test_findings_are_not_written_into_a_run_frozen_meanwhile(negative):
    """A slow check of the old run leaves nothing in the new one."""
    about = quality.subject(negative.folder)
    manifest = negative.folder / "manifest.json"
    manifest.write_text(manifest.read_text() + "\n")
    with pytest.raises(RunError, match="frozen again while it was checked"):
        quality.write_findings([], negative.folder, about)
    assert not (negative.folder / "findings.json").exists()


def test_suites_that_changed_are_checked_again(demo, demo_findings, tmp_path):
    """A rule that was added has not passed yet."""
    other = tmp_path / "expectations"
    other.mkdir()
    (other / "users.py").write_text("SUITE = None\n")
    assert quality.has_complete_findings(demo.folder, quality.subject(demo.folder))
    assert not quality.has_complete_findings(demo.folder, quality.subject(demo.folder, other))
    assert demo_findings
