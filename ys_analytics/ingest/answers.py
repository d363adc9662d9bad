"""Questions that a file leaves open, and the answers its owner gives: one TOML file next to the files of an import.

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

from ys_analytics.errors import ContractError, reaching

NAME = "answers.toml"
_SHOWN = 3
_LONGEST = 20
_ABOVE = """# Questions that the files next to this one leave open. Write one of the choices between the quotes of
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
    own: tuple[str, ...] = ()
    questions: dict[str, Question] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, path: Path) -> "Answers":
        """What was answered before; nothing where there is no such file.

        Raises:
            ContractError: the file is no TOML, or an answer is none of its choices.
        """
        answers = cls(path)
        if not path.is_file():
            return answers
        with reaching(path):
            text = path.read_text(encoding="utf-8")
        try:
            said: dict[str, Any] = tomllib.loads(text)
            answers.own = tuple(str(one).lower() for one in said.get("own", ()))
            for one in said.get("question", ()):
                found = Question(
                    id=one["id"], about=one["about"], choices=tuple(one["choices"]), answer=one["answer"].strip(),
                    waits=one.get("waits", True),
                )  # fmt: skip
                if found.answer and found.answer not in found.choices:
                    raise ContractError(
                        f"{path.name}: {found.answer!r} is no answer to question {found.id}; "
                        f"write one of {', '.join(found.choices)}"
                    )
                answers.questions[found.id] = found
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
        known = self.questions.get(id_)
        self._asked.add(id_)
        self.questions[id_] = Question(
            id=id_, about=about, choices=tuple(choices), answer=known.answer if known else "", waits=waits
        )
        answer = self.questions[id_].answer
        return answer or (None if waits else choices[0])

    @property
    def open(self) -> list[Question]:
        """What this import asked and what has no answer yet."""
        asked = [one for id_, one in self.questions.items() if id_ in self._asked]
        return [one for one in asked if one.waits and not one.answer]

    def settle(self) -> None:
        """Write the file where there is something to ask; stop where an answer is waited for.

        Raises:
            ContractError: questions are open; the first are named, all of them are in the file.
            FileError: the file cannot be written.
        """
        if self._asked:
            with reaching(self.path):
                draft = self.path.with_name(f".{self.path.name}.new")
                draft.write_text(self._text(), encoding="utf-8")
                draft.replace(self.path)
        if waiting := self.open:
            named = "; ".join(one.about + _offered(one.choices) for one in waiting[:_SHOWN])
            more = f"; and {len(waiting) - _SHOWN} more" if len(waiting) > _SHOWN else ""
            count = "1 question is" if len(waiting) == 1 else f"{len(waiting)} questions are"
            raise ContractError(
                f"transactions: nothing was imported: {count} open: {named}{more}; answer in {self.path}, import again"
            )

    def _text(self) -> str:
        parts = [_ABOVE, f"own = {json.dumps(list(self.own))}\n", *(one.text() for one in self.questions.values())]
        return "".join(parts)


def _offered(choices: Sequence[str]) -> str:
    """The choices for a message; addresses and ids stand in the file alone."""
    return f" ({', '.join(choices)})" if max(map(len, choices), default=0) <= _LONGEST else ""
