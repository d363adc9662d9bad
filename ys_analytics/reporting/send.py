"""Sends printed reports by e-mail: to those who may see them, once, with failures to the operator.

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

from ys_analytics.errors import ReportError, SettingsError, UsageError, file_errors
from ys_analytics.reporting import page, ranking, receipts
from ys_analytics.reporting.receipts import Receipt
from ys_analytics.schemas import Span
from ys_analytics.settings import WORKSPACE, Settings

RECIPIENTS = WORKSPACE / "reports" / "recipients.toml"
LEDGER = "sent.jsonl"
_TIMEOUT = 60.0
_SMTP_OK = 250
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
    """One e-mail: a report for one recipient, and its state.

    Attributes:
        recipient: Who is sent it.
        receipt: Of the report.
        state: `to send`, `sent`, `sent before`, `held back` or `failed`.
        reason: In words, where there is something to say.
    """

    recipient: Recipient
    receipt: Receipt
    state: str = "to send"
    reason: str = ""


def read_recipients(path: Path = RECIPIENTS) -> list[Recipient]:
    """Read who is sent what.

    Raises:
        UsageError: the file is absent, broken, names one address twice or has a word it may not have.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        recipients = [_recipient(dict(recipient)) for recipient in document.pop("recipient")]
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no file of recipients; {_FORM}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}; {_FORM}") from error
    repeated = sorted(
        {
            recipient.email
            for recipient in recipients
            if [other.email for other in recipients].count(recipient.email) > 1
        }
    )
    if document or repeated:
        raise UsageError(f"{path.name}: {', '.join([*document, *repeated])} may not stand there, or twice; {_FORM}")
    return recipients


def _recipient(entry: dict[str, Any]) -> Recipient:
    email, portfolios = entry.pop("email"), entry.pop("portfolios", [])
    if parseaddr(email)[1] != email or "@" not in email:
        raise ValueError(f"{email!r} is no address")
    if portfolios != "all" and not (
        isinstance(portfolios, list) and all(isinstance(portfolio, str) for portfolio in portfolios)
    ):
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
    deliver: bool = False,
    resend: bool = False,
) -> list[Letter]:
    """Send the reports of a week, or say what would be sent.

    Args:
        settings: The mail server, the sender and the operator.
        week: ISO week, such as 2026-W47.
        now: The moment, in UTC, for the messages' head and the ledger.
        recipients: Who may see what.
        out: Folder of runs; `settings.out` when None.
        deliver: Send; False only says what would be sent.
        resend: Send again what was sent before.

    Raises:
        UsageError: no report of the week was printed, or a recipient names a portfolio that has none.
        SettingsError: there is no mail server, or no sender.
        ReportError: at least one letter failed, or another process is sending; the line says which.
    """
    Span.week(week)
    folder = (out or settings.out) / week
    printed = receipts.read_all(folder)
    if not printed:
        raise UsageError(f"no report of {week} was printed; print it with `ys report --week {week} --all`")
    known_portfolios = {name for receipt in printed for name in (receipt.portfolio_id, receipt.portfolio)}
    unknown = sorted({name for recipient in recipients for name in recipient.portfolios or ()} - known_portfolios)
    if unknown:
        raise UsageError(f"the file of recipients names {', '.join(map(repr, unknown))}, of which {week} has no report")
    letters = [
        Letter(recipient=recipient, receipt=receipt)
        for recipient in recipients
        for receipt in printed
        if recipient.may_see(receipt)
    ]
    if not deliver:
        ledger = {} if resend else _ledger(folder)
        return [_check_letter(letter, folder, ledger) for letter in letters]
    server, sender = _server(settings), settings.smtp_from
    if not sender:
        raise SettingsError("YS_SMTP_FROM: there is no sender; set it to an address")
    with _sending_lock(folder):
        ledger = {} if resend else _ledger(folder)
        results = [_check_letter(letter, folder, ledger) for letter in letters]
        if any(letter.state == "to send" for letter in results):
            results = _send_all(results, folder, server=server, sender=sender, now=now)
        failed = [letter for letter in results if letter.state in {"failed", "held back"}]
        if failed and settings.smtp_operator:
            _notify_operator(failed, week, server=server, sender=sender, operator=settings.smtp_operator, now=now)
    failures = [letter for letter in results if letter.state == "failed"]
    if failures:
        listed_failures = "; ".join(
            f"{letter.receipt.portfolio!r} to {letter.recipient.email}: {letter.reason}" for letter in failures[:5]
        )
        raise ReportError(f"{len(failures)} of {len(results)} letters were not sent: {listed_failures}")
    return results


