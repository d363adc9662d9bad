"""Fetch the next part of a read in another thread while the last one is in use.

Depends on iterators and threads; does not know any store.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def prefetch(steps: Iterator[_T], *, abort: Callable[[], None] = lambda: None) -> Iterator[_T]:
    """The same steps in the same order, each begun in another thread while the one before it is in use.

    Args:
        steps: What to fetch.
        abort: Ends the step that is being waited for; called when the reader leaves early, so that Ctrl-C does not
            wait for a server that no longer answers.

    Yields:
        Each step. An error of a step is raised here.

    >>> list(prefetch(iter([1, 2, 3])))
    [1, 2, 3]
    """
    end = object()
    with ThreadPoolExecutor(max_workers=1) as executor:
        next_step = executor.submit(next, steps, end)
        try:
            while (step := next_step.result()) is not end:
                next_step = executor.submit(next, steps, end)
                yield step  # type: ignore[misc] # not `end`, which mypy cannot know
        except BaseException:
            if not next_step.done():
                abort()
            raise
