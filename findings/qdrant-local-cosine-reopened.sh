#!/usr/bin/env bash
# qdrant-client's local mode gives other vectors after a folder is closed and opened again.
#
# Under cosine distance a Qdrant server keeps vectors at unit length, and local mode does the same when points are
# written. The folder keeps them as they were given, and opening it again does not divide: the same point is read as
# [0.6, 0.8] in the session that wrote it and as [3.0, 4.0] in the next. Searches score alike.
#
# Seen with: qdrant-client 1.20.0, CPython 3.11, Linux. A change that mends it is proposed upstream (pull request 1381).
# What a user meets: norms, dot products and drift of embeddings differ between a laptop's folder and a server.
# Our guard: stores/qdrant/folder.py reads vectors of a folder at unit length.
# Test: tests/stores/test_qdrant.py::test_a_folder_opened_again_gives_unit_length
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check qdrant-client==1.20.0
"$folder/venv/bin/python" - "$folder/points" <<'PY'
import sys

from qdrant_client import QdrantClient, models


def seen(client):
    (point,) = client.retrieve("points", [1], with_vectors=True)
    (hit,) = client.query_points("points", query=[1.0, 0.0]).points
    return [round(part, 6) for part in point.vector], round(hit.score, 6)


client = QdrantClient(path=sys.argv[1])
client.create_collection("points", vectors_config=models.VectorParams(size=2, distance=models.Distance.COSINE))
client.upsert("points", [models.PointStruct(id=1, vector=[3.0, 4.0])])
first = seen(client)
client.close()
client = QdrantClient(path=sys.argv[1])
again = seen(client)
client.close()
print(f"vector and score when written {first}, after opening again {again}")
same = first == ([0.6, 0.8], 0.6) and again == ([3.0, 4.0], 0.6)
print("as described" if same else "changed")
sys.exit(not same)
PY
