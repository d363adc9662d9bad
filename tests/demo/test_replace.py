"""A demo that replaces another deletes rows: a load under way sees the old rows or the new ones, never none."""

from ys_analytics import demo, frames
from ys_analytics.demo.economy import POSTGRES
from ys_analytics.stores import Stores

OLD, NEW = {"portfolios": 9, "days": 45, "seed": 3}, {"portfolios": 10, "days": 50, "seed": 4}
TABLES = [name for name in POSTGRES if name not in ("user_api_keys", "user_sessions")]


def test_readers_see_old_rows_or_new_ones(borrowed: Stores, analyst: Stores) -> None:
    """Between any two tables that are written every table is whole; a snapshot taken before stays what it was."""
    demo.fill(borrowed, **OLD, replace=True)  # type: ignore[arg-type]
    old = {name: frames.load(analyst, name) for name in TABLES}
    assert min(frame.height for frame in old.values()) > 0
    seen: list[str] = []

    def look(name: str, _: int = 0, __: int | None = None) -> None:
        if name in TABLES:
            seen.append(name)
            for each in ("transactions", name):
                assert frames.load(analyst, each).equals(old[each]), each

    with analyst.postgres.snapshot():
        frames.load(analyst, "assets")
        demo.fill(borrowed, **NEW, replace=True, progress=look)  # type: ignore[arg-type]
        assert frames.load(analyst, "transactions").equals(old["transactions"])
    assert set(seen) >= set(TABLES)
    new = frames.load(analyst, "portfolios")
    assert new.height == NEW["portfolios"]
