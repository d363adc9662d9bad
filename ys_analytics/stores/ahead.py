"""One step ahead: the next answer is on its way while this one is being worked on.

Knows iterators and threads; knows no store.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def ahead(steps: Iterator[_T]) -> Iterator[_T]:
    """The same steps in the same order, each begun in another thread while the one before it is in use.

    What a step raises is raised here; leaving early waits for the step that is under way.

    >>> list(ahead(iter([1, 2, 3])))
    [1, 2, 3]
    """
    end = object()
    with ThreadPoolExecutor(max_workers=1) as other:
        coming = other.submit(next, steps, end)
        while (step := coming.result()) is not end:
            coming = other.submit(next, steps, end)
            yield step  # type: ignore[misc] # not `end`, which mypy cannot know
