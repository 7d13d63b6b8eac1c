"""How this worker authenticates itself and the broker: TLS and SASL, for every connection to Kafka.

The settings hold names of files, never a secret; the secret is read when a client is made and goes nowhere else. So
neither the settings' repr nor the environment nor a process list can show it. Certificates are checked with their
names, always: there is no switch against it.
"""

from __future__ import annotations

import logging
import ssl
import stat
from pathlib import Path
from typing import Any

from streams.errors import SettingsError
from streams.settings import Settings

log = logging.getLogger(__name__)

LONGEST_SECRET_BYTES = 4096
_READABLE_BY_ALL = stat.S_IROTH
_warned: set[str] = set()


class _NoTokens(logging.Filter):
    """aiokafka writes each request into its debug log, those that carry a password as well."""

    def filter(self, record: logging.LogRecord) -> bool:
        arguments = record.args if isinstance(record.args, tuple) else ()
        return not any(type(argument).__name__.startswith("Sasl") for argument in arguments)


_NO_TOKENS = _NoTokens()


def options(settings: Settings) -> dict[str, Any]:
    """The keyword arguments that every aiokafka client is made with, beside its addresses.

    Raises:
        SettingsError: a file of a certificate, a key or a password cannot be used.
    """
    logging.getLogger("aiokafka.conn").addFilter(_NO_TOKENS)
    made: dict[str, Any] = {"security_protocol": settings.security.upper()}
    if settings.security.endswith("ssl"):
        made["ssl_context"] = context(settings)
    if settings.security.startswith("sasl"):
        made["sasl_mechanism"] = settings.sasl_mechanism
        made["sasl_plain_username"] = settings.sasl_username
        made["sasl_plain_password"] = secret("sasl_password_file", settings.sasl_password_file)
    return made


def credentials(settings: Settings) -> Any:
    """The same for Faust, which has classes of its own for it; None if the broker needs nothing."""
    from faust import auth  # noqa: PLC0415 - the terminal's commands have no use for Faust

    made = options(settings)
    tls = made.get("ssl_context")
    if settings.security.startswith("sasl"):
        return auth.SASLCredentials(
            username=made["sasl_plain_username"],
            password=made["sasl_plain_password"],
            mechanism=made["sasl_mechanism"],
            ssl_context=tls,
        )
    return None if tls is None else auth.SSLCredentials(tls)


def context(settings: Settings) -> ssl.SSLContext:
    """What a TLS connection demands of the other side, and shows of itself: TLS 1.2 at least, names checked."""
    try:
        made = ssl.create_default_context(cafile=settings.tls_ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError("tls_ca_file", f"{settings.tls_ca_file} holds no certificates: {_why(error)}") from None
    if settings.tls_cert_file:
        _warn_if_open("tls_key_file", settings.tls_key_file)
        try:
            made.load_cert_chain(settings.tls_cert_file, settings.tls_key_file, password=_no_passphrase)
        except (OSError, ssl.SSLError) as error:
            place = f"{settings.tls_cert_file} and {settings.tls_key_file}"
            raise SettingsError("tls_cert_file", f"{place} are not a certificate with its key: {_why(error)}") from None
    return made


def _no_passphrase() -> str:
    raise SettingsError("tls_key_file", "the key is encrypted; give one that is not, readable by the worker alone")


def secret(name: str, path: str) -> str:
    """A secret out of its file, without the line's end; warned of when every user of the machine may read it.

    Raises:
        SettingsError: the file cannot be read, is empty or holds more than one line. It never says what is in it.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LONGEST_SECRET_BYTES + 1)
    except OSError as error:
        raise SettingsError(name, f"{path} cannot be read: {error.strerror}") from None
    _warn_if_open(name, path)
    try:
        found = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SettingsError(name, f"{path} is not UTF-8 text") from None
    if not found or len(raw) > LONGEST_SECRET_BYTES or not found.isprintable():
        raise SettingsError(name, f"{path} must hold one line of 1 to {LONGEST_SECRET_BYTES} printable characters")
    return found


def _warn_if_open(name: str, path: str) -> None:
    """Once a file: a mounted secret is often readable by all of its container, so that is not an error."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return  # opening it reports that
    if mode & _READABLE_BY_ALL and path not in _warned:
        _warned.add(path)
        log.warning("setting '%s': every user of this machine may read %s; chmod 600 it", name, path)


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason or "not PEM"
    return getattr(error, "strerror", None) or type(error).__name__
