"""TLS settings: how a server is verified, with the same words for every store.

Depends on the ssl module of Python. Does not open a connection. The words come from the settings `YS_TLS_CA`,
`YS_TLS_CERT`, `YS_TLS_KEY` and `YS_TLS_VERIFY`, or from the options `tls_ca`, `tls_cert`, `tls_key` and `tls_verify` of
one store's URL, which win.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ys_analytics.errors import SettingsError

Verify = Literal["full", "ca", "none"]

OPTIONS = ("tls_ca", "tls_cert", "tls_key", "tls_verify")


@dataclass(frozen=True, slots=True)
class Tls:
    """How to verify a server, and what to show it.

    Attributes:
        ca: File of the authorities (PEM) that may have signed the server's certificate; empty takes the system's.
        cert: File of our own certificate (PEM), where the server asks for one.
        key: File of its key; empty where the certificate's file holds it.
        verify: `full` checks the certificate and the host's name, `ca` only the certificate, `none` nothing.
        configured: Whether any of this was set, rather than left at its default.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: Verify = "full"
    configured: bool = False

    def with_options(self, options: Mapping[str, str], *, setting: str) -> "Tls":
        """The same with what the options of a URL say instead.

        Raises:
            SettingsError: `tls_verify` is none of the three words.

        >>> Tls(ca="/etc/ca.pem").with_options({"tls_verify": "ca", "db": "0"}, setting="YS_REDIS_URL")
        Tls(ca='/etc/ca.pem', cert='', key='', verify='ca', configured=True)
        """
        values = {name.removeprefix("tls_"): value for name, value in options.items() if name in OPTIONS}
        if not values:
            return self
        if values.get("verify", "full") not in get_args(Verify):
            raise SettingsError(f"{setting}: tls_verify is full, ca or none")
        if "cert" in values and "key" not in values:
            values["key"] = ""
        return replace(self, **values, configured=True)  # type: ignore[arg-type]

    def context(self) -> ssl.SSLContext:
        """What Python's clients take.

        Raises:
            SettingsError: a file cannot be read, or is no certificate or key.
        """
        if self.key and not self.cert:
            raise SettingsError("YS_TLS_KEY (tls_key) needs the certificate it belongs to in YS_TLS_CERT (tls_cert)")
        ssl_context = _context(self.ca)
        if self.verify != "full":
            ssl_context.check_hostname = False
        if self.verify == "none":
            ssl_context.verify_mode = ssl.CERT_NONE
        if self.cert:
            try:
                # No password is asked for on a terminal: an encrypted key is an error.
                ssl_context.load_cert_chain(self.cert, self.key or None, password=lambda: b"")
            except (OSError, ValueError) as error:
                files = f"{self.cert} {self.key}".rstrip()
                raise SettingsError(
                    f"YS_TLS_CERT (tls_cert) or YS_TLS_KEY (tls_key): {_file_error(error)}: {files}"
                ) from error
        return ssl_context


DEFAULT_TLS = Tls()


def _context(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except (OSError, ValueError) as error:
        raise SettingsError(f"YS_TLS_CA (tls_ca): {_file_error(error)}: {ca}") from error


def _file_error(error: Exception) -> str:
    """The system's words for a file that cannot be read, or that it is not what it should be."""
    if isinstance(error, ssl.SSLError) or not isinstance(error, OSError):
        return "not a readable certificate or key in PEM form"
    return error.strerror or type(error).__name__
