"""The kit agrees with a second, plain implementation on two thousand portfolios lived at random.

When one disagrees, the message holds a minimal reproduction: the seed, the week, and the fewest rows of its ledger and
snapshots that still disagree.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from .asked import ALONE, TOGETHER, Asked, alone, differing, kit_holdings, together
from .lives import LIVES_A_WORLD, Life, World, live

LIVES = 2_000
# Every so many-th market in `make test`, each with its eight lives; all of them in `make test-servers`.
STEPS = [pytest.param(12, id="some"), pytest.param(1, id="all", marks=pytest.mark.servers)]
# What costs most is asked of every second or fourth life.
SPARSE = {"counts": 4, "books": 2, "lots": 2}
_SHOWN = 3


def week_of(life: Life) -> str:
    """The week a life is asked of: mostly its last, else one before, its first, one before all data or after all."""
    first, last = life.world.calendar[0], life.world.calendar[-1]
    middle = life.world.calendar[len(life.world.calendar) // 2]
    far = timedelta(days=9)
    day = Random(f"week {life.seed}").choice((last, last, middle, middle, first, first - far, last + far))  # noqa: S311
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def disagreements(life: Life, week: str, subject: str) -> list[tuple[str, object, object]]:
    """What the two answers to one question differ by."""
    asked = Asked(life, week)
    if subject in TOGETHER:
        return differing(together([asked])[life.seed][subject], TOGETHER[subject](asked))
    return differing(*alone(subject, asked))


def smallest(life: Life, holds: Callable[[Life], bool]) -> Life:
    """The life without every row it can do without for `holds` to stay true, tried in ever smaller pieces."""
    for table in ("transactions", "portfolio_snapshots"):
        size = max(len(life.rows[table]) // 2, 1)
        while True:
            place = 0
            while place < len(life.rows[table]):
                rows = life.rows[table][:place] + life.rows[table][place + size :]
                less = replace(life, rows={**life.rows, table: rows})
                if holds(less):
                    life = less
                else:
                    place += size
            if size == 1:
                break
            size = max(size // 2, 1)
    return life


def told(life: Life, week: str, subject: str) -> str:
    """A reproduction: which seed and week, what differs, and the fewest rows with which it does."""
    small = smallest(life, lambda one: bool(disagreements(one, week, subject)))
    names = {life.id_of(name): name for name in life.names}
    rows = [
        {key: names.get(value, value) for key, value in row.items() if value is not None and key not in _LEFT_OUT}
        for table in ("transactions", "portfolio_snapshots")
        for row in small.rows[table]
    ]
    found = disagreements(small, week, subject)[:_SHOWN]
    listed = "\n".join(f"  {row}" for row in rows)
    return f"{subject} of live({life.seed}), {week}: {found} (name, kit, plain) with only\n{listed}"


_LEFT_OUT = {
    "portfolio_id", "strategy_id", "transaction_hash", "block_number", "total_return", "daily_return", "sharpe_ratio",
    "max_drawdown", "volatility", "asset_allocation",
}  # fmt: skip


def lives_of(step: int) -> list[int]:
    """The seeds of every `step`-th market's lives."""
    return [seed for begin in range(0, LIVES, step * LIVES_A_WORLD) for seed in range(begin, begin + LIVES_A_WORLD)]


@pytest.mark.parametrize("step", STEPS)
def test_two_thousand_lives_are_told_alike(step, record_property):
    """Values, returns, flows, gas, lots, positions, bridge: equal to 1e-9, money exactly, or both refuse."""
    numbers: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    wrong: list[tuple[Life, str, str]] = []
    seeds = lives_of(step)
    for begin in range(0, len(seeds), LIVES_A_WORLD):
        several = [Asked(life, week_of(life)) for life in map(live, seeds[begin : begin + LIVES_A_WORLD])]
        batch = together(several)
        for asked in several:
            kinds.update(asked.life.kinds)
            answers = {subject: (batch[asked.life.seed][subject], plain(asked)) for subject, plain in TOGETHER.items()}
            for subject in ALONE:
                if asked.life.seed % SPARSE.get(subject, 1) == 0:
                    answers[subject] = alone(subject, asked)
            for subject, (one, other) in answers.items():
                numbers[subject] += len(other)
                refused[subject] += sum(value is None for value in other.values())
                if differing(one, other):
                    wrong.append((asked.life, asked.week, subject))
    record_property("said", f"{len(seeds):,} lives told twice, {len(wrong)} disagreements: {_listed(numbers)}")
    record_property("said", f"refused by both among them: {_listed(refused)}")
    record_property("said", f"in so many lives: {_listed(kinds)}")
    assert wrong == [], "\n".join(told(*one) for one in wrong[:_SHOWN])
    assert min(kinds.values()) >= 50 // step, "a kind of event hardly ever happens"


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.most_common() if number)


@pytest.mark.parametrize("step", STEPS)
def test_what_is_held_is_what_was_lived(step, record_property):
    """A third witness: where nothing grew by itself and no price is missing, both hold what the story put there."""
    looked = 0
    for seed in lives_of(step)[::4]:
        life = live(seed)
        if life.kinds & {"balances that grow without a transaction", "missing prices"}:
            continue
        year, week, _ = life.world.calendar[-1].isocalendar()
        right = {f"{life.id_of(name)} {position}": held for (name, position), held in life.truth.items()}
        asked = Asked(life, f"{year}-W{week:02d}")
        assert differing(kit_holdings(asked), right) == [], seed
        looked += len(right)
    record_property("said", f"{looked:,} holdings are what was lived")
    assert looked > 500 // step


def test_a_disagreement_is_told_with_the_fewest_rows(monkeypatch):
    """The net itself: an implementation that forgets failed transactions' gas is caught, and the proof is one row."""
    life = next(one for one in map(live, range(200)) if "failed swaps" in one.kinds)
    year, week, _ = life.world.calendar[-1].isocalendar()

    def forgetful(asked: Asked) -> dict[str, object]:
        forgotten = {row["transaction_hash"][-4:] for row in asked.deeds if row["status"] == "failed"}
        right = TOGETHER_BEFORE["gas"](asked)
        return {name: None if name[-4:] in forgotten else value for name, value in right.items()}

    monkeypatch.setitem(TOGETHER, "gas", forgetful)
    said = told(life, f"{year}-W{week:02d}", "gas")
    assert said.count("'status'") == 1
    assert "'status': 'failed'" in said


TOGETHER_BEFORE = dict(TOGETHER)


@pytest.mark.parametrize("seed", [3, 1_111])
def test_a_seed_gives_the_same_life_again(seed):
    """A reproduction can be run tomorrow: nothing but the seed decides."""
    again = live(seed, World(seed // LIVES_A_WORLD))
    assert (again.rows, again.world.quotes) == (live(seed).rows, live(seed).world.quotes)
