"""How ids, addresses and hashes are spelt; what suites compare text against."""

from datetime import UTC, datetime

UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
ADDRESS = r"^0x[0-9a-fA-F]{40}$"
TRANSACTION_HASH = r"^0x[0-9a-fA-F]{64}$"
SHA256 = r"^[0-9a-f]{64}$"
VERSION = r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?([.+-][0-9A-Za-z.+-]+)?$"
# A name a program uses: no spaces, no surprises.
LABEL = r"^[A-Za-z0-9][A-Za-z0-9_.:+/-]*$"
# Something to read, not only blanks.
WRITTEN = r"\S"

# The first Bitcoin block: nothing of ours can be older.
GENESIS = datetime(2009, 1, 3, tzinfo=UTC)
