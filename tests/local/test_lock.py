"""An embedded folder admits one process; the others wait, know for whom, and never wait for the dead."""

import os
import threading

import pytest

from ys_analytics.errors import BusyError
from ys_analytics.local.lock import LockOwner, exclusive, holder

_HOLD = """
from ys_analytics.local.lock import exclusive
with exclusive(Path(sys.argv[1]), store="clickhouse", purpose="ys freeze", wait=1):
    say("held")
    hear()
"""


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "clickhouse.lock"


def take(lock, *, wait=30.0, on_wait=None):
    return exclusive(lock, store="clickhouse", purpose="a test", wait=wait, on_wait=on_wait or refuse_to_wait)


def refuse_to_wait(store, who):
    raise AssertionError(f"waited for {store}, held by {who}")


def test_the_second_waits_for_the_first_by_name_and_then_has_its_turn(child, lock):
    first = child(_HOLD, lock)
    first.hear()
    waited_for = []

    def let_go(store, who):
        waited_for.append((store, who.pid, who.purpose))
        first.tell()

    with take(lock, on_wait=let_go):
        assert holder(lock).pid == os.getpid()
    assert waited_for == [("clickhouse", first.pid, "ys freeze")]


def test_waiting_is_printed_on_stderr(child, lock, capsys):
    first = child(_HOLD, lock)
    first.hear()
    with pytest.raises(BusyError), exclusive(lock, store="clickhouse", purpose="a test", wait=0.01):
        pass
    stderr = capsys.readouterr().err
    assert stderr.startswith(f"waiting for clickhouse: process {first.pid} (ys freeze, since ")
    assert stderr.count("\n") == 1


def test_giving_up_names_the_holder_and_what_to_do(child, lock):
    first = child(_HOLD, lock)
    first.hear()
    with pytest.raises(BusyError, match=rf"process {first.pid} \(ys freeze, since .*YS_WAIT") as raised:
        take(lock, wait=0.05, on_wait=lambda *_: None).__enter__()
    assert "\n" not in str(raised.value)


def test_the_lock_of_a_killed_holder_is_free(child, lock):
    first = child(_HOLD, lock)
    first.hear()
    first.kill()
    assert holder(lock) is None
    with take(lock):
        assert holder(lock).purpose == "a test"


def test_a_sidecar_without_a_lock_is_ignored(lock):
    lock.touch()
    lock.with_suffix(".holder").write_text('{"pid": 1, "purpose": "gone", "since": "long ago"}')
    assert holder(lock) is None


def test_a_torn_sidecar_still_means_a_held_lock(child, lock):
    first = child(_HOLD, lock)
    first.hear()
    lock.with_suffix(".holder").write_text('{"pid": 1, "pur')
    assert holder(lock) == LockOwner(pid=0, purpose="unknown", since="unknown")
    with pytest.raises(BusyError, match="another process"):
        take(lock, wait=0.01, on_wait=lambda *_: None).__enter__()


def test_blocks_of_one_process_share_a_turn_until_the_last_one_ends(lock):
    with take(lock):
        with take(lock):
            pass
        assert holder(lock) is not None
    assert holder(lock) is None


def test_threads_of_one_process_are_in_together(lock):
    together = threading.Barrier(8, timeout=30)
    inside = []

    def enter():
        with take(lock):
            inside.append(together.wait())

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(inside) == list(range(8))
    assert holder(lock) is None


def test_a_turn_ends_with_an_error_too(lock):
    with pytest.raises(ZeroDivisionError), take(lock):
        _ = 1 / 0
    assert holder(lock) is None


def test_a_forked_child_does_not_hold_what_its_parent_holds(child, lock):
    forking = child(
        """
import os
from ys_analytics.errors import BusyError
from ys_analytics.local.lock import exclusive
def take(wait):
    path = Path(sys.argv[1])
    return exclusive(path, store="clickhouse", purpose="a family", wait=wait, on_wait=lambda *_: 0)
with take(1):
    pid = os.fork()
    if pid == 0:
        try:
            take(0.05).__enter__()
        except BusyError as error:
            say(error)
        os._exit(0)
    os.waitpid(pid, 0)
    try:
        say("the parent holds it" if take(0.05).__enter__() is None else "")
    except BusyError:
        say("lost")
""",
        lock,
    )
    assert f"process {forking.pid} (a family" in forking.hear()
    assert forking.hear() == "the parent holds it"
