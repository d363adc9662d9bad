"""Who made the change in value, by hand: a swap is no gain of one coin and loss of the other; nothing is left over."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ys_analytics.desk import Desk, benchmark, sheets
from ys_analytics.errors import UsageError
from ys_analytics.schemas import TABLES, TIME
from ys_analytics.settings import Settings

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
MINE, OTHER, OWNER = (str(UUID(int=number)) for number in (1, 2, 3))
ETH, USDC, RECEIPT, BTC = (str(UUID(int=number)) for number in (11, 12, 13, 14))
STRATEGY = str(UUID(int=21))
HOUR = timedelta(hours=1)


class Source:
    """Frames by hand."""

    label, week, as_of, folder = "by hand", "2026-W47", None, None

    def __init__(self, tables: dict[str, list[dict[str, object]]]) -> None:
        """Rows by table; a column left out is null."""
        self.frames = {
            name: pl.DataFrame([[row.get(column) for column in TABLES[name].schema] for row in rows],
                               schema=TABLES[name].schema, orient="row")
            for name, rows in tables.items()
        }  # fmt: skip

    def rows(self, name, *, portfolio=None, where=None):
        """The frame, filtered."""
        found = self.frames.get(name, pl.DataFrame(schema=TABLES[name].schema))
        whose = TABLES[name].portfolio
        if portfolio is not None and whose is not None:
            found = found.filter(pl.col(whose) == portfolio)
        return found if where is None else found.filter(where)

    def read(self):
        """Nothing of interest."""
        schema = {"store": pl.String, "frame": pl.String, "rows": pl.Int64, "latest": TIME, "as_of": TIME}
        return pl.DataFrame(schema=schema)

    def versions(self):
        """None."""
        return []


def quote(asset, at, price):
    return {"asset_id": asset, "timestamp": at, "price": Decimal(price), "source": "hand"}


def transaction(number, at, kind, **more):
    return {"id": str(UUID(int=100 + number)), "portfolio_id": MINE, "chain_id": 1, "block_number": number,
            "transaction_type": kind, "status": "confirmed", "timestamp": at,
            "transaction_hash": f"0x{number:064x}", **more}  # fmt: skip


def economy():
    """Ten thousand USDC: half buys ETH, a hundredth is lost on the way; ETH rises a tenth; a strategy lends two."""
    before = MONDAY - timedelta(days=1)
    days = [MONDAY - timedelta(days=2) + timedelta(days=day) for day in range(9)]
    quotes = []
    for day in days:
        price = "1000" if day <= MONDAY else "1100"
        quotes += [quote(ETH, day, price), quote(RECEIPT, day, price), quote(USDC, day, "1")]
    spot = '{"to_position": "spot", "from_position": "spot"}'
    lent = '{"from_position": "spot", "to_position": "lending"}'
    deeds = [
        transaction(1, before, "deposit", to_asset_id=USDC, to_amount=Decimal(10_000), metadata=spot),
        transaction(2, MONDAY + HOUR, "swap", from_asset_id=USDC, from_amount=Decimal(5_000), to_asset_id=ETH,
             to_amount=Decimal("4.95"), protocol_name="dex", metadata=spot),
        transaction(3, MONDAY + 50 * HOUR, "deposit", from_asset_id=ETH, from_amount=Decimal(2), to_asset_id=RECEIPT,
             to_amount=Decimal(2), protocol_name="lender", metadata=lent, strategy_id=STRATEGY),
        transaction(4, MONDAY + 70 * HOUR, "claim", to_asset_id=RECEIPT, to_amount=Decimal("0.02"),
             protocol_name="lender", metadata='{"to_position": "lending"}', strategy_id=STRATEGY),
    ]  # fmt: skip
    end = MONDAY + timedelta(days=7) - timedelta(seconds=1)
    worth = [(before + 23 * HOUR, "10000"), (end, "10467")]  # 5,000 + 2.95 x 1,100 + 2.02 x 1,100
    return Source(
        {
            "portfolios": [
                {
                    "id": MINE,
                    "user_id": OWNER,
                    "name": "By hand",
                    "target_allocation": '{"ETH": 0.5, "USDC": 0.5}',
                    "risk_profile": "moderate",
                    "created_at": before,
                    "max_drawdown": Decimal("0.1"),
                    "is_active": True,
                },
                {
                    "id": OTHER,
                    "user_id": OWNER,
                    "name": "Other",
                    "target_allocation": "{}",
                    "risk_profile": "moderate",
                    "created_at": before,
                    "is_active": True,
                },
            ],
            "assets": [
                {"id": ETH, "symbol": "ETH", "asset_type": "crypto", "metadata": '{"native_of_chains": [1]}'},
                {"id": USDC, "symbol": "USDC", "asset_type": "crypto", "chain_id": 1, "metadata": '{"peg": "USD"}'},
                {"id": BTC, "symbol": "BTC", "asset_type": "crypto", "metadata": "{}"},
                {
                    "id": RECEIPT,
                    "symbol": "aETH",
                    "asset_type": "yield_token",
                    "chain_id": 1,
                    "metadata": '{"underlying": "ETH", "protocol": "lender"}',
                },
            ],
            "market_data": quotes,
            "transactions": deeds,
            "portfolio_snapshots": [
                {"portfolio_id": MINE, "timestamp": at, "total_value": Decimal(value)} for at, value in worth
            ],
            "trading_strategies": [
                {"id": STRATEGY, "portfolio_id": MINE, "satellite_id": "fuel", "strategy_type": "lending"}
            ],
            "satellite_agents": [{"id": "fuel", "name": "Fuel"}],
        }
    )


@pytest.fixture(scope="module")
def desk():
    """The week of the portfolio by hand."""
    return Desk(source=economy(), portfolio_id=MINE, week="2026-W47", settings=Settings(_env_file=None))


def gains(frame):
    """Gain by name, as numbers to read."""
    return {row["name"]: float(row["gain"]) for row in frame.iter_rows(named=True)}


def test_a_swap_is_no_gain_of_one_and_loss_of_the_other(desk):
    """5,000 USDC for ETH worth 4,950: fifty are the trade's cost, and ETH gains what its price gains from then on."""
    found = desk.attribution("asset")
    eth = found.row(by_predicate=pl.col("name") == "ETH", named=True)
    assert (eth["trading"], eth["market"]) == (Decimal(-50), Decimal(495))  # 4.95 x 100 until two were lent at 1,100
    assert gains(found) == {
        "ETH": 445.0, "aETH": 22.0, "External flows": 0.0, "Residual": 0.0, "Change in value": 467.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("kind", {"spot": 445.0, "lending": 22.0}),
        ("protocol", {"wallet": 495.0, "dex": -50.0, "lender": 22.0}),
        ("chain", {"Ethereum": 467.0}),
        ("strategy", {"no strategy (owner)": 445.0, "lending": 22.0}),
        ("satellite", {"no strategy (owner)": 445.0, "Fuel": 22.0}),
    ],
)
def test_each_label_gains_what_it_held_and_did(desk, by, expected):
    """By hand; every sum is the bridge's change."""
    found = desk.attribution(by)
    assert {row["name"]: float(row["gain"]) for row in found.filter(row="part").iter_rows(named=True)} == expected
    assert found.filter(row="change")["gain"].item() == Decimal(467)


