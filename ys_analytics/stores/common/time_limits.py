"""The range of moments that Polars can show: some 260,000 years around 1970; it holds later ones and panics on them.

Depends on Polars. Does not know a store.
"""

LAST_DAY = 95_026_000
LAST_MILLISECOND = LAST_DAY * 86_400_000
LAST_MICROSECOND = LAST_MILLISECOND * 1_000
