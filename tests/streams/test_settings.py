from __future__ import annotations

from pathlib import Path

import pytest

from streams import settings
from streams.errors import SettingsError


def test_a_variable_beats_the_file_and_the_file_beats_the_default(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('group = "from-file"\npartitions = 8\n')
    chosen = settings.load({"CRUNCHWATCH_SETTINGS": str(file), "CRUNCHWATCH_PARTITIONS": "2"}, max_markets=3)
    assert (chosen.group, chosen.partitions, chosen.max_markets, chosen.replication) == ("from-file", 2, 3, 1)


def test_what_the_command_line_did_not_say_changes_nothing() -> None:
    assert settings.load({}, broker=None) == settings.load({})


def test_everything_listens_on_loopback_unless_told_otherwise() -> None:
    assert settings.load({}).metrics_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("variable", "text", "name"),
    [
        ("PARTITIONS", "four", "partitions"),
        ("PARTITIONS", "0", "partitions"),
        ("PARTITIONS", "2.5", "partitions"),
        ("METRICS_PORT", "70000", "metrics_port"),
        ("SNAPSHOT_INTERVAL_S", "nan", "snapshot_interval_s"),
        ("SNAPSHOT_INTERVAL_S", "-1", "snapshot_interval_s"),
        ("PRESET", "wild", "preset"),
        ("ON_GAP", "ignore", "on_gap"),
        ("LOG_LEVEL", "loud", "log_level"),
        ("GROUP", "a b", "group"),
        ("TOPIC_PREFIX", "a/b", "topic_prefix"),
        ("BROKER", "127.0.0.1:9092", "broker"),
        ("BROKER", "kafka://", "broker"),
        ("BROKER", "kafka://host:99999", "broker"),
        ("BROKER", "kafka://user@host:9092", "broker"),
        ("BROKER", "kafka://a:1,,b:2", "broker"),
    ],
)
def test_what_cannot_be_is_refused_by_name(variable: str, text: str, name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load({f"CRUNCHWATCH_{variable}": text})
    assert caught.value.name == name
    assert caught.value.reason


def test_a_choice_names_what_there_is() -> None:
    with pytest.raises(
        SettingsError, match="'security': 'foo' is not one of: plaintext, ssl, sasl_plaintext, sasl_ssl"
    ):
        settings.load({"CRUNCHWATCH_SECURITY": "foo"})


def test_an_unknown_key_of_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('brokr = "kafka://x"\n')
    with pytest.raises(SettingsError, match="brokr"):
        settings.load({}, path=file)


@pytest.mark.parametrize("content", ["partitions = 'four'", "not toml", "\xff"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError):
        settings.load({}, path=file)
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.load({}, path=tmp_path / "missing.toml")


def test_addresses_get_their_port() -> None:
    chosen = settings.load({"CRUNCHWATCH_BROKER": "kafka://a,b:9093,[::1]:9094,[::1]"})
    assert chosen.bootstrap == ["a:9092", "b:9093", "[::1]:9094", "[::1]:9092"]


def test_a_mistyped_variable_is_refused_by_its_name() -> None:
    with pytest.raises(SettingsError, match=r"CRUNCHWATCH_BROKR.*no such setting"):
        settings.load({"CRUNCHWATCH_BROKR": "kafka://127.0.0.1:9092"})
    settings.load({"CRUNCHWATCH_KAFKA_LIBS": "/somewhere"})
