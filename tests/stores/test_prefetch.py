"""The next step is begun before this one is done, and nothing is lost on the way."""

import threading

import pytest

from ys_analytics.stores.common.prefetch import prefetch


def test_the_next_step_is_begun_while_this_one_is_in_use():
    begun = threading.Event()

    def steps():
        yield 1
        begun.set()
        yield 2

    for step in prefetch(steps()):
        assert begun.wait(10), step


def test_what_a_step_raises_is_raised_where_it_is_used():
    def steps():
        yield 1
        raise KeyError("second")

    used = prefetch(steps())
    assert next(used) == 1
    with pytest.raises(KeyError, match="second"):
        next(used)


def test_leaving_early_leaves_no_thread():
    before = threading.active_count()
    steps = prefetch(iter(range(100)))
    assert next(steps) == 0
    steps.close()
    assert threading.active_count() == before
