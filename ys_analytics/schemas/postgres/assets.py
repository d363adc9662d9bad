"""The registry of assets.

Depends on the columns of this package; holds no SQL.
"""

from ys_analytics.schemas.postgres.columns import (
    count_column,
    enum_column,
    flag_column,
    id_column,
    json_column,
    text_column,
    time_column,
)
from ys_analytics.schemas.rules import (
    ADDRESS,
    GENESIS,
    JSON,
    TEXT,
    UUID,
    Bounded,
    Formatted,
    OneOf,
    Required,
    Rows,
    Unique,
)
from ys_analytics.schemas.table import Table

# The one place where the keys are listed; `desk.lookthrough` and `desk.rebasing` read them.
_ASSET_METADATA = (
    "What else is known: `underlying`, what it stands for (a symbol, found on its own chain first, or an id; a list of"
    " them for a pool); `pool` (constant_product, weighted, stable, concentrated); `weights` (of a weighted pool, in"
    " the order of `underlying`); `amplification` (of a stable one, as its contract's A() states it); `range` (of a"
    " concentrated position: lowest and highest price of the first asset in the second); `ratio` (underlying per unit,"
    " 1 where left out); `rebasing` (true where the balance grows by itself, false where it does not);"
    " `liquidation_threshold` (the fraction of it that a lender counts as backing), with `liquidation_threshold_source`"
    " and `liquidation_threshold_as_of` (a day, ISO 8601); `peg` (the currency whose price it keeps), `issuer`,"
    " `protocol`, `native_of_chains`."
)

_ASSETS_TEXT = Formatted(TEXT, "warning", "An asset with a blank name or symbol has no label in charts and tables.")

_ASSETS_SINCE = Bounded(
    "warning", "A date before 2009 was written with a wrong clock, so the age of the asset is wrong.", at_least=GENESIS
)

ASSETS = Table(
    name="assets",
    store="postgres",
    key=("id",),
    meaning="Every token a position or a price may name.",
    affects=("id", "asset"),
    rows=Rows(1, "critical", "The assets table is empty, so no holding has a name."),
    unique=Unique("critical", "Every holding of a duplicated asset is counted twice."),
    required=Required(
        "critical",
        "Holdings of an asset without an id, name, symbol or type cannot be labelled or grouped in a report.",
    ),
    columns=(
        id_column(
            "id",
            "The asset.",
            Formatted(
                UUID,
                "critical",
                "Prices in ClickHouse refer to assets by UUID in lower case, so an asset with any other id has no "
                "price.",
            ),
        ),
        text_column("symbol", "Ticker; several contracts of a chain may have the same.", _ASSETS_TEXT, size=50),
        text_column("name", "Full name.", _ASSETS_TEXT, size=255),
        enum_column(
            "asset_type",
            "asset_type_enum",
            "What kind of token.",
            OneOf("critical", "Assets with an unknown type are missing from exposure by type."),
        ),
        text_column(
            "contract_address",
            "Its contract, unique on its chain; none for a native coin.",
            Formatted(
                ADDRESS,
                "warning",
                "Transfers of a token whose contract address is malformed are not matched to the asset.",
            ),
            size=42,
            nullable=True,
        ),
        count_column(
            "chain_id",
            "EVM chain; none for a coin with a chain of its own.",
            Bounded(
                "warning",
                "An asset on chain 0 or below refers to a chain that does not exist. A coin with a chain of its own "
                "has no chain id.",
                at_least=1,
            ),
            nullable=True,
        ),
        count_column(
            "decimals",
            "Decimal places on chain.",
            Bounded(
                "warning",
                "A wrong number of decimals makes amounts wrong by powers of ten. Very few tokens have more than 36.",
                at_least=0,
                at_most=36,
            ),
            unit="digits",
            nullable=True,
        ),
        text_column("coingecko_id", "Its name at CoinGecko.", _ASSETS_TEXT, size=100, nullable=True),
        flag_column(
            "is_active",
            "Whether it may be traded.",
            Required(
                "warning",
                "An asset without an active flag is checked for stale prices even when it is no longer traded.",
            ),
        ),
        json_column(
            "metadata",
            _ASSET_METADATA,
            Formatted(JSON, "warning", "An asset's peg or issuer is ignored when its metadata is not valid JSON."),
            nullable=True,
        ),
        time_column("created_at", "When it was registered.", _ASSETS_SINCE),
        time_column("updated_at", "When it last changed.", _ASSETS_SINCE),
    ),
)
