"""The task of a process that makes a page, and its result.

Depends on values that can be sent between processes. Does not make anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from ys_analytics.frames.run import Verification
from ys_analytics.reporting.page import PageInfo

# The variable that is set in the process from which those that make pages are forked.
PREPARED = "PREPARED_FOR_PAGES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a process needs to know to make one portfolio's page.

    Attributes:
        notebook: The notebooks as one.
        parameters: Theirs.
        info: Portfolio, week and title, without what only the process finds out.
        facts: Further entries of the data JSON.
        folder: The process's own; what it writes lies there.
        environment: Variables, all of them.
        verified: The run, where its files need no second look.
        provisional: Whether the page is made although the week's change in value is not explained.
    """

    notebook: NotebookNode
    parameters: Mapping[str, object]
    info: PageInfo
    facts: Mapping[str, object]
    folder: Path
    environment: Mapping[str, str]
    verified: Verification | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePage:
    """A page that was made.

    Attributes:
        info: What it says of itself.
        html: The page, which does not draw its charts by itself yet.
        data: Its data JSON.
        seconds: What each step took, in seconds of this process's CPU time.
        memory: The most this process held, in bytes.
    """

    info: PageInfo
    html: Path
    data: Path
    seconds: Mapping[str, float] = field(default_factory=dict)
    memory: int = 0
