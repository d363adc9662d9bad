"""Read vendors' yields of pools and swaps into rows of `yield_metrics` and `dex_trades`.

Depends on `vendor_cells` and the decimals of tokens by chain and contract. Does not know stores.
"""

from datetime import datetime
from decimal import Decimal, localcontext

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.ingest import times
from ys_analytics.ingest.assets import NATIVE, Assets, chain_number
from ys_analytics.ingest.parsed import where_true
from ys_analytics.ingest.prices import ImportOptions
from ys_analytics.ingest.problems import Problems
from ys_analytics.ingest.raw_tables import RawTable
from ys_analytics.ingest.vendor_cells import Cells
from ys_analytics.schemas import MONEY, TABLES, TIME

_RATE = pl.Decimal(18, 8)
_HASH = r"^0x[0-9a-f]{64}$"
_ADDRESS = r"^0x[0-9a-f]{40}$"
_IL_RISK = {"no": "0", "yes": "1"}
_DIGITS = 100


def pool_id(table: RawTable) -> str:
    """The pool whose history a file is, by its name; empty for a list of pools."""
    return "" if "pool" in table.columns else table.in_file_name.get("pool", "")


def yields(
    table: RawTable, options: ImportOptions, problems: Problems, *, listed: tuple[str, int] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `yield_metrics`, and the place of each in its file.

    APY in percent becomes a fraction. A reward or fee that is not stated is none (0), as the vendor means it; the
    vendor's word on impermanent loss, yes or no, becomes 1 or 0.

    Args:
        table: A list of pools, or the history of one.
        options: What the user states.
        problems: What is wrong is noted here.
        listed: Protocol and chain of the pool whose history it is, as a list of pools states them.

    Raises:
        UsageError: the file states no time and the user neither; or it is a history, and its pool is in no list.
    """
    cells = Cells(table, problems)
    times = _times(cells, options)
    protocol, pool, chain = _pools_of_rows(cells, options, listed)
    risk = cells.text("il_risk")
    known = risk.str.to_lowercase().replace_strict(_IL_RISK, default=None, return_dtype=pl.String)
    cells.note("il_risk", risk.is_not_null() & known.is_null(), "is neither yes nor no")
    if cells.has_column("il_risk"):
        problems.remark("impermanent_loss_risk: `yes` read as 1, `no` as 0")
    else:
        problems.remark("impermanent_loss_risk is not in the file: 0 stands for unknown")
    rows = pl.DataFrame(
        {
            "timestamp": times,
            "protocol_name": protocol,
            "pool_address": pool,
            "chain_id": chain,
            "apy": cells.decimals("apy", exact=False, dtype=_RATE),
            "tvl": cells.decimals("tvl", exact=False),
            "rewards_apr": _none_is_zero(cells, "apy_reward", problems),
            "trading_fees_apr": _none_is_zero(cells, "apy_base", problems),
            "impermanent_loss_risk": known.fill_null("0").cast(_RATE),
        }
    )
    cells.note("tvl", rows["tvl"] < 0, "is a negative TVL")
    problems.remark("apy, apyBase and apyReward read as percent")
    return rows.select(list(TABLES["yield_metrics"].schema)), table.origin


def _pools_of_rows(
    cells: Cells, options: ImportOptions, listed: tuple[str, int] | None
) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Protocol, pool and chain of every row."""
    if cells.has_column("pool"):
        return _required_text(cells, "protocol"), _required_text(cells, "pool"), _chains(cells, options)
    pool = pool_id(cells.table)
    if not pool:
        raise UsageError(
            f"{cells.table.file}: its name does not hold the pool's id; call it POOL.json, as its address does"
        )
    if listed is None:
        raise UsageError(
            f"{cells.table.file}: which protocol and chain is the pool {pool} of? import the list of pools too "
            "(yields.llama.fi/pools)"
        )
    cells.problems.remark(f"{cells.table.file} is the history of a pool of {listed[0]}, as the list of pools states")
    texts = [pl.Series([text], dtype=pl.String).new_from_index(0, cells.height) for text in (listed[0], pool)]
    return texts[0], texts[1], pl.Series([listed[1]], dtype=pl.UInt32).new_from_index(0, cells.height)


def _times(cells: Cells, options: ImportOptions) -> pl.Series:
    if cells.has_column("time"):
        return cells.times()
    if not options.at:
        raise UsageError(
            f"{cells.table.file}: its rows have no time; say of which moment they are with --at 2026-11-22T00:00:00Z"
        )
    parsed = times.moments(pl.Series([options.at]), naive_is_utc=False, milliseconds=True, exact=True)
    moment = parsed.values.item()
    if not isinstance(moment, datetime):
        raise UsageError(f"--at {options.at}: write UTC, like 2026-11-22T00:00:00Z")
    return pl.Series([moment], dtype=TIME).new_from_index(0, cells.height)


def _required_text(cells: Cells, field: str) -> pl.Series:
    texts = cells.text(field)
    cells.note(field, texts.is_null(), "is empty", quoted=False)
    return texts


def _none_is_zero(cells: Cells, field: str, problems: Problems) -> pl.Series:
    rates = cells.decimals(field, exact=False, needed=False, dtype=_RATE)
    column = cells.table.columns[field]
    if empty := int(cells.text(field).is_null().sum()):
        problems.remark(f"of {column} not stated: taken as none", empty)
    return rates.fill_null(Decimal(0))


def _chains(cells: Cells, options: ImportOptions) -> pl.Series:
    if options.chain:
        number = chain_number(options.chain)
        if number is None:
            raise UsageError(f"--chain {options.chain}: is no chain; write its number")
        return pl.Series([number], dtype=pl.UInt32).new_from_index(0, cells.height)
    if not cells.has_column("chain"):
        raise UsageError(f"{cells.table.file}: does not say on which chain its rows are; add --chain ethereum")
    names = cells.text("chain")
    numbers = {name: chain_number(name) for name in names.drop_nulls().unique().to_list()}
    chains = names.replace_strict(numbers, default=None, return_dtype=pl.Int64).cast(pl.UInt32)
    cells.note("chain", names.is_not_null() & chains.is_null(), "is no chain that is known; write its number")
    cells.note("chain", names.is_null(), "is empty", quoted=False)
    return chains


def swaps(
    table: RawTable, assets: Assets, options: ImportOptions, problems: Problems
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `dex_trades`, and the place of each in its file.

    Raw amounts are divided by ten to the token's decimals, which the registry states by chain and contract; a token
    without is named with its rows.
    """
    cells = Cells(table, problems)
    chain = _chains(cells, options)
    hashes = cells.text("hash").str.to_lowercase()
    cells.note("hash", ~hashes.str.contains(_HASH).fill_null(value=False), "is no transaction hash")
    pool = _address(cells, "pool")
    token0, token1, amount0, amount1 = (_trader_amounts if cells.has_column("bought") else _subgraph_amounts)(
        cells, assets, chain
    )
    float0, float1 = amount0.cast(pl.Float64), amount1.cast(pl.Float64)
    same_sign = ((float0 > 0) == (float1 > 0)) & (float0 != 0) & (float1 != 0)
    cells.note(
        "amount1" if cells.has_column("amount1") else "sold",
        same_sign,
        "has the sign of the other amount: a swap has two",
    )
    price = _ratio(amount0, amount1)
    cells.note(
        "amount0" if cells.has_column("amount0") else "bought", amount0 == 0, "is a swap of nothing", quoted=False
    )
    rows = pl.DataFrame(
        {
            "timestamp": cells.times(),
            "chain_id": chain,
            "dex_name": cells.text("dex").fill_null(str(table.layout.options.get("dex", ""))),
            "pair_address": pool,
            "token0_address": token0,
            "token1_address": token1,
            "amount0": amount0,
            "amount1": amount1,
            "price": price,
            "transaction_hash": hashes,
            "block_number": _blocks(cells),
        }
    )
    return rows.select(list(TABLES["dex_trades"].schema)), table.origin


def _blocks(cells: Cells) -> pl.Series:
    found = cells.decimals("block", exact=True, dtype=pl.Decimal(20, 0))
    return found.cast(pl.UInt64)


def _address(cells: Cells, field: str) -> pl.Series:
    found = cells.text(field).str.to_lowercase()
    cells.note(field, ~found.str.contains(_ADDRESS).fill_null(value=False), "is no address")
    return found


def _subgraph_amounts(
    cells: Cells, assets: Assets, chain: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """Tokens and amounts of the pool, as a subgraph states them."""
    del assets, chain
    amounts = [cells.decimals(name, exact=True) for name in ("amount0", "amount1")]
    return _address(cells, "token0"), _address(cells, "token1"), amounts[0], amounts[1]


def _trader_amounts(
    cells: Cells, assets: Assets, chain: pl.Series
) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """Tokens and amounts of the pool, from what its trader bought and sold in raw units."""
    bought, sold = _address(cells, "bought_address"), _address(cells, "sold_address")
    bought_amount, sold_amount = (
        raw_amounts(cells, field, tokens, chain, assets) for field, tokens in (("bought", bought), ("sold", sold))
    )
    is_reversed = (bought > sold).fill_null(value=False)
    token0, token1 = sold.zip_with(is_reversed, bought), bought.zip_with(is_reversed, sold)
    # What the trader bought left the pool.
    bought_side, sold_side = -bought_amount, sold_amount
    return token0, token1, sold_side.zip_with(is_reversed, bought_side), bought_side.zip_with(is_reversed, sold_side)


def raw_amounts(cells: Cells, field: str, tokens: pl.Series, chain: pl.Series, assets: Assets) -> pl.Series:
    """Exact amounts from raw token units: divided by ten to the power of each token's decimals.

    Args:
        cells: The file.
        field: The field of whole numbers, up to 2^256.
        tokens: The contract of each row.
        chain: Its chain.
        assets: The registry, which states decimals by chain and contract.
    """
    raw = cells.text(field)
    is_whole = raw.str.contains(r"^[0-9]{1,78}(\.0*)?$").fill_null(value=False)
    cells.note(field, ~is_whole, "is no whole number of units")
    keys = list(zip(chain.to_list(), tokens.to_list(), strict=True))
    decimals: dict[tuple[int | None, str | None], int | None] = {}
    for token in set(keys):
        number, contract = token
        found = assets.by_contract(number, contract) if number is not None and contract else None
        native = contract in NATIVE
        decimals[token] = found.decimals if found else 18 if native else None
    no_decimals = pl.Series([decimals[key] is None for key in keys], dtype=pl.Boolean) & tokens.is_not_null()
    cells.note(field, no_decimals, "is in units of a token whose decimals are not registered", quoted=False)
    values = [
        _in_whole_tokens(text.split(".")[0], decimals[key]) if valid and text is not None else None
        for text, key, valid in zip(raw.to_list(), keys, is_whole.to_list(), strict=True)
    ]
    result = pl.Series(field, values, dtype=MONEY)
    cells.note(field, is_whole & ~no_decimals & result.is_null(), "has more digits than an amount holds")
    return result


def _in_whole_tokens(digits: str, decimals: int | None) -> Decimal | None:
    if decimals is None:
        return None
    with localcontext(prec=_DIGITS):
        amount = Decimal(digits).scaleb(-decimals)
        fits = amount < Decimal(10) ** 20 and amount == amount.quantize(Decimal(1).scaleb(-18))
        return amount if fits else None


def _ratio(amount0: pl.Series, amount1: pl.Series) -> pl.Series:
    """token1 paid for one token0, to 18 decimals."""
    with localcontext(prec=_DIGITS):
        step = Decimal(1).scaleb(-18)
        ratios = [
            None if not divisor or other is None else abs(other / divisor).quantize(step)
            for divisor, other in zip(amount0.to_list(), amount1.to_list(), strict=True)
        ]
    fits = pl.Series([ratio is not None and ratio < Decimal(10) ** 20 for ratio in ratios], dtype=pl.Boolean)
    return where_true(
        pl.Series([divisor if is_valid else None for divisor, is_valid in zip(ratios, fits, strict=True)], dtype=MONEY),
        fits,
    )
