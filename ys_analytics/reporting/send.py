"""Printed reports sent by e-mail: who may see what, sent once, failures to the operator.

Depends on receipts, SMTP with TLS and a file of recipients. Does not print a report. A ledger in the run says what was
sent: an entry is written before a message leaves and closed when the server has taken it. One left open by a crash is
not sent again by itself, since it may have arrived.
"""

import json
import os
import smtplib
import ssl
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from filelock import FileLock, Timeout

from ys_analytics.errors import ReportError, SettingsError, UsageError, reaching
from ys_analytics.reporting import page, ranking, receipts
from ys_analytics.reporting.receipts import Receipt
from ys_analytics.schemas import Span
from ys_analytics.settings import WORKSPACE, Settings

RECIPIENTS = WORKSPACE / "reports" / "recipients.toml"
LEDGER = "sent.jsonl"
_TIMEOUT = 60.0
_OK = 250
_FORM = 'it needs [[recipient]] with email, and portfolios (a list of names or ids, or "all") or ranking = true'


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Someone who is sent reports.

    Attributes:
        email: The address.
        name: For the message's head.
        portfolios: Ids or exact names of those they may see; None lets them see all.
        ranking: Whether they may see the ranking of all.
        provisional: Whether they are sent provisional reports too.
    """

    email: str
    name: str = ""
    portfolios: frozenset[str] | None = frozenset()
    ranking: bool = False
    provisional: bool = False

    def may_see(self, receipt: Receipt) -> bool:
        """Whether a report is theirs to see."""
        if receipt.stem == ranking.STEM:
            return self.ranking
        return self.portfolios is None or bool(self.portfolios & {receipt.portfolio_id, receipt.portfolio})


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One report for one recipient, and what becomes of it.

    Attributes:
        recipient: Who is sent it.
        receipt: Of the report.
        state: `to send`, `sent`, `sent before`, `held back` or `failed`.
        why: In words, where there is something to say.
    """

    recipient: Recipient
    receipt: Receipt
    state: str = "to send"
    why: str = ""


def read_recipients(path: Path = RECIPIENTS) -> list[Recipient]:
    """Read who is sent what.

    Raises:
        UsageError: the file is absent, broken, names one address twice or has a word it may not have.
    """
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
        found = [_recipient(dict(one)) for one in stated.pop("recipient")]
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no file of recipients; {_FORM}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}; {_FORM}") from error
    twice = sorted({one.email for one in found if [each.email for each in found].count(one.email) > 1})
    if stated or twice:
        raise UsageError(f"{path.name}: {', '.join([*stated, *twice])} may not stand there, or twice; {_FORM}")
    return found


def _recipient(entry: dict[str, Any]) -> Recipient:
    email, portfolios = entry.pop("email"), entry.pop("portfolios", [])
    if parseaddr(email)[1] != email or "@" not in email:
        raise ValueError(f"{email!r} is no address")
    if portfolios != "all" and not (isinstance(portfolios, list) and all(isinstance(one, str) for one in portfolios)):
        raise ValueError(f'portfolios of {email} are neither a list of texts nor "all"')
    for name, kind in (("name", str), ("ranking", bool), ("provisional", bool)):
        if not isinstance(entry.get(name, kind()), kind):
            raise TypeError(f"{name} of {email} is no {kind.__name__}")
    return Recipient(email=email, portfolios=None if portfolios == "all" else frozenset(portfolios), **entry)


