"""Reports sent by e-mail, to a real mail server on this machine that speaks TLS."""

# ruff: noqa: ARG001, ARG002, D102, N802 - what aiosmtpd calls has its names and arguments; a fixture may only prepare

import email
import json
import socket
import ssl
from datetime import UTC, datetime
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from tests.stores.certificates import authority
from ys_analytics.errors import ReportError, SettingsError, UsageError
from ys_analytics.reporting import receipts, send
from ys_analytics.settings import Settings

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
WEEK = "2026-W47"
VIEWS = [
    {"kind": "masthead", "title": "Alder <b>", "alt": "Weekly report.", "written": [["Week 2026-W47"]], "warnings": []},
    {
        "kind": "headline", "title": "Numbers", "alt": "It gained 1 %.", "warnings": [],
        "written": [["Net value", "1,000", "close"]],
    },
]  # fmt: skip


class Mailbox:
    """What a mail server has taken; it refuses anyone who is in `refused`, and may cut the line after a message."""

    def __init__(self):
        """Take everything."""
        self.taken, self.refused, self.cut = [], set(), False

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=default)))
        if self.cut:
            server.transport.abort()
        return "250 OK"


@pytest.fixture
def post(tmp_path):
    """A function that starts a mail server: its mailbox and the settings that reach it."""
    started = []

    def start(*, wrapped=False, tls=True, password="pass/word"):  # noqa: S107
        signed = authority(tmp_path / "ca")
        pair = signed.sign("localhost", "localhost", "127.0.0.1")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pair.cert, pair.key)
        box = Mailbox()

        def known(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login, data.password) == (b"ys", b"pass/word"), handled=False)

        secure = (
            {}
            if not tls
            else {"ssl_context": context}
            if wrapped
            else {"tls_context": context, "require_starttls": True}
        )
        with socket.create_server(("localhost", 0)) as free:
            port = free.getsockname()[1]
        controller = Controller(
            box,
            hostname="localhost",
            port=port,
            authenticator=known,
            auth_require_tls=tls and not wrapped,
            auth_required=tls,
            **secure,
        )
        controller.start()
        started.append(controller)
        scheme = "smtps" if wrapped else "smtp"
        url = f"{scheme}://ys:{password.replace('/', '%2F')}@localhost:{port}"
        return box, Settings(
            _env_file=None, out=tmp_path / "out", tls_ca=signed.pair.cert, smtp_url=SecretStr(url),
            smtp_from="Reports <reports@example.org>", smtp_operator="operator@example.org",
        )  # fmt: skip

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def printed(tmp_path):
    """A week with two reports, one provisional, one stopped, and the ranking."""
    folder = tmp_path / "out" / WEEK
    (folder / receipts.FOLDER).mkdir(parents=True)
    data = {"sections": [{"views": VIEWS}, {"views": []}], "provisional_because": [], "as_of": "2026-11-23"}
    for portfolio_id, name, known in [
        ("a", "Alder", {}), ("b", "Birch", {}), ("c", "Cedar", {"provisional": True}),
        ("d", "Dogwood", {"reason": "stopped by its data", "stopped": True}), ("", "All portfolios", {}),
    ]:  # fmt: skip
        stem = f"report-{portfolio_id}" if portfolio_id else "fleet"
        held = {"html": b"<html>", "json": json.dumps(data).encode(), "pdf": f"%PDF {name}".encode()}
        content = {} if "reason" in known else {folder / f"{stem}.{kind}": text for kind, text in held.items()}
        for path, text in content.items():
            path.write_bytes(text)
        receipt = receipts.receipt_of(content, stem=stem, portfolio_id=portfolio_id, portfolio=name, key="k", **known)
        receipts.path(folder, stem).write_bytes(receipt.to_json())
    return folder


OWNER = send.Recipient(email="owner@example.org", name="Ana Öz", portfolios=frozenset({"Alder", "c", "Dogwood"}))
DESK = send.Recipient(email="desk@example.org", portfolios=None, ranking=True, provisional=True)


def states(letters):
    return {(one.recipient.email.split("@")[0], one.receipt.portfolio): one.state for one in letters}


def sent(settings, *recipients, **words):
    return send.send_week(settings, week=WEEK, now=NOW, recipients=recipients, deliver=True, **words)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("wrapped", [False, True], ids=["STARTTLS", "TLS"])
def test_each_gets_what_they_may_see_once(post, printed, wrapped):
    """PDF attached, page one as HTML and text; provisional and stopped ones held back; a second call sends nothing."""
    box, settings = post(wrapped=wrapped)
    assert states(sent(settings, OWNER)) == {
        ("owner", "Alder"): "sent", ("owner", "Cedar"): "held back", ("owner", "Dogwood"): "held back",
    }  # fmt: skip
    (to, mail), (operator, operator_mail) = box.taken
    assert (to, operator) == (["owner@example.org"], ["operator@example.org"])
    assert (mail["Subject"], mail["To"]) == ("Alder, 2026-W47", "Ana Öz <owner@example.org>")
    (pdf,) = mail.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()) == ("2026-W47-report-a.pdf", b"%PDF Alder")
    assert "It gained 1 %." in mail.get_body(["plain"]).get_content()
    page = mail.get_body(["html"]).get_content()
    assert "Alder &lt;b&gt;" in page
    assert "1,000" in page
    assert "Dogwood, to owner@example.org: held back, stopped by its data" in operator_mail.get_content()
    box.taken.clear()
    assert states(sent(settings, OWNER))["owner", "Alder"] == "sent before"
    assert [to for to, _ in box.taken] == [["operator@example.org"]]
    assert states(sent(settings, OWNER, resend=True))["owner", "Alder"] == "sent"


