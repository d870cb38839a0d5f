"""Certificates of one control plane: a small authority whose files the servers and their clients take."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.rigs.kubernetes.pair import Pair

VALID = dt.timedelta(days=365)
"""Both ways from now: a client whose clock is skewed still has to talk of the skew, not of certificates."""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

LOOPBACK = ("127.0.0.1", "localhost")


class Authority:
    """Signs certificates into `folder`; its own is `<name>.crt` there. RSA is for who reads no other key."""

    def __init__(self, folder: Path, name: str = "ca", with_rsa: bool = False) -> None:
        self._folder = folder
        self._key: Key = rsa.generate_private_key(65537, 2048) if with_rsa else _key()
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        built = _builder(self._name, self._name, self._key.public_key())
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        # Kueue takes an authority for its own only when it is also a valid host of that name.
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        self._own = built.add_extension(_usage(of_authority=True), critical=True).sign(self._key, hashes.SHA256())
        self.pair = _write(folder, name, self._own, self._key)

    @property
    def file(self) -> Path:
        """The certificate that clients trust."""
        return self.pair.certificate

    def server(self, name: str, hosts: Sequence[str] = LOOPBACK) -> Pair:
        """Return a certificate for a server that is reached under these names and addresses."""
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        return self._sign(name, [x509.NameAttribute(NameOID.COMMON_NAME, name)], ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(self, name: str, groups: Sequence[str] = ()) -> Pair:
        """Return a certificate that says who a client is: its name, and its groups, as Kubernetes reads them."""
        subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        common = x509.NameAttribute(NameOID.COMMON_NAME, name)
        return self._sign(name, [*subject, common], ExtendedKeyUsageOID.CLIENT_AUTH)

    def _sign(
        self,
        name: str,
        subject: Sequence[x509.NameAttribute[str]],
        use: x509.ObjectIdentifier,
        extension: x509.ExtensionType | None = None,
    ) -> Pair:
        key = _key()
        built = _builder(x509.Name(subject), self._name, key.public_key())
        built = built.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        built = built.add_extension(_usage(of_authority=False), critical=True)
        built = built.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        )
        if extension is not None:
            built = built.add_extension(extension, critical=False)
        return _write(self._folder, name.replace(":", "-"), built.sign(self._key, hashes.SHA256()), key)


def signing_keys(folder: Path, name: str) -> Pair:
    """Return a key and its public half, with which the API server signs and checks tokens of service accounts."""
    key = _key()
    pair = Pair(folder / f"{name}.pub", folder / f"{name}.key")
    pair.certificate.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return pair


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    built = built.serial_number(x509.random_serial_number()).not_valid_before(now - VALID).not_valid_after(now + VALID)
    return built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(of_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=of_authority, crl_sign=of_authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(folder: Path, name: str, certificate: x509.Certificate, key: Key) -> Pair:
    folder.mkdir(parents=True, exist_ok=True)
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    pair.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return pair
