"""Questions that files leave open and the answers of their owner, in one TOML file next to the files of an import.

Depends on the file system alone. Does not decide anything: what is not answered stops the import, and what is answered
is used again.
"""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ys_analytics.errors import ContractError, file_errors

NAME = "answers.toml"
_MAX_SHOWN = 3
_MAX_CHOICE_LENGTH = 20
_FILE_HEADER = """# Questions that the files next to this one leave open. Write one of the choices between the quotes of
# `answer` and import again: answers are kept and used every time. `own` lists further addresses of yours.
"""


@dataclass(slots=True)
class Question:
    """One question.

    Attributes:
        id: Follows from what is asked, so that the same question is the same again.
        about: What is asked, with file and rows.
        choices: What may be answered.
        answer: What was answered; empty until then.
        waits: Whether the import waits for the answer; else the first choice stands until another is given.
    """

    id: str
    about: str
    choices: tuple[str, ...]
    answer: str = ""
    waits: bool = True

    def text(self) -> str:
        """The question as TOML."""
        return (
            f'\n[[question]]\nid = "{self.id}"\nabout = {json.dumps(self.about, ensure_ascii=False)}\n'
            f"choices = {json.dumps(list(self.choices), ensure_ascii=False)}\n"
            f"waits = {'true' if self.waits else 'false'}\n"
            f"answer = {json.dumps(self.answer, ensure_ascii=False)}\n"
        )


@dataclass(slots=True)
class Answers:
    """The questions of an import, in a file that is written when one of them is new.

    >>> answers = Answers(Path("answers.toml"))
    >>> answers.ask("kind", "rows 2, 3: what is 'Bonus'?", ["income", "deposit"]) is None
    True
    """

    path: Path
    own_addresses: tuple[str, ...] = ()
    questions: dict[str, Question] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, path: Path) -> "Answers":
        """Read the answers of earlier imports; empty where there is no such file.

        Raises:
            ContractError: the file is no TOML, or an answer is none of its choices.
        """
        answers = cls(path)
        if not path.is_file():
            return answers
        with file_errors(path):
            text = path.read_text(encoding="utf-8")
        try:
            parsed: dict[str, Any] = tomllib.loads(text)
            answers.own_addresses = tuple(str(entry).lower() for entry in parsed.get("own", ()))
            for entry in parsed.get("question", ()):
                question = Question(
                    id=entry["id"], about=entry["about"], choices=tuple(entry["choices"]),
                    answer=entry["answer"].strip(),
                    waits=entry.get("waits", True),
                )  # fmt: skip
                if question.answer and question.answer not in question.choices:
                    raise ContractError(
                        f"{path.name}: {question.answer!r} is no answer to question {question.id}; "
                        f"write one of {', '.join(question.choices)}"
                    )
                answers.questions[question.id] = question
        except (tomllib.TOMLDecodeError, KeyError, AttributeError, TypeError) as error:
            raise ContractError(f"{path.name}: cannot be read as answers: {' '.join(str(error).split())}") from error
        return answers

    def ask(self, topic: str, about: str, choices: Sequence[str], *, waits: bool = True) -> str | None:
        """The answer to a question, or None until there is one; a question that does not wait has its first choice.

        Args:
            topic: What makes the question this one; rows may move, the topic may not.
            about: The question for a person.
            choices: What may be answered.
            waits: Whether the import waits for it.
        """
        id_ = sha256(topic.encode()).hexdigest()[:10]
        answered = self.questions.get(id_)
        self._asked.add(id_)
        self.questions[id_] = Question(
            id=id_, about=about, choices=tuple(choices), answer=answered.answer if answered else "", waits=waits
        )
        answer = self.questions[id_].answer
        return answer or (None if waits else choices[0])

    @property
    def open_questions(self) -> list[Question]:
        """The questions of this import that have no answer yet."""
        of_this_import = [question for id_, question in self.questions.items() if id_ in self._asked]
        return [question for question in of_this_import if question.waits and not question.answer]

    def write_and_require(self) -> None:
        """Write the file where something was asked; raise where an answer is missing.

        Raises:
            ContractError: questions are open; the first are named, all of them are in the file.
            FileError: the file cannot be written.
        """
        if self._asked:
            with file_errors(self.path):
                draft = self.path.with_name(f".{self.path.name}.new")
                draft.write_text(self._text(), encoding="utf-8")
                draft.replace(self.path)
        if open_questions := self.open_questions:
            listed = "; ".join(
                open_question.about + _choices_text(open_question.choices)
                for open_question in open_questions[:_MAX_SHOWN]
            )
            more = f"; and {len(open_questions) - _MAX_SHOWN} more" if len(open_questions) > _MAX_SHOWN else ""
            count = "1 question is" if len(open_questions) == 1 else f"{len(open_questions)} questions are"
            raise ContractError(
                f"transactions: nothing was imported: {count} open: {listed}{more}; answer in {self.path}, import again"
            )

    def _text(self) -> str:
        parts = [
            _FILE_HEADER,
            f"own = {json.dumps(list(self.own_addresses))}\n",
            *(question.text() for question in self.questions.values()),
        ]
        return "".join(parts)


def _choices_text(choices: Sequence[str]) -> str:
    """The choices as text for a message; empty for long ones such as addresses, which only the file lists."""
    return f" ({', '.join(choices)})" if max(map(len, choices), default=0) <= _MAX_CHOICE_LENGTH else ""
