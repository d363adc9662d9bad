"""Rows of each exchange's and tracker's file become the legs, fees and gas that were written by hand next to them."""

# ruff: noqa: E501 - lines as vendors write them

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ys_analytics.errors import ContractError
from ys_analytics.ingest import detecting, raw_tables, settling, transactions, transfers
from ys_analytics.ingest.answers import Answers
from ys_analytics.ingest.assets import Asset, Assets
from ys_analytics.ingest.chain_files import ChainFiles, is_bridge
from ys_analytics.ingest.ledger_files import LedgerFile
from ys_analytics.ingest.problems import Problems

USDC = "0x" + "c1" * 20
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
ME, OTHER, ROUTER, SPAM = ("0x" + one * 20 for one in ("a1", "b2", "c3", "66"))
HASH = "0x" + "ab" * 32

# type, given, received, protocol, what metadata states.
Leg = tuple[str, str | None, str | None]


def coin(symbol: str, chain: int | None = None, contract: str | None = None) -> Asset:
    return Asset(id=symbol, symbol=symbol, chain=chain, contract=contract, decimals=18, vendor=None, name=symbol)


class Read:
    """Files through everything before a store is asked."""

    def __init__(self, folder: Path, answers: dict[str, str] | None = None) -> None:
        """With a registry of seven assets and the answers to some questions."""
        known = [
            coin("BTC"),
            coin("ETH"),
            coin("EUR"),
            coin("USD"),
            coin("USDC", 1, USDC),
            coin("WETH", 1, WETH),
            coin("MATIC"),
        ]
        self.assets = Assets(known)
        self.problems = Problems(table="transactions", grouped=True)
        self.answers = Answers(folder / "answers.toml")
        self.replies = {"is yours": ME, **(answers or {})}
        self.folder = folder
        self.tables: list[raw_tables.RawTable] = []

    def add(self, name: str, text: str) -> "Read":
        """Write and detect one more file."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        self.tables += [detecting.detect(file)[0] for file in raw_tables.open_file(path)]
        return self

    def rows(self, *, chain: str = "ethereum", register: bool = False) -> list[tuple[str, str, str, str]]:
        """Type, given and received, fees and gas of every row."""
        return [said(row) for row in self.frame(chain=chain, register=register).iter_rows(named=True)]

    def frame(self, *, chain: str = "ethereum", register: bool = False) -> pl.DataFrame:
        """The rows of `transactions` that the files become."""
        for _ in range(2):
            entries, self.stated = [], []
            for table in self.tables:
                if table.layout.kind == "ledger":
                    file = LedgerFile(table, self.assets, self.problems, self.answers, register=register)
                    entries += file.entries()
                    self.stated += file.stated_balances
            chains = ChainFiles(self.assets, self.problems, self.answers, chain=chain, register=register)
            entries += chains.entries([one for one in self.tables if one.layout.kind == "chain"])
            entries.sort(key=lambda one: one.time)
            entries = transfers.match(
                entries, self.problems, self.answers, own_addresses=lambda _: False, is_bridge=is_bridge
            )
            entries = settling.with_cash(settling.with_deposits(entries, self.answers), self.problems, self.answers)
            matching = [one for one in self.answers.open_questions if any(said in one.about for said in self.replies)]
            if not matching:
                break
            for one in matching:
                one.answer = next(reply for said, reply in self.replies.items() if said in one.about)
        frame, _ = transactions.rows(entries, portfolio="p")
        self.problems.raise_if_any(order=[one.file for one in self.tables])
        return frame


def said(row: dict) -> tuple[str, str, str, str]:
    """A row in short: kind, what was given and received, and what it cost beyond."""
    note = json.loads(row["metadata"])
    legs = [
        f"{sign}{row[f'{side}_amount'].normalize():f} {row[f'{side}_asset_id']}"
        for side, sign in (("from", "-"), ("to", "+"))
        if row[f"{side}_asset_id"] and row[f"{side}_amount"]
    ]
    gas = " ".join(f"{name} {note[name]}" for name in ("network_fee", "l1_fee") if name in note)
    return (
        row["transaction_type"],
        " ".join(legs),
        note["action"],
        gas if row["status"] == "confirmed" else f"failed {gas}",
    )


COINBASE_2024 = """
Transactions
User,Jane Example,00000000-0000-4000-8000-00000000c0de
ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes
1,2024-03-04 09:15:02 UTC,Buy,ETH,0.25,EUR,€3211.40,€802.85,€815.34,€12.49,Bought
2,2024-03-19 17:40:11 UTC,Send,ETH,-0.1,EUR,€2961.07,-€296.11,-€296.11,€0.00,Sent
3,2024-03-31 00:30:00 UTC,Staking Income,ETH,0.000041270311,EUR,€3260.12,€0.13,€0.13,€0.00,
4,2024-04-02 11:00:00 UTC,Convert,USDC,-100,EUR,€0.93,-€93.00,-€92.08,€0.92,Converted 100 USDC to 0.0301 ETH
5,2024-04-03 07:12:44 UTC,Advanced Trade Sell,ETH,-0.05,EUR,"€3,050.10",€152.51,€151.59,€0.92,Sold
"""
COINBASE_2021 = """You can use this transaction report to inform your likely tax obligations.

