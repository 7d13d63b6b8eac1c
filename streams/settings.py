"""Settings of the live edge, from environment variables ``CRUNCHWATCH_*`` and an optional TOML file.

A variable beats the file, the file beats the default. Every name below is a key of the file as it stands
(``broker = "kafka://…"``) and a variable in capitals (``CRUNCHWATCH_BROKER``). An invalid value is rejected with
the setting's name and the reason, before anything is connected.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from detectors.checks import MARKET
from streams import settings_checks
from streams.errors import SettingsError

PREFIX = "CRUNCHWATCH_"
FILE_VARIABLE = "CRUNCHWATCH_SETTINGS"
# Variables with the same beginning that are not the worker's: where the tests keep Kafka's jars.
OTHERS = ("CRUNCHWATCH_KAFKA_LIBS",)
MEBIBYTE = 1 << 20

_ADDRESS = re.compile(r"^(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>\d{1,5}))?$")
_NAME = re.compile(r"^[A-Za-z0-9._-]*$")


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings of the live edge; the defaults suit one worker beside a local broker."""

    broker: str = "kafka://127.0.0.1:9092"
    """Where Kafka is: ``kafka://host:port[,host:port…]``."""
    security: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    """The security protocol; names are Kafka's own."""
    tls_ca_file: str = ""
    """PEM of who may sign the broker's certificate; without it those the system trusts."""
    tls_cert_file: str = ""
    """PEM of the worker's own certificate, for a broker that demands one."""
    tls_key_file: str = ""
    """PEM of its key, not encrypted, readable by the worker alone."""
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    """How the password is shown; PLAIN only over TLS."""
    sasl_username: str = ""
    """Who this is to the broker."""
    sasl_password_file: str = ""
    """A file with the password in one line; never the password itself."""
    group: str = "crunchwatch"
    """The consumer group; workers of one group share the partitions."""
    instance: str = ""
    """A fixed name of this worker in its group: a restart takes its partitions back at once. Unique in the group."""
    topic_prefix: str = ""
    """Stands before every topic's name, for clusters shared with others."""
    partitions: int = 4
    """Partitions of every topic; markets are spread over them."""
    replication: int = 1
    """Copies of every topic that is created; 3 on a cluster."""
    retention_days: int = 1_700
    """How long the broker keeps what came in and went out: a lost state is rebuilt from as much, so at least as long as
    the detector looks back that looks back furthest."""
    preset: Literal["desk", "framework"] = "desk"
    """The detectors' configuration."""
    config: str = ""
    """A TOML file that changes the preset."""
    metrics_host: str = "127.0.0.1"
    """Where /metrics, /healthz and /readyz listen; loopback by default."""
    metrics_port: int = 9464
    """Their port; 0 takes a free one and says which."""
    metrics_token_file: str = ""
    """A file with the token that all but /healthz and /readyz require: `Authorization: Bearer …`."""
    metrics_open: bool = False
    """No token beyond loopback either: a proxy or a closed network guards the port."""
    metrics_names: str = ""
    """Host names, with commas, by which the port may be asked without a token, beside loopback's own."""
    snapshot_messages: int = 500
    """After so many messages the state is written down."""
    snapshot_interval_s: float = 1.0
    """After so long at the latest, if anything has come."""
    snapshot_bytes: int = 8 * MEBIBYTE
    """The largest record of a market's state, compressed."""
    markets: str = ""
    """The markets this worker takes, with commas; without it any, up to the bound. Others are dead-lettered."""
    max_markets: int = 64
    """Markets one worker takes on; a message of one more is dead-lettered."""
    session_timeout_s: float = 10.0
    """After so long without a heartbeat the group drops a worker."""
    connect_timeout_s: float = 6.0
    """How long to look for a broker."""
    recovery_timeout_s: float = 60.0
    """How long the broker may take to give the state back, or to confirm it; then the worker ends."""
    stop_timeout_s: float = 8.0
    """How long a graceful stop may take; then the worker ends anyway."""
    stream_silence_s: float = 120.0
    """After so long without a message, while others move on, time moves on for a stream without it; 0: never."""
    on_gap: Literal["fail", "continue"] = "fail"
    """What to do when messages not yet applied are lost from the broker: end, or count the loss and continue."""
    pagerduty_key_file: str = ""
    """A file with the integration key of PagerDuty's Events v2, for `crunchwatch notify`."""
    pagerduty_url: str = "https://events.pagerduty.com/v2/enqueue"
    """Where `crunchwatch notify` sends; https, or loopback."""
    notify_history_min: float = 720.0
    """What a desk could have known longer ago than so many minutes is history and is not paged."""
    notify_provenance: str = "official,quoted,reconstructed"
    """With commas, the provenances that may page; made-up figures do not unless they are named."""
    notify_per_minute: float = 30.0
    """So many messages a minute to PagerDuty at most; the others wait."""
    notify_link: str = ""
    """An address that incidents link to, such as the worker's page."""
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    """What is logged on standard error."""

    @property
    def bootstrap(self) -> list[str]:
        """Hosts and ports as aiokafka takes them."""
        return [
            address if ":" in address.rpartition("]")[2] else f"{address}:9092"
            for address in self.broker.removeprefix("kafka://").split(",")
        ]

    @property
    def allowed_markets(self) -> frozenset[str]:
        """The markets that are taken; none means any."""
        return frozenset(name for one in self.markets.split(",") if (name := one.strip()))

    def topic(self, name: str) -> str:
        """A topic's name on the broker."""
        return f"{self.topic_prefix}{name}"

    def transactional_id(self, name: str) -> str:
        """A transactional producer's id; a slash is in no name, so that no two deployments can come to the same.

        >>> Settings(group="a", topic_prefix="b.").transactional_id("1")
        'a/b./1'
        """
        return f"{self.group}/{self.topic_prefix}/{name}"