def send_week(
    settings: Settings,
    *,
    week: str,
    now: datetime,
    recipients: Sequence[Recipient],
    out: Path | None = None,
    really: bool = False,
    again: bool = False,
) -> list[Letter]:
    """Send the reports of a week, or say what would be sent.

    Args:
        settings: The mail server, the sender and the operator.
        week: ISO week, such as 2026-W47.
        now: The moment, in UTC, for the messages' head and the ledger.
        recipients: Who may see what.
        out: Folder of runs; `settings.out` when None.
        really: Send; otherwise nothing leaves.
        again: Send what was sent before once more.

    Raises:
        UsageError: no report of the week was printed, or a recipient names a portfolio that has none.
        SettingsError: there is no mail server, or no sender.
        ReportError: at least one letter failed, or another process is sending; the line says which.
    """
    Span.week(week)
    folder = (out or settings.out) / week
    held = receipts.read_all(folder)
    if not held:
        raise UsageError(f"no report of {week} was printed; print it with `ys report --week {week} --all`")
    known = {each for one in held for each in (one.portfolio_id, one.portfolio)}
    unknown = sorted({each for one in recipients for each in one.portfolios or ()} - known)
    if unknown:
        raise UsageError(f"the file of recipients names {', '.join(map(repr, unknown))}, of which {week} has no report")
    letters = [Letter(recipient=one, receipt=receipt) for one in recipients for receipt in held if one.may_see(receipt)]
    if not really:
        before = {} if again else _ledger(folder)
        return [_looked_at(letter, folder, before) for letter in letters]
    server, sender = _server(settings), settings.smtp_from
    if not sender:
        raise SettingsError("YS_SMTP_FROM: there is no sender; set it to an address")
    with _alone(folder):
        before = {} if again else _ledger(folder)
        done = [_looked_at(letter, folder, before) for letter in letters]
        if any(letter.state == "to send" for letter in done):
            done = _send_all(done, folder, server=server, sender=sender, now=now)
        failed = [letter for letter in done if letter.state in {"failed", "held back"}]
        if failed and settings.smtp_operator:
            _tell_operator(failed, week, server=server, sender=sender, operator=settings.smtp_operator, now=now)
    broken = [letter for letter in done if letter.state == "failed"]
    if broken:
        named = "; ".join(f"{one.receipt.portfolio!r} to {one.recipient.email}: {one.why}" for one in broken[:5])
        raise ReportError(f"{len(broken)} of {len(done)} letters were not sent: {named}")
    return done


def _looked_at(letter: Letter, folder: Path, before: Mapping[str, Mapping[str, str]]) -> Letter:
    """The letter with what is known of it before anything is sent."""
    receipt, known = letter.receipt, before.get(_key(letter))
    if known is not None and known["state"] == "sent":
        return _as(letter, "sent before", f"on {known['at'][:16].replace('T', ' ')} UTC")
    if known is not None and known["state"] == "sending":
        return _as(
            letter, "held back", f"begun on {known['at'][:16]} and not closed: it may have arrived; --again sends it"
        )
    if receipt.reason:
        return _as(letter, "held back", receipt.reason)
    if receipt.provisional and not letter.recipient.provisional:
        return _as(letter, "held back", "it is provisional")
    if not receipt.whole(folder):
        return _as(letter, "held back", "its files are not those that were printed; print it again")
    return letter


def _send_all(
    letters: Sequence[Letter], folder: Path, *, server: "_Server", sender: str, now: datetime
) -> list[Letter]:
    """Send what is to be sent over one connection, opened again where it broke."""
    done: list[Letter] = []
    connection: smtplib.SMTP | None = None
    for letter in letters:
        if letter.state != "to send":
            done.append(letter)
            continue
        try:
            connection = _alive(connection) or server.connect()
        except (OSError, smtplib.SMTPException) as error:
            done.append(_as(letter, "failed", _reason(error)))
            connection = None
            continue
        _note(folder, letter, "sending", now)
        try:
            connection.send_message(message(letter, folder, sender=sender, now=now))
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
            _note(folder, letter, "failed", now)  # the server has said that it did not take it
            done.append(_as(letter, "failed", _reason(error)))
        except (OSError, smtplib.SMTPException) as error:
            done.append(_as(letter, "failed", f"{_reason(error)}: it may have arrived; --again sends it once more"))
            connection = None
        else:
            _note(folder, letter, "sent", now)
            done.append(_as(letter, "sent", ""))
    _closed(connection)
    return done


def message(letter: Letter, folder: Path, *, sender: str, now: datetime) -> EmailMessage:
    """A letter as it leaves: page one as HTML and as text, the PDF attached.

    Args:
        letter: Which report, to whom.
        folder: Of the run.
        sender: The address it comes from.
        now: The moment, in UTC.
    """
    receipt, week = letter.receipt, folder.name
    data = json.loads((folder / f"{receipt.stem}.json").read_bytes())
    views = [view for section in data["sections"][:1] for view in section["views"]]
    subject = f"{receipt.portfolio}, {week}" + (" (provisional)" if receipt.provisional else "")
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, formataddr((letter.recipient.name, letter.recipient.email))
    mail["Subject"], mail["Date"] = " ".join(subject.split()), format_datetime(now)
    mail["Message-ID"] = f"<{_key(letter)[:32]}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    text = "\n\n".join(view["alt"] for view in views if view["alt"])
    mail.set_content(f"{text}\n\nThe whole report is attached as a PDF.\n")
    html = page.template("email.html.j2").render(
        heading=subject, views=views, provisional=data["provisional_because"], as_of=data["as_of"]
    )
    mail.add_alternative(html, subtype="html")
    pdf = f"{receipt.stem}.pdf"
    mail.add_attachment((folder / pdf).read_bytes(), maintype="application", subtype="pdf", filename=f"{week}-{pdf}")
    return mail


