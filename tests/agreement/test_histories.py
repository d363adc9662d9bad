"""The kit agrees with a second, plain implementation on two thousand portfolios with random histories.

When one disagrees, the message holds a minimal reproduction: the seed, the week, and the fewest rows of its ledger and
snapshots that still disagree.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from .cases import ALONE, TOGETHER, Case, alone, differing, kit_holdings, together
from .histories import HISTORIES_A_WORLD, History, World, random_history

HISTORIES = 2_000
# Every so many-th market in `make test`, each with its eight histories; all of them in `make test-servers`.
STEPS = [pytest.param(25, id="some"), pytest.param(1, id="all", marks=pytest.mark.servers)]
# What costs most is asked of every second or fourth history.
SPARSE = {"counts": 4, "books": 2, "lots": 2}
_SHOWN = 3


def week_of(history: History) -> str:
    """The week a history is asked of: mostly its last, else one before, its first, one before all data or after all."""
    first, last = history.world.calendar[0], history.world.calendar[-1]
    middle = history.world.calendar[len(history.world.calendar) // 2]
    far = timedelta(days=9)
    day = Random(f"week {history.seed}").choice((last, last, middle, middle, first, first - far, last + far))  # noqa: S311
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def disagreements(history: History, week: str, subject: str) -> list[tuple[str, object, object]]:
    """What the two answers to one question differ by."""
    case = Case(history, week)
    if subject in TOGETHER:
        return differing(together([case])[history.seed][subject], TOGETHER[subject](case))
    return differing(*alone(subject, case))


def smallest(history: History, holds: Callable[[History], bool]) -> History:
    """The history without every row it can do without for `holds` to stay true, tried in ever smaller pieces."""
    for table in ("transactions", "portfolio_snapshots"):
        size = max(len(history.rows[table]) // 2, 1)
        while True:
            place = 0
            while place < len(history.rows[table]):
                rows = history.rows[table][:place] + history.rows[table][place + size :]
                less = replace(history, rows={**history.rows, table: rows})
                if holds(less):
                    history = less
                else:
                    place += size
            if size == 1:
                break
            size = max(size // 2, 1)
    return history


def reproduction(history: History, week: str, subject: str) -> str:
    """A reproduction: which seed and week, what differs, and the fewest rows with which it does."""
    small = smallest(history, lambda one: bool(disagreements(one, week, subject)))
    names = {history.id_of(name): name for name in history.names}
    rows = [
        {key: names.get(value, value) for key, value in row.items() if value is not None and key not in _LEFT_OUT}
        for table in ("transactions", "portfolio_snapshots")
        for row in small.rows[table]
    ]
    found = disagreements(small, week, subject)[:_SHOWN]
    listed = "\n".join(f"  {row}" for row in rows)
    return f"{subject} of random_history({history.seed}), {week}: {found} (name, kit, plain) with only\n{listed}"


_LEFT_OUT = {
    "portfolio_id", "strategy_id", "transaction_hash", "block_number", "total_return", "daily_return", "sharpe_ratio",
    "max_drawdown", "volatility", "asset_allocation",
}  # fmt: skip


def seeds_of(step: int) -> list[int]:
    """The seeds of every `step`-th market's histories."""
    return [
        seed
        for begin in range(0, HISTORIES, step * HISTORIES_A_WORLD)
        for seed in range(begin, begin + HISTORIES_A_WORLD)
    ]


@pytest.mark.parametrize("step", STEPS)
def test_two_thousand_histories_agree(step, record_property):
    """Values, returns, flows, gas, lots, positions, bridge: equal to 1e-9, money exactly, or both refuse."""
    numbers: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    wrong: list[tuple[History, str, str]] = []
    seeds = seeds_of(step)
    for begin in range(0, len(seeds), HISTORIES_A_WORLD):
        several = [
            Case(history, week_of(history)) for history in map(random_history, seeds[begin : begin + HISTORIES_A_WORLD])
        ]
        batch = together(several)
        for case in several:
            kinds.update(case.history.kinds)
            answers = {subject: (batch[case.history.seed][subject], plain(case)) for subject, plain in TOGETHER.items()}
            for subject in ALONE:
                if case.history.seed % SPARSE.get(subject, 1) == 0:
                    answers[subject] = alone(subject, case)
            for subject, (one, other) in answers.items():
                numbers[subject] += len(other)
                refused[subject] += sum(value is None for value in other.values())
                if differing(one, other):
                    wrong.append((case.history, case.week, subject))
    record_property("said", f"{len(seeds):,} histories computed twice, {len(wrong)} disagreements: {_listed(numbers)}")
    record_property("said", f"refused by both among them: {_listed(refused)}")
    record_property("said", f"in so many histories: {_listed(kinds)}")
    assert wrong == [], "\n".join(reproduction(*one) for one in wrong[:_SHOWN])
    assert min(kinds.values()) >= 50 // step, "a kind of event hardly ever happens"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.most_common() if number)


@pytest.mark.parametrize("step", STEPS)
def test_holdings_are_those_of_the_simulated_history(step, record_property):
    """A third witness: where nothing grew by itself and no price is missing, both hold what the story put there."""
    looked = 0
    for seed in seeds_of(step)[::4]:
        history = random_history(seed)
        if history.kinds & {"balances that grow without a transaction", "missing prices"}:
            continue
        year, week, _ = history.world.calendar[-1].isocalendar()
        right = {f"{history.id_of(name)} {position}": held for (name, position), held in history.truth.items()}
        case = Case(history, f"{year}-W{week:02d}")
        assert differing(kit_holdings(case), right) == [], seed
        looked += len(right)
    record_property("said", f"{looked:,} holdings are those of the history")
    assert looked > 500 // step


def test_a_disagreement_is_reduced_to_the_fewest_rows(monkeypatch):
    """The net itself: an implementation that forgets failed transactions' gas is caught, and the proof is one row."""
    history = next(one for one in map(random_history, range(200)) if "failed swaps" in one.kinds)
    year, week, _ = history.world.calendar[-1].isocalendar()

    def forgetful(case: Case) -> dict[str, object]:
        forgotten = {row["transaction_hash"][-4:] for row in case.transactions if row["status"] == "failed"}
        right = TOGETHER_BEFORE["gas"](case)
        return {name: None if name[-4:] in forgotten else value for name, value in right.items()}

    monkeypatch.setitem(TOGETHER, "gas", forgetful)
    said = reproduction(history, f"{year}-W{week:02d}", "gas")
    assert said.count("'status'") == 1
    assert "'status': 'failed'" in said


TOGETHER_BEFORE = dict(TOGETHER)


@pytest.mark.parametrize("seed", [3, 1_111])
def test_a_seed_gives_the_same_history_again(seed):
    """A reproduction can be run tomorrow: nothing but the seed decides."""
    again = random_history(seed, World(seed // HISTORIES_A_WORLD))
    assert (again.rows, again.world.quotes) == (random_history(seed).rows, random_history(seed).world.quotes)
