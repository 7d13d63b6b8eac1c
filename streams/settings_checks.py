"""Which settings of access go together; a half-made one is refused, or a connection would be open and seem closed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from streams.errors import SettingsError

if TYPE_CHECKING:
    from streams.settings import Settings

# What people try, and what a process list, a crash report or `docker inspect` would then show.
SECRETS = {
    "sasl_password": "sasl_password_file",
    "metrics_token": "metrics_token_file",
    "pagerduty_key": "pagerduty_key_file",
}


def refuse_secrets(names: Iterable[str]) -> None:
    """Refuse a secret that stands in the environment or in the settings file itself, without repeating it."""
    for name in names:
        plain = name.lower().removeprefix("crunchwatch_")
        if plain in SECRETS:
            instead = SECRETS[plain]
            raise SettingsError(name, f"a secret comes from a file: set CRUNCHWATCH_{instead.upper()} to its path")


def refuse_login(broker: str) -> None:
    """Refuse a name or password in the broker's address, without repeating it."""
    if "@" in broker:
        raise SettingsError(
            "broker",
            "it holds no user and no password: CRUNCHWATCH_SASL_USERNAME and CRUNCHWATCH_SASL_PASSWORD_FILE say them",
        )


def check(settings: Settings) -> None:
    """Refuse combinations that would not do what they seem to say."""
    tls, sasl = settings.security.endswith("ssl"), settings.security.startswith("sasl")
    given = {name: getattr(settings, name) for name in _TLS + _SASL}
    _nothing_idle(given, _TLS, wanted=tls, settings=settings)
    _nothing_idle(given, _SASL, wanted=sasl, settings=settings)
    if bool(settings.tls_cert_file) != bool(settings.tls_key_file):
        lacking = "tls_key_file" if settings.tls_cert_file else "tls_cert_file"
        raise SettingsError(lacking, "a certificate goes with its key: give both or none")
    for name in _SASL:
        if sasl and not given[name]:
            raise SettingsError(name, f"security is {settings.security}, which needs it")
    if sasl and not tls and settings.sasl_mechanism == "PLAIN" and not _local(settings.bootstrap):
        raise SettingsError("sasl_mechanism", "PLAIN would send the password in the clear: use sasl_ssl, or SCRAM")
    if not is_loopback(settings.metrics_host) and not settings.metrics_token_file and not settings.metrics_open:
        raise SettingsError(
            "metrics_host",
            f"{settings.metrics_host} is not loopback: demand a token with CRUNCHWATCH_METRICS_TOKEN_FILE, or say with "
            "CRUNCHWATCH_METRICS_OPEN=true that a proxy or a closed network guards the port",
        )


_TLS = ("tls_ca_file", "tls_cert_file", "tls_key_file")
_SASL = ("sasl_username", "sasl_password_file")


def _nothing_idle(given: Mapping[str, Any], names: tuple[str, ...], *, wanted: bool, settings: Settings) -> None:
    for name in names:
        if given[name] and not wanted:
            raise SettingsError(
                name, f"security is {settings.security}, which makes no use of it; see CRUNCHWATCH_SECURITY"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _local(addresses: list[str]) -> bool:
    return all(is_loopback(address.rpartition(":")[0]) for address in addresses)