def _check_letter(letter: Letter, folder: Path, ledger: Mapping[str, Mapping[str, str]]) -> Letter:
    """The letter with its state before anything is sent: sent before, held back, or to send."""
    receipt, entry = letter.receipt, ledger.get(_key(letter))
    if entry is not None and entry["state"] == "sent":
        return _with_state(letter, "sent before", f"on {entry['at'][:16].replace('T', ' ')} UTC")
    if entry is not None and entry["state"] == "sending":
        return _with_state(
            letter, "held back", f"begun on {entry['at'][:16]} and not closed: it may have arrived; --again sends it"
        )
    if receipt.reason:
        return _with_state(letter, "held back", receipt.reason)
    if receipt.provisional and not letter.recipient.provisional:
        return _with_state(letter, "held back", "it is provisional")
    if not receipt.is_complete(folder):
        return _with_state(letter, "held back", "its files are not those that were printed; print it again")
    return letter


def _send_all(
    letters: Sequence[Letter], folder: Path, *, server: "_Server", sender: str, now: datetime
) -> list[Letter]:
    """Send what is to be sent over one connection, opened again where it broke."""
    results: list[Letter] = []
    connection: smtplib.SMTP | None = None
    for letter in letters:
        if letter.state != "to send":
            results.append(letter)
            continue
        try:
            connection = _still_connected(connection) or server.connect()
        except (OSError, smtplib.SMTPException) as error:
            results.append(_with_state(letter, "failed", _reason(error)))
            connection = None
            continue
        _write_entry(folder, letter, "sending", now)
        try:
            connection.send_message(message(letter, folder, sender=sender, now=now))
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
            _write_entry(folder, letter, "failed", now)  # the server has said that it did not take it
            results.append(_with_state(letter, "failed", _reason(error)))
        except (OSError, smtplib.SMTPException) as error:
            results.append(
                _with_state(letter, "failed", f"{_reason(error)}: it may have arrived; --again sends it once more")
            )
            connection = None
        else:
            _write_entry(folder, letter, "sent", now)
            results.append(_with_state(letter, "sent", ""))
    _close(connection)
    return results


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
    implicit_tls: bool
    ca_file: Path | None

    def connect(self) -> smtplib.SMTP:
        """An open connection, encrypted and signed in."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if self.implicit_tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT, context=context)
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT)
        try:
            if not self.implicit_tls:
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
    implicit_tls = parts.scheme == "smtps"
    return _Server(
        host, port or (465 if implicit_tls else 587), unquote(parts.username or ""), unquote(parts.password or ""),
        implicit_tls, settings.tls_ca,
    )  # fmt: skip


def _notify_operator(
    letters: Sequence[Letter], week: str, *, server: _Server, sender: str, operator: str, now: datetime
) -> None:
    """Write to the operator which letters did not leave; where even that fails, the error line is all there is."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Date"] = sender, operator, format_datetime(now)
    mail["Subject"] = f"{len(letters)} letters of {week} were not sent"
    lines = [
        f"{letter.receipt.portfolio}, to {letter.recipient.email}: {letter.state}, {letter.reason}"
        for letter in letters
    ]
    mail.set_content("\n".join(lines) + "\n")
    with suppress(OSError, smtplib.SMTPException):
        connection = server.connect()
        connection.send_message(mail)
        _close(connection)


def _ledger(folder: Path) -> dict[str, dict[str, str]]:
    """The last entry of each letter; a line that a crash cut short counts for nothing."""
    last_entries: dict[str, dict[str, str]] = {}
    try:
        lines = (folder / LEDGER).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    for line in lines:
        with suppress(ValueError, KeyError):
            entry = json.loads(line)
            last_entries[entry["key"]] = entry
    return last_entries


def _write_entry(folder: Path, letter: Letter, state: str, now: datetime) -> None:
    """Append one entry to the ledger, and wait until it is on the disk."""
    entry = {
        "key": _key(letter), "state": state, "at": now.isoformat(), "to": letter.recipient.email,
        "report": letter.receipt.stem, "pdf": letter.receipt.files.get(f"{letter.receipt.stem}.pdf", ""),
    }  # fmt: skip
    path = folder / LEDGER
    with file_errors(path), path.open("a", encoding="utf-8") as file:
        file.write(("\n" if file.tell() and not _ends_line(path) else "") + json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


@contextmanager
def _sending_lock(folder: Path) -> Iterator[None]:
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


def _still_connected(connection: smtplib.SMTP | None) -> smtplib.SMTP | None:
    """The connection, where the server still answers on it."""
    if connection is None:
        return None
    try:
        return connection if connection.noop()[0] == _SMTP_OK else None
    except (OSError, smtplib.SMTPException):
        return None


def _close(connection: smtplib.SMTP | None) -> None:
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
    """A hash that identifies a letter, the same at each attempt: a report of the week to an address."""
    return sha256(f"{letter.recipient.email.lower()}\0{letter.receipt.stem}".encode()).hexdigest()


def _with_state(letter: Letter, state: str, reason: str) -> Letter:
    return Letter(recipient=letter.recipient, receipt=letter.receipt, state=state, reason=reason)
