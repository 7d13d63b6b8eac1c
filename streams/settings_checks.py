"""Which settings of access go together; else a connection might be open and seem closed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from streams.errors import SettingsError

TLS = ("tls_ca_file", "tls_cert_file", "tls_key_file")
SASL = ("sasl_username", "sasl_password_file")
# What people try, and what a process list, a crash report or `docker inspect` would then show.
SECRETS = {
    "sasl_password": "sasl_password_file",
    "metrics_token": "metrics_token_file",
    "pagerduty_key": "pagerduty_key_file",
}


def reject_secrets(names: Iterable[str]) -> None:
    """Reject a secret that stands in the environment or in the settings file itself, without repeating it."""
    for name in names:
        plain = name.lower().removeprefix("crunchwatch_")
        if plain in SECRETS:
            instead = SECRETS[plain]
            raise SettingsError(name, f"a secret comes from a file: set CRUNCHWATCH_{instead.upper()} to its path")


def reject_login(broker: str) -> None:
    """Reject a name or password in the broker's address, without repeating it."""
    if "@" in broker:
        raise SettingsError(
            "broker",
            "it holds no user and no password: CRUNCHWATCH_SASL_USERNAME and CRUNCHWATCH_SASL_PASSWORD_FILE set them",
        )


def check_access(
    *, security: str, mechanism: str, addresses: Iterable[str], tls: Mapping[str, str], sasl: Mapping[str, str]
) -> None:
    """Reject combinations of TLS and SASL that would not do what they seem to say.

    Args:
        security: Kafka's name of the protocol.
        mechanism: of SASL.
        addresses: of the broker, host:port.
        tls: the values of :data:`TLS` by their names.
        sasl: the values of :data:`SASL` by their names.
    """
    uses_tls, uses_sasl = security.endswith("ssl"), security.startswith("sasl")
    _none_idle(tls, security, used=uses_tls)
    _none_idle(sasl, security, used=uses_sasl)
    if bool(tls["tls_cert_file"]) != bool(tls["tls_key_file"]):
        lacking = "tls_key_file" if tls["tls_cert_file"] else "tls_cert_file"
        raise SettingsError(lacking, "a certificate goes with its key: give both or none")
    for name, value in sasl.items():
        if uses_sasl and not value:
            raise SettingsError(name, f"security is {security}, which needs it")
    if uses_sasl and not uses_tls and mechanism == "PLAIN" and not _local(addresses):
        raise SettingsError("sasl_mechanism", "PLAIN would send the password in the clear: use sasl_ssl, or SCRAM")


def check_port(host: str, *, guarded: bool) -> None:
    """Reject a port that others can reach and that nothing guards: neither a token nor a proxy."""
    if not is_loopback(host) and not guarded:
        raise SettingsError(
            "metrics_host",
            f"{host} is not loopback: require a token with CRUNCHWATCH_METRICS_TOKEN_FILE, or set "
            "CRUNCHWATCH_METRICS_OPEN=true if a proxy or a closed network guards the port",
        )


def _none_idle(given: Mapping[str, str], security: str, *, used: bool) -> None:
    for name, value in given.items():
        if value and not used:
            raise SettingsError(name, f"security is {security}, which makes no use of it; see CRUNCHWATCH_SECURITY")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _local(addresses: Iterable[str]) -> bool:
    return all(is_loopback(address.rpartition(":")[0]) for address in addresses)