def test_since_inception_what_came_in_is_a_flow(desk):
    """From nothing to 10,467: 10,000 flowed in, and the gains are those of the week."""
    found = desk.attribution("asset", since="inception")
    assert gains(found)["External flows"] == 10_000
    assert gains(found)["Change in value"] == 10_467


def test_parts_add_up_to_the_last_decimal(desk):
    """Each row's parts are its gain; all rows are the change; the contribution is over 10,000, for nothing flowed."""
    from ys_analytics.desk.attribution import PARTS

    for by in ("asset", "kind", "protocol", "chain", "strategy", "satellite"):
        found = desk.attribution(by)
        for row in found.filter(row="part").iter_rows(named=True):
            assert sum(row[part] for part in PARTS) == row["gain"]
            assert row["contribution"] == pytest.approx(float(row["gain"]) / 10_000, rel=1e-12)
        assert sum(found.filter(pl.col("row") != "change")["gain"]) == found.filter(row="change")["gain"].item()


def test_an_unknown_label_offers_the_known_ones(desk):
    """One line."""
    with pytest.raises(UsageError, match="attribution: by 'colour'; choose one of asset, kind"):
        desk.attribution("colour")


def test_the_week_is_split_by_reason(desk):
    """Market, trade, yield; without an earlier run nothing is said of restated data, and the reason is given."""
    rows = {row["term"]: row for row in desk.change_of_value().iter_rows(named=True)}
    assert [float(rows[name]["amount"]) for name in ("before", "market", "trades", "yield", "after")] == [
        10_000, 495, -50, 22, 10_467,
    ]  # fmt: skip
    assert rows["restated"]["amount"] is None
    assert rows["restated"]["reason"] == "there is no run of the week before to compare with"


def test_drift_is_weight_less_target(desk):
    """ETH 2.95 x 1,100 of 10,467 against a half; what is wanted of no asset must go."""
    rows = {row["symbol"]: row for row in desk.drift().iter_rows(named=True)}
    assert rows["ETH"]["weight"] == pytest.approx(3_245 / 10_467)
    assert rows["ETH"]["drift"] == pytest.approx(3_245 / 10_467 - 0.5)
    assert rows["ETH"]["trade"] == pytest.approx(10_467 / 2 - 3_245)
    assert rows["aETH"]["trade"] == pytest.approx(-2_222)


