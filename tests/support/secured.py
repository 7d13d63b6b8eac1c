"""An Apache Kafka that demands to know who is there: several listeners on one broker, each with its own demands.

``sasl`` is TLS with a name and password (SCRAM-SHA-512, SCRAM-SHA-256 and PLAIN), ``mutual`` TLS with a certificate of
the client's, ``expired`` TLS with a certificate that has run out, ``inside`` demands nothing. Certificates and
passwords are made for the run; nothing of them is kept.
"""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

from tests.support.kafka import Kafka, free_port

SCRAM_USER = "crunchwatch-worker"
PLAIN_USER = "crunchwatch-plain"
_LOGIN = "org.apache.kafka.common.security"


class Secured:
    """The broker, and files of what a client needs."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.password = f"canary-{secrets.token_hex(16)}"
        self.ports = {name: free_port() for name in ("sasl", "mutual", "expired")}
        authority, stranger = trustme.CA(), trustme.CA()
        self.ca = self._file("ca.pem", authority.cert_pem.bytes())
        self.other_ca = self._file("other-ca.pem", stranger.cert_pem.bytes())
        self.password_file = self._file("password", self.password.encode() + b"\n")
        self.client_cert, self.client_key = self._pair("client", authority.issue_cert("worker.example"))
        self.foreign_cert, self.foreign_key = self._pair("foreign", stranger.issue_cert("worker.example"))
        server = self._keystore("server", authority.issue_cert("127.0.0.1"))
        yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        expired = self._keystore("expired", authority.issue_cert("127.0.0.1", not_after=yesterday))
        users = [f"{way}=[name={SCRAM_USER},password={self.password}]" for way in ("SCRAM-SHA-512", "SCRAM-SHA-256")]
        self.kafka = Kafka(folder / "broker", users=users)
        self.kafka._overrides.update(self._properties(server, expired))

    def url(self, listener: str) -> str:
        return f"kafka://127.0.0.1:{self.ports[listener]}"

    def scram(self, **others: str) -> dict[str, str]:
        """Variables of a client that may come in by name and password."""
        return {
            "CRUNCHWATCH_BROKER": self.url("sasl"),
            "CRUNCHWATCH_SECURITY": "sasl_ssl",
            "CRUNCHWATCH_TLS_CA_FILE": str(self.ca),
            "CRUNCHWATCH_SASL_USERNAME": SCRAM_USER,
            "CRUNCHWATCH_SASL_PASSWORD_FILE": str(self.password_file),
            **others,
        }

    def mutual(self, **others: str) -> dict[str, str]:
        """Variables of a client that may come in by its certificate."""
        return {
            "CRUNCHWATCH_BROKER": self.url("mutual"),
            "CRUNCHWATCH_SECURITY": "ssl",
            "CRUNCHWATCH_TLS_CA_FILE": str(self.ca),
            "CRUNCHWATCH_TLS_CERT_FILE": str(self.client_cert),
            "CRUNCHWATCH_TLS_KEY_FILE": str(self.client_key),
            **others,
        }

    def _properties(self, server: Path, expired: Path) -> dict[str, str]:
        ports = {"INSIDE": self.kafka.port, **{name.upper(): port for name, port in self.ports.items()}}
        places = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
        found = {
            "listeners": f"{places},CONTROLLER://127.0.0.1:{self.kafka.controller_port}",
            "advertised.listeners": places,
            "listener.security.protocol.map": (
                "INSIDE:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL,EXPIRED:SSL,CONTROLLER:PLAINTEXT"
            ),
            "inter.broker.listener.name": "INSIDE",
            "listener.name.sasl.sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
            "listener.name.sasl.plain.sasl.jaas.config": (
                f'{_LOGIN}.plain.PlainLoginModule required user_{PLAIN_USER}="{self.password}";'
            ),
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.mutual.ssl.truststore.type": "PEM",
            "listener.name.mutual.ssl.truststore.location": str(self.ca),
        }
        for way in ("scram-sha-512", "scram-sha-256"):
            found[f"listener.name.sasl.{way}.sasl.jaas.config"] = f"{_LOGIN}.scram.ScramLoginModule required;"
        for name, keystore in (("sasl", server), ("mutual", server), ("expired", expired)):
            found[f"listener.name.{name}.ssl.keystore.type"] = "PEM"
            found[f"listener.name.{name}.ssl.keystore.location"] = str(keystore)
        return found

    def _file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path

    def _pair(self, name: str, certificate: trustme.LeafCert) -> tuple[Path, Path]:
        chain = b"".join(part.bytes() for part in certificate.cert_chain_pems)
        return self._file(f"{name}.crt", chain), self._file(f"{name}.key", certificate.private_key_pem.bytes())

    def _keystore(self, name: str, certificate: trustme.LeafCert) -> Path:
        """Kafka wants the key as PKCS #8."""
        key = serialization.load_pem_private_key(certificate.private_key_pem.bytes(), None).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._file(f"{name}.pem", key + b"".join(part.bytes() for part in certificate.cert_chain_pems))
