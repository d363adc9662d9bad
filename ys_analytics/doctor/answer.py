"""What the doctor says: one answer to one question about one store."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        store: Which store, or `all` for what lies between them.
        question: What was asked.
        said: What was found, in one line without secrets.
        well: Whether that is as it should be.
        late: Whether it is about a table whose next rows are overdue; its store may be as it should be.
    """

    store: str
    question: str
    said: str
    well: bool = True
    late: bool = False
