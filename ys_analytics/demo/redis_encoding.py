"""How a frame of a key family becomes the keys Redis holds; the other way round is the loaders' work.

Knows the families' patterns and the JSON inside them; reaches no server.
"""

from typing import cast as typed

import polars as pl

from ys_analytics.schemas import TABLES, KeyFamily

# Columns of a frame that are no part of the value.
_EXPIRY = "ttl_ms"


def as_keys(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The keys of one family in the shape `stores.redis.write` takes.

    Args:
        name: The family's name in `schemas.TABLES`.
        frame: As the schema declares it; or, for the secret families, `key` and `value` already.

    Returns:
        `key`, and by kind: string and list `value`; hash `field`, `value`; zset `member`, `score`.
    """
    family = typed("KeyFamily", TABLES[name])
    if family.secret:
        return frame
    rows = frame.sort(family.key).with_columns(_key(family))
    value_columns = [column for column in family.schema if column not in (*family.parts, _EXPIRY)]
    match family.kind:
        case "string":
            return _strings(name, rows, value_columns)
        case "hash":
            *field, value = value_columns
            return rows.select("key", field=pl.concat_str(field, separator=":"), value=pl.col(value).cast(pl.String))
        case "list":
            return rows.select("key", value=value_columns[-1])
        case "zset":
            return rows.select("key", member=value_columns[0], score=value_columns[1])


def _key(family: KeyFamily) -> pl.Expr:
    """The pattern with its parts filled in from the columns of their names."""
    words = family.pattern.replace("{", "}").split("}")
    parts = [pl.col(word).cast(pl.String) if word in family.parts else pl.lit(word) for word in words if word]
    return pl.concat_str(parts).alias("key")


def _strings(name: str, rows: pl.DataFrame, value_columns: list[str]) -> pl.DataFrame:
    """One text a key: the value itself, or the JSON the rulings describe."""
    iso = pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%S%:z") if "timestamp" in value_columns else None
    match name:
        case "redis_price_current":
            fields = [iso if column == "timestamp" else pl.col(column).cast(pl.String) for column in value_columns]
            return rows.select("key", value=pl.struct(fields).struct.json_encode())
        case "redis_price_hist":
            point = pl.format('["{}", "{}"]', iso, pl.col("price").cast(pl.String))
            listed = pl.format("[{}]", point.str.join(", "))
            return rows.group_by("key", maintain_order=True).agg(value=listed)
        case _:
            return rows.select("key", value=pl.col(value_columns[0]).cast(pl.String))
