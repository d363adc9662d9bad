"""Words the glossary asks not to use become fewer in the package, and never more."""

import pytest

from .words import count as words


@pytest.mark.parametrize("room", sorted(words.rooms()))
def test_no_package_has_more_unwanted_words_than_allowed(room):
    """A new name or docstring says the field's word; one less in the package is one less allowed."""
    found, limit = words.count(words.rooms()[room]), words.allowed(room)
    assert dict(found - limit) == {}, "docs/glossary.md says which word to use"
    assert dict(limit - found) == {}, "fewer than allowed: run `python tests/words/count.py`, which lowers the counts"


def test_no_count_is_kept_for_a_package_that_is_gone():
    """Each file of allowed counts belongs to a package."""
    assert {path.stem for path in words.ALLOWED.glob("*.txt")} <= set(words.rooms())


def test_every_word_not_to_use_has_another():
    """The glossary's table is read, each word once, and none of its own terms is on it."""
    assert len(words.unwanted()) > 40
    own = words.GLOSSARY.read_text().partition("## Words not to use")[0]
    terms = {line.split("|")[1].strip() for line in own.splitlines() if line.startswith("| ")}
    assert {"run", "finding", "look-through", "expected shortfall"} <= terms
    assert words.unwanted() & terms == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""Judge the rows."""\n', {"judge": 1}),
        ("class JudgeAll:\n    def beside(self, told): ...\n", {"judge": 1, "beside": 1, "told": 1}),
        ('def f():\n    """Give `judge` and $beside$.\n\n    >>> told()\n    """\n', {}),
        ("verdict = 1\n", {"verdict": 1}),
    ],
    ids=["a docstring", "names in capitals and of arguments", "code in a docstring", "a variable"],
)
def test_words_are_found_in_names_and_docstrings(tmp_path, source, found):
    """In each part of a name and of a sentence; what a docstring quotes from code does not count."""
    (tmp_path / "module.py").write_text(source)
    assert dict(words.count([tmp_path / "module.py"])) == found