@dataclass(frozen=True, slots=True)
class _Server:
    """A mail server, spoken to over TLS only."""

    host: str
    port: int
    user: str
    password: str
    wrapped: bool
    authorities: Path | None

    def connect(self) -> smtplib.SMTP:
        """An open connection, encrypted and signed in."""
        context = ssl.create_default_context(cafile=self.authorities)
        if self.wrapped:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT, context=context)
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT)
        try:
            if not self.wrapped:
                connection.starttls(context=context)  # refuses where the server offers no TLS
            if self.user:
                connection.login(self.user, self.password)
        except BaseException:
            connection.close()
            raise
        return connection


def _server(settings: Settings) -> _Server:
    if settings.smtp_url is None:
        raise SettingsError("YS_SMTP_URL: there is no mail server; set it to smtps://user:password@host or smtp://…")
    try:
        parts = urlsplit(settings.smtp_url.get_secret_value())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in {"smtp", "smtps"}:
        raise SettingsError("YS_SMTP_URL: not of the form smtps://user:password@host:465 or smtp://…:587; correct it")
    wrapped = parts.scheme == "smtps"
    return _Server(
        host, port or (465 if wrapped else 587), unquote(parts.username or ""), unquote(parts.password or ""),
        wrapped, settings.tls_ca,
    )  # fmt: skip


def _tell_operator(
    letters: Sequence[Letter], week: str, *, server: _Server, sender: str, operator: str, now: datetime
) -> None:
    """Write to the operator which letters did not leave; where even that fails, the error line is all there is."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Date"] = sender, operator, format_datetime(now)
    mail["Subject"] = f"{len(letters)} letters of {week} were not sent"
    lines = [f"{one.receipt.portfolio}, to {one.recipient.email}: {one.state}, {one.why}" for one in letters]
    mail.set_content("\n".join(lines) + "\n")
    with suppress(OSError, smtplib.SMTPException):
        connection = server.connect()
        connection.send_message(mail)
        _closed(connection)


def _ledger(folder: Path) -> dict[str, dict[str, str]]:
    """The last entry of each letter; a line that a crash cut short counts for nothing."""
    found: dict[str, dict[str, str]] = {}
    try:
        lines = (folder / LEDGER).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    for line in lines:
        with suppress(ValueError, KeyError):
            entry = json.loads(line)
            found[entry["key"]] = entry
    return found


def _note(folder: Path, letter: Letter, state: str, now: datetime) -> None:
    """Write one entry, on the disk before anything else happens."""
    entry = {
        "key": _key(letter), "state": state, "at": now.isoformat(), "to": letter.recipient.email,
        "report": letter.receipt.stem, "pdf": letter.receipt.files.get(f"{letter.receipt.stem}.pdf", ""),
    }  # fmt: skip
    path = folder / LEDGER
    with reaching(path), path.open("a", encoding="utf-8") as file:
        file.write(("\n" if file.tell() and not _ends_line(path) else "") + json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process send a week's letters at a time."""
    lock = FileLock(folder / f".{LEDGER}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ReportError(f"the letters of {folder.name} are being sent by another process; wait for it") from None
    try:
        yield
    finally:
        lock.release()


def _alive(connection: smtplib.SMTP | None) -> smtplib.SMTP | None:
    """The connection, where the server still answers on it."""
    if connection is None:
        return None
    try:
        return connection if connection.noop()[0] == _OK else None
    except (OSError, smtplib.SMTPException):
        return None


def _closed(connection: smtplib.SMTP | None) -> None:
    if connection is not None:
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()


def _reason(error: Exception) -> str:
    """Why a letter failed, on one line and without the password that a server may repeat."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "the mail server refuses the user or password; correct YS_SMTP_URL"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server offers no TLS, or no sign-in; nothing is sent without"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [f"{code} {text.decode(errors='replace')}" for code, text in error.recipients.values()]
        return " ".join("; ".join(codes).split())
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _key(letter: Letter) -> str:
    """What a letter is, however often it is tried: a report of the week to an address."""
    return sha256(f"{letter.recipient.email.lower()}\0{letter.receipt.stem}".encode()).hexdigest()


def _as(letter: Letter, state: str, why: str) -> Letter:
    return Letter(recipient=letter.recipient, receipt=letter.receipt, state=state, why=why)