def test_a_shock_moves_what_stands_behind(desk):
    """ETH less 40 %: the coin and its receipt lose it, USDC does not."""
    net = desk.shock({"eth": -0.4}).filter(row="net").row(0, named=True)
    assert net["before"] == pytest.approx(10_467)
    assert net["after"] == pytest.approx(5_000 + 0.6 * 5_467)
    assert desk.shock({"market": -0.4}).filter(row="net")["after"].item() == pytest.approx(net["after"])
    assert desk.shock({"eth": -0.4, "BTC": -0.9}).equals(desk.shock({"eth": -0.4}))  # registered, and not held
    with pytest.raises(UsageError, match="asset behind what is held is called 'aETH'; did you mean ETH"):
        desk.shock({"aETH": -0.4})
    with pytest.raises(UsageError, match="asset behind what is held is called 'EHT'; did you mean"):
        desk.shock({"EHT": -0.4})
    with pytest.raises(UsageError, match="a move is a fraction from -1"):
        desk.shock({"ETH": -40})


def test_scenarios_come_from_a_file(desk, tmp_path):
    """A table each; a coin that is not held moves nothing; what is no table of moves is refused by name."""
    path = tmp_path / "mine.toml"
    path.write_text('[crash]\nETH = -0.5\nSOL = -0.9\n\n["all well"]\nETH = 0.1\n')
    found = desk.scenarios(path)
    assert found["scenario"].to_list() == ["crash", "all well"]
    assert found["change"].to_list() == pytest.approx([-0.5 * 5_467, 0.1 * 5_467])
    path.write_text('crash = "ETH"\n')
    with pytest.raises(UsageError, match="scenario 'crash' is no table of moves"):
        desk.scenarios(path)


def test_a_benchmark_is_an_asset_a_mix_or_a_frame(desk):
    """Over the days between the two snapshots ETH made a tenth, half and half a twentieth."""
    assert desk.benchmark("ETH")["benchmark"][0] == pytest.approx(0.1)
    assert desk.benchmark("target")["benchmark"][0] == pytest.approx(0.05)
    assert desk.benchmark("equal_weight")["benchmark"][0] == pytest.approx(0.05)
    own = pl.DataFrame({"day": [date(2026, 11, 15), date(2026, 11, 22)], "level": [2.0, 3.0]})
    assert desk.benchmark(own)["benchmark"][0] == 0.5
    with pytest.raises(UsageError, match="no asset or portfolio is called 'ETHER'; did you mean"):
        desk.benchmark("ETHER")
    with pytest.raises(UsageError, match="a frame needs day and ret"):
        desk.benchmark(pl.DataFrame({"day": [date(2026, 11, 15)]}))


def test_a_benchmark_without_a_price_on_a_day_has_none_there():
    """A gap of one member is no move of the mix: the level is open that day."""
    days = [date(2026, 1, day) for day in (1, 2, 3)]
    closes = pl.DataFrame({"asset_id": ["a", "a", "a", "b", "b"], "day": [*days, days[0], days[2]],
                           "price": [1.0, 2.0, 2.0, 1.0, 3.0]})  # fmt: skip
    mix = benchmark.of_weights("mix", "", {"a": 1.0, "b": 1.0}, closes)
    assert mix.levels["level"].to_list() == [1.0, None, pytest.approx(1.5 * (1 + 0.5 * 2.0))]


def test_limits_say_where_they_stand_and_what_the_platform_said(desk):
    """It rose all week: within its tenth."""
    row = desk.limits().row(0, named=True)
    assert (row["limit"], row["now"], row["state"], row["alert"]) == (0.1, 0.0, "within", "none needed")


def test_a_desk_shows_itself(desk):
    """Who, week, value."""
    facts = dict(desk.card().rows())
    assert facts["Net value"] == "10,467.00 USD, 2026-11-22"
    assert facts["Return of the week"] == "+4.67%"
    assert repr(desk) == "Desk('By hand', week='2026-W47', by hand)"
    assert "10,467.00 USD" in desk._repr_html_()


def test_lots_go_to_a_spreadsheet_and_come_back(desk, tmp_path):
    """The rows of the frame, in full in CSV; a sheet for each kind; another suffix is refused."""
    books = desk.lots()
    path = desk.export_lots(tmp_path / "tax" / "lots.csv")
    back = pl.read_csv(path, schema_overrides={"quantity": pl.Decimal(38, 18)})
    assert back["quantity"].to_list() == books["quantity"].to_list()
    assert (tmp_path / "tax" / "lots-totals.csv").is_file()
    book = desk.export_lots(tmp_path / "lots.xlsx", year=2026)
    assert book.read_bytes()[:2] == b"PK"
    assert [one.name for one in tmp_path.glob("*.part")] == []
    with pytest.raises(UsageError, match=r"lots\.ods: lots are written as \.xlsx or \.csv"):
        desk.export_lots(tmp_path / "lots.ods")


def test_a_name_that_begins_like_a_formula_stays_text(tmp_path):
    """A spreadsheet must not compute what a token is called."""
    from zipfile import ZipFile

    path = sheets.write(
        Path(tmp_path) / "odd.xlsx", {"lots": pl.DataFrame({"symbol": ["=1+1"], "day": [date(2026, 1, 1)]})}
    )
    with ZipFile(path) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        texts = parts.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "=1+1" in texts


def test_a_desk_of_frames_gives_the_same_twice(desk):
    """Verbs keep what they computed and give it unchanged."""
    assert_frame_equal(desk.attribution("protocol"), desk.attribution("protocol"))