def test_nothing_is_sent_without_the_option(post, printed):
    """A dry run is the default; it says what would be sent and leaves no trace."""
    box, settings = post()
    found = send.send_week(settings, week=WEEK, now=NOW, recipients=[OWNER, DESK])
    assert states(found)["desk", "All portfolios"] == states(found)["desk", "Cedar"] == "to send"
    assert len([one for one in found if one.state == "to send"]) == 5
    assert box.taken == []
    assert not (printed / send.LEDGER).exists()


def test_a_refusal_stops_no_other_and_reaches_the_operator(post, printed):
    """The server's words are in the error; the refused letter is tried again the next time, the others are not."""
    box, settings = post()
    box.refused = {"desk@example.org"}
    with pytest.raises(ReportError, match=r"4 of 8 letters were not sent: .*550 no such user here") as failed:
        sent(settings, DESK, OWNER)
    assert failed.value.exit_code == 15
    assert [to for to, _ in box.taken] == [["owner@example.org"], ["operator@example.org"]]
    box.refused, box.taken = set(), []
    assert [one.state for one in sent(settings, DESK, OWNER)].count("sent") == 4
    assert ["owner@example.org"] not in [to for to, _ in box.taken]


def test_a_letter_that_may_have_arrived_is_not_sent_twice(post, printed):
    """The line is cut after the message was taken: the ledger holds it back until someone says so."""
    box, settings = post()
    box.cut = True
    with pytest.raises(ReportError, match="it may have arrived; --again"):
        sent(settings, send.Recipient(email="a@example.org", portfolios=frozenset({"Alder"})))
    taken, box.cut = len(box.taken), False
    (letter,) = sent(settings, send.Recipient(email="a@example.org", portfolios=frozenset({"Alder"})))
    assert (letter.state, [to for to, _ in box.taken[taken:]]) == ("held back", [["operator@example.org"]])
    assert "may have arrived" in letter.reason


@pytest.mark.parametrize(
    ("server", "said"),
    [({"password": "wrong"}, "refuses the user or password"), ({"tls": False}, "offers no TLS")],
    ids=["password", "no TLS"],
)
def test_nothing_is_sent_without_tls_or_sign_in(post, printed, server, said):
    """The reason is one line and holds no password."""
    box, settings = post(**server)
    with pytest.raises(ReportError, match=said) as failed:
        sent(settings, OWNER)
    assert "wrong" not in str(failed.value)
    assert box.taken == []


def test_a_server_with_an_untrusted_certificate_is_refused(post, printed):
    """Its certificate is checked against the authorities that are trusted."""
    box, settings = post()
    with pytest.raises(ReportError, match="CERTIFICATE_VERIFY_FAILED"):
        sent(settings.model_copy(update={"tls_ca": None}), OWNER)
    assert box.taken == []


def test_a_report_whose_file_was_changed_is_not_sent(post, printed):
    """What leaves is what was printed."""
    _, settings = post()
    (printed / "report-a.pdf").write_bytes(b"%PDF changed")
    assert states(sent(settings, OWNER))["owner", "Alder"] == "held back"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no file"),
        ("[[recipient]]\nemail = 'a@b'\nportfolio = ['x']", "portfolio"),
        ("[[recipient]]\nemail = 'a'", "is no address"),
        ('[[recipient]]\nemail = "a@b\\nBcc: c@d"', "is no address"),
        ("[[recipient]]\nemail = 'a@b'\nportfolios = 'x'", "neither a list"),
        ("[[recipient]]\nemail = 'a@b'\nranking = 'yes'", "ranking of a@b is no bool"),
        ("[[recipient]]\nemail = 'a@b'\n[[recipient]]\nemail = 'a@b'", "a@b may not stand there, or twice"),
        ("x = 1\n[[recipient]]\nemail = 'a@b'", "x may not"),
    ],
)
def test_a_wrong_file_of_recipients_is_refused(tmp_path, text, said):
    """Before anything is sent, in one line."""
    path = tmp_path / "recipients.toml"
    if text:
        path.write_text(text)
    with pytest.raises(UsageError, match=said):
        send.read_recipients(path)


def test_what_is_wrong_is_said_before_anything_leaves(post, printed):
    """A portfolio no one has, a week without reports, no server, no sender."""
    box, settings = post()
    unknown = send.Recipient(email="a@example.org", portfolios=frozenset({"Adler"}))
    with pytest.raises(UsageError, match="'Adler', of which 2026-W47 has no report"):
        sent(settings, OWNER, unknown)
    with pytest.raises(UsageError, match="no report of 2026-W46 was printed"):
        send.send_week(settings, week="2026-W46", now=NOW, recipients=[OWNER])
    for missing in ("smtp_url", "smtp_from"):
        with pytest.raises(SettingsError, match=missing.upper()):
            sent(settings.model_copy(update={missing: None}), OWNER)
    assert box.taken == []
