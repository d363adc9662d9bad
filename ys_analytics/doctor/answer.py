"""An answer of the doctor to one question about one store."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the doctor.

    Attributes:
        store: Which store, or `all` for what lies between them.
        question: What was asked.
        text: What was found, in one line without secrets.
        ok: Whether all is in order.
        overdue: Whether it is about a table whose next rows are overdue; its store may be as it should be.
    """

    store: str
    question: str
    text: str
    ok: bool = True
    overdue: bool = False