Transactions
User,jane@example.com,5f0000000000000000000000
Timestamp,Transaction Type,Asset,Quantity Transacted,Spot Price Currency,Spot Price at Transaction,Subtotal,Total (inclusive of fees),Fees,Notes
2021-03-04T09:15:02Z,Buy,ETH,0.25,EUR,1290.1,322.53,325.5,2.97,Bought 0.25 ETH
2021-04-04T09:15:02Z,Send,ETH,0.1,EUR,1700,,,,Sent 0.1 ETH
2021-05-04T09:15:02Z,Sell,ETH,0.1,EUR,2800,280,276.01,3.99,Sold
"""
KRAKEN_OLD = """"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"
"","D1","2021-01-05 10:00:00","deposit","","currency","ZEUR","1000.0000","0.0000",""
"L1","D1","2021-01-05 10:00:01","deposit","","currency","ZEUR","1000.0000","0.0000","1000.0000"
"L2","T1","2021-01-06 10:00:00","trade","","currency","ZEUR","-500.0000","0.8000","499.2000"
"L3","T1","2021-01-06 10:00:00","trade","","currency","XXBT","0.0200000000","0.0000100000","0.0199900000"
"L4","W1","2021-02-06 10:00:00","withdrawal","","currency","XXBT","-0.0100000000","0.0005000000","0.0094900000"
"L5","S1","2021-03-06 10:00:00","transfer","spottostaking","currency","XXBT","-0.0010000000","0.0000000000","0.0084900000"
"""
CASES = [
    pytest.param(
        "coinbase.csv",
        COINBASE_2024,
        [
            ("deposit", "+815.34 EUR", "deposit", ""),
            ("swap", "-815.34 EUR +0.25 ETH", "trade", ""),
            ("withdraw", "-0.1 ETH", "withdraw", ""),
            ("claim", "+0.000041270311 ETH", "income", ""),
            ("swap", "-100 USDC +0.0301 ETH", "trade", ""),
            ("swap", "-0.05 ETH +151.59 EUR", "trade", ""),
        ],
        id="Coinbase 2024, signed",
    ),
    pytest.param(
        "coinbase.csv",
        COINBASE_2021,
        [
            ("deposit", "+325.5 EUR", "deposit", ""),
            ("swap", "-325.5 EUR +0.25 ETH", "trade", ""),
            ("withdraw", "-0.1 ETH", "withdraw", ""),
            ("swap", "-0.1 ETH +276.01 EUR", "trade", ""),
        ],
        id="Coinbase 2021, unsigned",
    ),
    pytest.param(
        "ledgers.csv",
        KRAKEN_OLD,
        [
            ("deposit", "+1000 EUR", "deposit", ""),
            ("swap", "-500.8 EUR +0.01999 BTC", "trade", ""),
            ("withdraw", "-0.01 BTC", "withdraw", ""),
            ("swap", "-0.0005 BTC", "fee", ""),
        ],
        id="Kraken, two fees of a trade",
    ),
    pytest.param(
        "koinly.csv",
        "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,"
        "Net Worth Currency,Label,Description,TxHash\n"
        "2024-01-01 10:00:00 UTC,,,1,BTC,,,,,,,\n"
        "2024-01-02 10:00:00 UTC,0.5,BTC,7,ETH,0.01,ETH,,,,,\n"
        "2024-01-03 10:00 UTC,,,0.1,ETH,,,,,staking,,\n"
        "2024-01-04 10:00:00 UTC,1,ETH,,,0.002,ETH,,,,,\n"
        "2024-01-05 10:00:00 UTC,0.01,ETH,,,,,,,cost,,\n".replace("10:00 UTC", "10:00:00 UTC"),
        [
            ("deposit", "+1 BTC", "deposit", ""),
            ("swap", "-0.5 BTC +6.99 ETH", "trade", ""),
            ("claim", "+0.1 ETH", "income", ""),
            ("withdraw", "-1 ETH", "withdraw", ""),
            ("swap", "-0.002 ETH", "fee", ""),
            ("swap", "-0.01 ETH", "fee", ""),
        ],
        id="Koinly",
    ),
    pytest.param(
        "cointracker.csv",
        "Date,Received Quantity,Received Currency,Sent Quantity,Sent Currency,Fee Amount,Fee Currency,Tag\n"
        "02/01/2024 10:00:00,1,BTC,,,,,\n"
        "02/13/2024 10:00:00,7,ETH,0.5,BTC,0.001,BTC,\n"
        "02/14/2024 10:00:00,0.1,ETH,,,,,staked\n",
        [
            ("deposit", "+1 BTC", "deposit", ""),
            ("swap", "-0.501 BTC +7 ETH", "trade", ""),
            ("claim", "+0.1 ETH", "income", ""),
        ],
        id="CoinTracker, month before day",
    ),
    pytest.param(
        "rotki.csv",
        "identifier,event_identifier,sequence_index,timestamp,location,location_label,event_type,event_subtype,asset,amount,"
        "notes,counterparty,tx_hash\n"
        f"1,10x{HASH},0,1704103200000,ethereum,x,spend,fee,ETH,0.003,Burned,gas,{HASH}\n"
        f"2,10x{HASH},1,1704103200000,ethereum,x,trade,spend,eip155:1/erc20:{USDC},1500,Swap,uniswap-v3,{HASH}\n"
        f"3,10x{HASH},2,1704103200000,ethereum,x,trade,receive,ETH,0.5,Swap,uniswap-v3,{HASH}\n"
        "4,k1,0,1704189600000,kraken,x,deposit,deposit asset,ETH,2,Deposit,,\n"
        "5,k2,0,1704276000000,kraken,x,staking,reward,ETH,0.01,Reward,,\n",
        [
            ("swap", "-1500 USDC +0.5 ETH", "trade", "network_fee 0.003000000000000000"),
            ("deposit", "+2 ETH", "deposit", ""),
            ("claim", "+0.01 ETH", "income", ""),
        ],
        id="rotki",
    ),
    pytest.param(
        "zerion.csv",
        "Date,Time,Transaction Type,Status,Chain,Buy Amount,Buy Currency,Buy Currency Address,Buy Fiat Amount,"
        "Buy Fiat Currency,Sell Amount,Sell Currency,Sell Currency Address,Sell Fiat Amount,Sell Fiat Currency,Fee Amount,"
        "Fee Currency,Fee Fiat Amount,Fee Fiat Currency,Tx Hash,Link,Timestamp,Incoming Transfers JSON,Outgoing Transfers JSON\n"
        f"1,1,trade,Confirmed,ethereum,0.5,ETH,,1,USD,1500,USDC,{USDC},1,USD,0.003,ETH,9,USD,{HASH},x,1704103200,,\n"
        f"1,1,approve,Confirmed,ethereum,,,,,,,,,,,0.001,ETH,9,USD,{HASH[:-1]}0,x,1704103300,,\n"
        f'1,1,trade,Confirmed,ethereum,"0.1\n200","ETH\nUSDC","\n{USDC}",,,0.2,WETH,{WETH},,,0.002,ETH,9,USD,{HASH[:-1]}1,x,1704103400,,\n'
        f"1,1,send,Failed,ethereum,,,,,,1,ETH,,,,0.004,ETH,9,USD,{HASH[:-1]}2,x,1704103500,,\n",
        [
            ("swap", "-1500 USDC +0.5 ETH", "trade", "network_fee 0.003000000000000000"),
            ("withdraw", "", "approve", "network_fee 0.001000000000000000"),
            ("swap", "-0.2 WETH +0.1 ETH", "trade", "network_fee 0.002000000000000000"),
            ("withdraw", "+200 USDC", "trade", ""),
            ("withdraw", "", "failed", "failed network_fee 0.004000000000000000"),
        ],
        id="Zerion, several amounts in a cell",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "right"), CASES)
def test_a_ledger_arrives(tmp_path: Path, name: str, text: str, right: list[tuple[str, str, str, str]]) -> None:
    """Each row is what it was written to be; fees of a trade are in its legs, those of a transfer apart."""
    read = Read(tmp_path, {"paid": "outside"}).add(name, text)
    assert read.rows() == right


def test_krakens_own_balances_are_compared(tmp_path: Path) -> None:
    """What a file states as its balance is kept; a row that is missing shows itself in the next one."""
    read = Read(tmp_path).add("ledgers.csv", KRAKEN_OLD)
    read.rows()
    assert {(one.asset.symbol, one.balance) for one in read.stated} == {
        ("EUR", Decimal("499.2")),
        ("BTC", Decimal("0.00849")),
    }
    torn = Read(tmp_path).add("ledgers.csv", "\n".join(line for line in KRAKEN_OLD.splitlines() if '"L4"' not in line))
    torn.rows()
    assert any("balance of XXBT is off by -0.0105" in said for said in torn.problems.remark_lines())


HEAD = (
    '"{hash}","Blockno","UnixTimestamp","{date}","From","To","ContractAddress","Value_IN(ETH)","Value_OUT(ETH)",'
    '"CurrentValue @ $1,803.90/Eth","TxnFee(ETH)","TxnFee(USD)","Historical $Price/Eth","Status","ErrCode","Method"\n'
)
MODERN = HEAD.format(hash="Transaction Hash", date="DateTime (UTC)")
ERC20 = (
    '"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","From","To","TokenValue","USDValueDayOfTx",'
    '"ContractAddress","TokenName","TokenSymbol"\n'
)
INTERNAL = (
    '"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","ParentTxFrom","ParentTxTo","ParentTxETH_Value","From",'
    '"TxTo","ContractAddress","Value_IN(ETH)","Value_OUT(ETH)","CurrentValue @ $1/Eth","Historical $Price/Eth","Status",'
    '"ErrCode","Type"\n'
)


def line(*cells: str) -> str:
    return ",".join(f'"{cell}"' for cell in cells) + "\n"


def sent(number: int, *cells: str, time: int = 1_694_300_000) -> str:
    moment = time + number
    when = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return line(f"0x{number:064x}", "18100000", str(moment), when, *cells)


class TestExplorers:
    """Exports of block explorers: values by direction, gas by who signed, the other files by hash."""

    @pytest.mark.parametrize(("name", "date"), [("Txhash", "DateTime"), ("Transaction Hash", "DateTime (UTC)")])
    def test_the_ledger_of_each_year_is_read(self, tmp_path: Path, name: str, date: str) -> None:
        """+0.5 ETH in all, less 0.000312 and 0.00214 of fees; the sender pays for what was received."""
        text = HEAD.format(hash=name, date=date)
        text += sent(1, ME, OTHER, "", "0", "1.5", "1", "0.000312", "1", "1", "", "", "Transfer")
        text += sent(
            2, ME, ROUTER, "", "0", "0.4", "1", "0.00214", "1", "1", "Error(0)", "out of gas", "Swap Exact ETH"
        )
        text += sent(3, OTHER, ME, "", "2", "0", "1", "0.000275", "1", "1", "", "", "Transfer")
        assert Read(tmp_path).add("export.csv", text).rows() == [
            ("withdraw", "-1.5 ETH", "withdraw", "network_fee 0.000312000000000000"),
            ("withdraw", "", "failed", "failed network_fee 0.002140000000000000"),
            ("deposit", "+2 ETH", "deposit", ""),
        ]

    def test_a_swap_is_joined_from_three_files_and_unasked_tokens_are_kept_out(self, tmp_path: Path) -> None:
        """Tokens went, coins came back inside the same transaction; a token that came alone is quarantined."""
        read = Read(tmp_path)
        read.add(
            "transactions.csv", MODERN + sent(5, ME, ROUTER, "", "0", "0", "", "0.003", "", "", "", "", "Multicall")
        )
        read.add(
            "internal.csv", INTERNAL + sent(5, ME, ROUTER, "0", ROUTER, ME, "", "0.495", "0", "", "", "0", "", "call")
        )
        tokens = sent(5, ME, ROUTER, "1,500.5", "", USDC, "USD Coin", "USDC")
        tokens += sent(6, OTHER, ME, "90000", "", SPAM, "gift.example", "GIFT")
        read.add("erc20.csv", ERC20 + tokens)
        assert read.rows() == [("swap", "-1500.5 USDC +0.495 ETH", "trade", "network_fee 0.003000000000000000")]
        assert any("unasked token" in one for one in read.problems.remark_lines())
        assert [one.waits for one in read.answers.questions.values()] == [False]

    def test_wrapping_has_two_sides(self, tmp_path: Path) -> None:
        """The token of a wrapped coin is in no export of transfers; it is added, and taken off when unwrapped."""
        read = Read(tmp_path)
        wrapped = sent(1, ME, WETH, "", "0", "0.5", "", "0.001", "", "", "", "", "Deposit")
        wrapped += sent(2, ME, WETH, "", "0", "0", "", "0.002", "", "", "", "", "Withdraw")
        read.add("transactions.csv", MODERN + wrapped)
        read.add("internal.csv", INTERNAL + sent(2, ME, WETH, "0", WETH, ME, "", "0.2", "0", "", "", "0", "", "call"))
        assert read.rows() == [
            ("swap", "-0.5 ETH +0.5 WETH", "trade", "network_fee 0.001000000000000000"),
            ("swap", "-0.2 WETH +0.2 ETH", "trade", "network_fee 0.002000000000000000"),
        ]

    def test_a_call_that_gives_nothing_back_is_a_question(self, tmp_path: Path) -> None:
        """Without the export of tokens no one can tell a swap from a payment."""
        text = MODERN + sent(1, ME, ROUTER, "", "0", "0.5", "", "0.001", "", "", "", "", "Swap Exact ETH For Tokens")
        read = Read(tmp_path).add("transactions.csv", text)
        read.rows()
        with pytest.raises(ContractError, match="took coins and nothing came back, and no ERC-20 export"):
            read.answers.write_and_require()
        assert "answer" in (tmp_path / "answers.toml").read_text()
        again = Answers.load(tmp_path / "answers.toml")
        assert [one.about for one in again.questions.values()] == [one.about for one in read.answers.questions.values()]

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({3: "2023-09-09 22:53:21"}, "is another moment than the row's UnixTimestamp"),
            ({7: "1.5", 8: "0"}, "came in, and the address of this file sent it"),
            ({8: "1,5"}, "is not a number"),
            ({0: "0x12"}, "is no transaction hash"),
            ({13: "Perhaps"}, "is no status that is known"),
        ],
    )
    def test_a_row_that_contradicts_itself_is_refused(self, tmp_path: Path, change: dict[int, str], said: str) -> None:
        """Two moments, two directions, or a state that no one knows: named with line and column."""
        cells = [
            f"0x{1:064x}",
            "18100000",
            "1694300000",
            "2023-09-09 22:53:20",
            ME,
            OTHER,
            "",
            "0",
            "1.5",
            "",
            "0.001",
            "",
            "",
            "",
            "",
            "Transfer",
        ]
        for place, value in change.items():
            cells[place] = value
        good = sent(9, OTHER, ME, "", "2", "0", "", "0.1", "", "", "", "", "Transfer")
        with pytest.raises(ContractError, match=said):
            Read(tmp_path).add("t.csv", MODERN + line(*cells) + good).rows()


def test_an_unknown_kind_is_asked_once_with_its_rows(tmp_path: Path) -> None:
    """The question names file, rows and the word, and not what stands in the row."""
    text = COINBASE_2024 + "6,2024-05-01 00:00:00 UTC,Wonder,ETH,0.5,EUR,€1,€1,€1,€0,secret words\n"
    read = Read(tmp_path, {"paid": "outside"}).add("coinbase.csv", text)
    read.rows()
    with pytest.raises(ContractError) as caught:
        read.answers.write_and_require()
    assert "coinbase.csv rows 10: what is 'Wonder'?" in str(caught.value)
    assert "secret" not in str(caught.value)
    answered = Read(tmp_path, {"paid": "outside", "Wonder": "income"}).add("coinbase.csv", text)
    assert ("claim", "+0.5 ETH", "income", "") in answered.rows()


def test_a_transfer_with_two_counterparts_is_asked(tmp_path: Path) -> None:
    """One withdrawal and two deposits of the same amount that day: neither is taken for the other."""
    koinly = "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash\n"
    read = Read(tmp_path).add("koinly.csv", koinly + "2024-01-04 10:00:00 UTC,1,ETH,,,,,,,,,\n")
    read.add("tracker.csv", "Date,Received Quantity,Received Currency,Sent Quantity,Sent Currency,Fee Amount,Fee Currency,Tag\n"
             "01/04/2024 10:30:00,1,ETH,,,,,\n01/04/2024 10:40:00,1,ETH,,,,,\n")  # fmt: skip
    read.rows()
    assert len(read.answers.open_questions) == 2
    sure = Read(tmp_path, {"line 2: is the second": "yes"})
    sure.tables = read.tables
    assert ("bridge", "-1 ETH +1 ETH", "transfer", "") in sure.rows()
