"""How far from 1970 a moment may lie that Polars can name; past some 260,000 years it holds one and panics later.

Knows Polars; knows no store.
"""

LAST_DAY = 95_026_000
LAST_MILLISECOND = LAST_DAY * 86_400_000
LAST_MICROSECOND = LAST_MILLISECOND * 1_000
