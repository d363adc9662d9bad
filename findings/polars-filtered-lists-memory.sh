#!/usr/bin/env bash
# A filtered frame of Polars with lists of texts keeps all texts of the file it was read from, and says that it is small.
#
# A hundred rows of a hundred thousand, read by a lazy scan with a filter, hold nearly the memory of the whole column where
# that is a list of texts or of structs with a text; plain texts and lists of numbers do not. `estimated_size` counts
# the rows alone; `rechunk`, `shrink_to_fit` and to gather the rows release nothing, and `pickle` of the frame is as large.
# To write it as an IPC file in memory and to read that gives a frame of its own.
#
# Seen with: polars 2.1.0, CPython 3.11, Linux.
# What a user meets: a process that reads one portfolio after another from a file and keeps the small frames takes the
# size of the file for each: seventeen gigabytes for half of a thousand portfolios.
# Our guard: what is read of a run goes through IPC where a column is nested.
# Test: tests/desk/test_sources.py (a frame of one portfolio holds its own rows and no others)
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0
cat > "$folder/keep.py" <<'PY'
import io
import pickle
import sys

import polars as pl

path, way = sys.argv[1:]


def through_ipc(frame):
    written = io.BytesIO()
    frame.write_ipc(written)
    written.seek(0)
    return pl.read_ipc(written)


ways = {
    "ipc": through_ipc,
    "filter": lambda frame: frame,
    "rechunk": lambda frame: frame.rechunk(),
    "shrink": lambda frame: frame.shrink_to_fit(),
    "gather": lambda frame: frame[pl.int_range(frame.height, eager=True)],
}


def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("RssAnon"))


def read(owner):
    return ways[way](pl.scan_parquet(path).filter(pl.col("owner") == owner).collect())


first = read(0)
before = resident()
kept = [read(owner) for owner in range(1, 21)]
held = (resident() - before) / 20
print(f"{held:.1f} {kept[0].estimated_size() / 2**20:.2f} {len(pickle.dumps(kept[0])) / 2**20:.1f}")
PY
"$folder/venv/bin/python" - "$folder" <<'PY'
import subprocess
import sys

import polars as pl

folder = sys.argv[1]
rows = 100_000
owners = pl.int_range(rows, eager=True) % 1000
names = [f"asset number {row % 50:04d} of the list" for row in range(rows)]
frame = pl.DataFrame({"owner": owners, "name": names})
frame.select("owner", names=pl.concat_list([pl.col("name")] * 6)).write_parquet(f"{folder}/rows.parquet")
found = {}
for way in ("filter", "rechunk", "shrink", "gather", "ipc"):
    said = subprocess.check_output([sys.executable, f"{folder}/keep.py", f"{folder}/rows.parquet", way], text=True)
    found[way], size, pickled = map(float, said.split())
    print(f"polars {pl.__version__}, {way}: {found[way]} MiB held, {pickled} pickled, for 100 rows said to be {size} MiB")
    found[f"{way} pickled"] = pickled
large = ("filter", "rechunk", "shrink", "gather", "filter pickled")
same = all(found[name] > 8 for name in large) and found["ipc"] < 4 and found["ipc pickled"] < 1
print("as described" if same else "changed")
sys.exit(not same)
PY
