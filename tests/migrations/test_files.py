"""What a folder of migrations must look like before any of it is run."""

import pytest

from ys_analytics.errors import MigrationError
from ys_analytics.migrations.files import FOLDER, CreatedObject, read_files

GOOD = "-- What.\nCREATE TABLE a ();\n\n-- rollback\nDROP TABLE a;\n"


def spoil(folder, name, text=GOOD):
    """A folder whose first file is good and whose second is as given."""
    (folder / "0001_create_a.sql").write_text(GOOD)
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        pytest.param("0003_create_b.sql", GOOD, r"0003_create_b.sql stands where number 0002", id="a gap"),
        pytest.param("0001_create_b.sql", GOOD, r"0001_create_b.sql stands where number 0002", id="a number twice"),
        pytest.param("0002-create-b.sql", GOOD, r"0002-create-b.sql is not named like", id="a name of another form"),
        pytest.param("0002_b.sql", GOOD, r"0002_b.sql is not named like", id="a name without a verb"),
        pytest.param("0002_create_b.sql", "SELECT 1;\n", r"0002_create_b.sql has nothing under", id="no rollback"),
        pytest.param(
            "0002_create_b.sql", "SELECT 1;\n-- rollback\n\n", r"0002_create_b.sql has nothing under", id="an empty one"
        ),
    ],
)
def test_a_spoiled_folder_is_refused_by_name(tmp_path, name, text, complaint):
    """The folder is read as a whole, so a bad file stops everything before anything runs."""
    with pytest.raises(MigrationError, match=complaint):
        read_files(spoil(tmp_path, name, text))


def test_line_ends_do_not_edit_a_file(tmp_path):
    """A checkout on Windows has the checksums of one on Linux."""
    unix, windows = tmp_path / "unix", tmp_path / "windows"
    for place, ends in ((unix, "\n"), (windows, "\r\n")):
        place.mkdir()
        (place / "0001_create_a.sql").write_bytes(GOOD.replace("\n", ends).encode())
    assert read_files(unix) == read_files(windows)


def test_a_file_says_what_it_makes():
    """Status looks for these; a statement inside a comment or a string creates nothing."""
    [users] = [file for file in read_files(FOLDER / "postgres") if file.name == "0003_create_users.sql"]
    assert list(users.creates()) == [CreatedObject(kind="table", name="users")]
    hashes = {
        str(made) for file in read_files(FOLDER / "postgres") if file.version == "0018" for made in file.creates()
    }
    assert hashes == {
        "table transaction_hashes",
        "function keep_transaction_hash",
        "trigger keep_transaction_hash",
        "trigger keep_changed_transaction_hash",
        "trigger forget_transaction_hashes",
    }


@pytest.mark.parametrize("store", ["postgres", "clickhouse"])
def test_every_file_explains_itself(store):
    """A header says which file this is, what it does, what it locks and how large it grows."""
    for file in read_files(FOLDER / store):
        head = file.up.split("\n\n", 1)[0]
        assert head.startswith(f"-- migrations/{store}/{file.name}\n-- "), file.name
        assert "\n-- Locks:   " in head, file.name
        assert "\n-- Size:    " in head, file.name


def test_clickhouse_files_are_one_statement_that_may_be_repeated():
    """Nothing rolls back there, so a runner killed half-way must be able to start the file again."""
    for file in read_files(FOLDER / "clickhouse"):
        code = [line for line in file.up.splitlines() if not line.startswith("--")]
        assert [line for line in code if line.endswith(";")] == [code[-1]], file.name
        assert any("IF NOT EXISTS" in line for line in code), file.name
        assert file.rollback.count(";") == 1, file.name
        assert "IF EXISTS" in file.rollback, file.name
