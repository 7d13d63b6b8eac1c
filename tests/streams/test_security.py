"""Settings of access: what goes together, where secrets may stand, and that they show nowhere."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import trustme

from streams import settings
from streams.errors import AccessDeniedError, SettingsError
from streams.kafka import clients, handshake, security

CANARY = "canary-0815"
SASL = {"SECURITY": "sasl_ssl", "SASL_USERNAME": "me", "SASL_PASSWORD_FILE": "/run/secrets/password"}


def load(**variables: str) -> settings.Settings:
    return settings.load({f"CRUNCHWATCH_{name}": text for name, text in variables.items()})


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"TLS_CA_FILE": "ca.pem"}, "tls_ca_file"),  # security was forgotten: it would go out in the clear
        ({"SECURITY": "sasl_plaintext", "TLS_CA_FILE": "ca.pem"}, "tls_ca_file"),
        ({"SECURITY": "ssl", "SASL_USERNAME": "me"}, "sasl_username"),
        ({"SECURITY": "ssl", "TLS_CERT_FILE": "me.crt"}, "tls_key_file"),
        ({"SECURITY": "ssl", "TLS_KEY_FILE": "me.key"}, "tls_cert_file"),
        ({**SASL, "SASL_USERNAME": ""}, "sasl_username"),
        ({**SASL, "SASL_PASSWORD_FILE": ""}, "sasl_password_file"),
        ({**SASL, "SASL_MECHANISM": "OAUTHBEARER"}, "sasl_mechanism"),
        ({"SECURITY": "tls"}, "security"),
        (
            {**SASL, "SECURITY": "sasl_plaintext", "SASL_MECHANISM": "PLAIN", "BROKER": "kafka://broker.example"},
            "sasl_mechanism",
        ),
        ({"METRICS_HOST": "0.0.0.0"}, "metrics_host"),
        ({"METRICS_HOST": "::"}, "metrics_host"),
        ({"METRICS_HOST": "worker.example"}, "metrics_host"),
        ({"METRICS_OPEN": "maybe"}, "metrics_open"),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(variables: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**variables)
    assert caught.value.name == name


def test_what_goes_together() -> None:
    assert load(**SASL).sasl_mechanism == "SCRAM-SHA-512"
    load(**{**SASL, "SECURITY": "sasl_plaintext", "SASL_MECHANISM": "PLAIN", "BROKER": "kafka://[::1],127.0.0.1:9"})
    load(METRICS_HOST="0.0.0.0", METRICS_OPEN="true")
    load(METRICS_HOST="0.0.0.0", METRICS_TOKEN_FILE="/run/secrets/token")
    load(METRICS_HOST="::1")


@pytest.mark.parametrize("name", ["sasl_password", "metrics_token", "pagerduty_key"])
def test_a_secret_is_taken_from_a_file_alone(tmp_path: Path, name: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'{name} = "{CANARY}"\n')
    for given in ({"CRUNCHWATCH_SETTINGS": str(file)}, {f"CRUNCHWATCH_{name.upper()}": CANARY}):
        with pytest.raises(SettingsError, match=f"CRUNCHWATCH_{name.upper()}_FILE") as caught:
            settings.load(given)
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        (b"", "must hold one line"),
        (b"\n", "must hold one line"),
        (f"{CANARY}\nand more".encode(), "must hold one line"),
        (CANARY.encode() * 1000, "must hold one line"),
        (CANARY.encode() + b"\xff", "not UTF-8"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_without_repeating_it(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as caught:
        security.options(load(**{**SASL, "SECURITY": "sasl_plaintext", "SASL_PASSWORD_FILE": str(path)}))
    assert caught.value.name == "sasl_password_file"
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("mode", "warned"), [(0o644, 1), (0o600, 0)])
def test_a_secret_that_all_may_read_is_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warned: int
) -> None:
    path = tmp_path / "password"
    path.write_text(f"{CANARY}\r\n")
    path.chmod(mode)
    with caplog.at_level(logging.WARNING):
        assert security.secret("sasl_password_file", str(path)) == CANARY
        assert security.secret("sasl_password_file", str(path)) == CANARY
    assert caplog.text.count("chmod 600") == warned
    assert CANARY not in caplog.text


def test_certificates_that_are_none_are_refused(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate\n")
    for path, said in ((str(nothing), "no certificates"), ("/nonexistent", "No such file")):
        with pytest.raises(SettingsError, match=said) as caught:
            security.options(load(SECURITY="ssl", TLS_CA_FILE=path))
        assert caught.value.name == "tls_ca_file"


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    pair = trustme.CA().issue_cert("worker.example")
    key = serialization.load_pem_private_key(pair.private_key_pem.bytes(), None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(CANARY.encode()),
    )
    (tmp_path / "me.key").write_bytes(key)
    (tmp_path / "me.crt").write_bytes(pair.cert_chain_pems[0].bytes())
    with pytest.raises(SettingsError, match="encrypted") as caught:
        security.options(
            load(SECURITY="ssl", TLS_CERT_FILE=str(tmp_path / "me.crt"), TLS_KEY_FILE=str(tmp_path / "me.key"))
        )
    assert caught.value.name == "tls_key_file"


def test_names_are_always_checked() -> None:
    made = security.context(load(SECURITY="ssl"))
    assert made.check_hostname
    assert made.verify_mode.name == "CERT_REQUIRED"
    assert made.minimum_version.name == "TLSv1_2"


def test_the_market_list_is_checked() -> None:
    assert load(MARKETS=" UST, UKT,").allowed_markets == {"UST", "UKT"}
    assert load().allowed_markets == frozenset()
    for wrong in ("ust", "U ST", "UST;UKT"):
        with pytest.raises(SettingsError) as caught:
            load(MARKETS=wrong)
        assert caught.value.name == "markets"


@pytest.mark.parametrize("error", handshake.FORBIDDEN)
async def test_what_the_broker_forbids_is_no_broker_that_is_missing(error: type[Exception]) -> None:
    async def make() -> None:
        raise error("stress.snapshots")

    with pytest.raises(AccessDeniedError, match="denies permission") as caught:
        await clients.connected(load(), make)
    assert caught.value.exit_code == 13
