"""Certificates for servers on loopback, made for a test: an authority, a server's, a client's, and a stranger's."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files.

    Attributes:
        cert: In PEM form.
        key: In PEM form, readable by its owner alone.
    """

    cert: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """Someone who signs certificates.

    Attributes:
        folder: Where the files lie.
        pair: Its own.
    """

    folder: Path
    pair: Pair
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    def sign(self, name: str, *places: str) -> Pair:
        """A certificate for a server at some addresses, or for a client at none."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [
            x509.IPAddress(ip_address(place)) if place[0].isdigit() else x509.DNSName(place) for place in places
        ]
        extensions = [x509.SubjectAlternativeName(alternatives)] if alternatives else []
        return _written(self.folder / name, _built(name, key, self.name, self.key, extensions), key)


def authority(folder: Path, name: str = "test authority") -> Authority:
    """A new one, which no one trusts yet."""
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = _built(name, key, subject, key, [x509.BasicConstraints(ca=True, path_length=0), usage])
    return Authority(folder, _written(folder / "authority", made, key), key, subject)


def _built(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    extensions: list[x509.ExtensionType],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(signer, hashes.SHA256())


def _written(place: Path, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    pair = Pair(place.with_suffix(".crt"), place.with_suffix(".key"))
    pair.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    pair.key.touch(mode=0o600)
    form = serialization.PrivateFormat.PKCS8
    pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return pair