_FLOORS: dict[str, float] = {
    "partitions": 1,
    "replication": 1,
    "retention_days": 1,
    "metrics_port": 0,
    "snapshot_messages": 1,
    "snapshot_interval_s": 0.01,
    "snapshot_bytes": 1024,
    "max_markets": 1,
    "session_timeout_s": 1,
    "connect_timeout_s": 0.1,
    "recovery_timeout_s": 1,
    "stop_timeout_s": 1,
    "notify_history_min": 1,
    "notify_per_minute": 0.1,
    "stream_silence_s": 0,
}
_CEILINGS: dict[str, float] = {
    "partitions": 1024,
    "replication": 15,
    "retention_days": 36_500,
    "metrics_port": 65535,
    "snapshot_interval_s": 3600,
    "snapshot_bytes": 256 * MEBIBYTE,
    "max_markets": 10_000,
    "session_timeout_s": 80,  # Faust needs it below its request timeout of 90 s
    "stop_timeout_s": 600,
    "notify_history_min": 525_600,
    "notify_per_minute": 100,  # PagerDuty takes no more of one integration
    "stream_silence_s": 86_400,
}


def load(environment: Mapping[str, str] | None = None, *, path: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings.

    Args:
        environment: the variables; the process's own by default.
        path: the TOML file; by default the one that ``CRUNCHWATCH_SETTINGS`` names, if any.
        **overrides: the options of the command line; None where one was not given.

    Raises:
        SettingsError: with the name of the setting and the reason.
    """
    variables = os.environ if environment is None else environment
    if path is None and variables.get(FILE_VARIABLE):
        path = Path(variables[FILE_VARIABLE])
    values = _from_file(path) if path is not None else {}
    values.update(_from_environment(variables))
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        settings = msgspec.convert(values, type=Settings)
    except msgspec.ValidationError as error:
        name, reason = _explain(str(error), values)
        raise SettingsError(name, reason) from None
    _check(settings)
    return settings


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError("settings", f"{path} cannot be read: {error}") from None
    settings_checks.reject_secrets(content)
    unknown = sorted(set(content) - set(Settings.__struct_fields__))
    if unknown:
        raise SettingsError(unknown[0], f"{path} sets it, but there is no such setting")
    return content


def _from_environment(variables: Mapping[str, str]) -> dict[str, Any]:
    """The known names; a mistyped one is rejected, or the default would be in force unnoticed."""
    settings_checks.reject_secrets(variables)
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__} | {FILE_VARIABLE, *OTHERS}
    for name in sorted(set(variables) - known):
        if name.startswith(PREFIX):
            raise SettingsError(name, "there is no such setting")
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        text = variables.get(PREFIX + field.name.upper())
        if text is None or text == "":
            continue
        found[field.name] = _read(field.name, text, field.type)
    return found


def _read(name: str, text: str, kind: Any) -> str | float:
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise SettingsError(name, f"{text!r} is neither true nor false")
        return text.lower() == "true"
    return _number(name, text, kind) if kind in (int, float) else text


def _number(name: str, text: str, kind: type) -> float:
    try:
        return int(text) if kind is int else float(text)
    except ValueError:
        expected = "a whole number" if kind is int else "a number"
        raise SettingsError(name, f"{text!r} is not {expected}") from None


def _explain(message: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """Take the field's name out of msgspec's message."""
    found = re.search(r"at `\$\.(\w+)`", message)
    name = found.group(1) if found else "settings"
    kind = get_type_hints(Settings).get(name)
    if get_origin(kind) is Literal and name in values:
        return name, f"{values[name]!r} is not one of: {', '.join(get_args(kind))}"
    given = f" (it is {values[name]!r})" if name in values else ""
    return name, message.partition(" - at")[0] + given


def _check(settings: Settings) -> None:
    for name, floor in _FLOORS.items():
        if not getattr(settings, name) >= floor:  # also rejects NaN
            raise SettingsError(name, f"{getattr(settings, name)} is below {floor:g}")
    for name, ceiling in _CEILINGS.items():
        if not getattr(settings, name) <= ceiling:
            raise SettingsError(name, f"{getattr(settings, name)} is above {ceiling:g}")
    for name in ("group", "instance", "topic_prefix"):
        if not _NAME.match(getattr(settings, name)):
            raise SettingsError(name, "only letters, digits, '.', '_' and '-' are allowed")
    if not settings.group:
        raise SettingsError("group", "it cannot be empty")
    for market in settings.allowed_markets:
        if not MARKET.fullmatch(market):
            raise SettingsError(
                "markets", f"{market!r:.40} is not a market's name: capital letters, digits and ._- only"
            )
    _check_broker(settings.broker)
    settings_checks.check_access(
        security=settings.security,
        mechanism=settings.sasl_mechanism,
        addresses=settings.bootstrap,
        tls={name: getattr(settings, name) for name in settings_checks.TLS},
        sasl={name: getattr(settings, name) for name in settings_checks.SASL},
    )
    settings_checks.check_port(
        settings.metrics_host, guarded=bool(settings.metrics_token_file) or settings.metrics_open
    )


def _check_broker(broker: str) -> None:
    settings_checks.reject_login(broker)
    if not broker.startswith("kafka://"):
        raise SettingsError("broker", f"{broker!r} does not begin with kafka://")
    for address in broker.removeprefix("kafka://").split(","):
        match = _ADDRESS.match(address)
        if match is None or int(match["port"] or 9092) not in range(1, 65536):
            raise SettingsError("broker", f"{address!r} is not host:port")
