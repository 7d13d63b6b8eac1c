from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import debian


def test_what_cannot_be_had_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CRUNCHWATCH_DEBIAN_CACHE", str(tmp_path / "cache"))
    with pytest.raises(debian.ProgramUnavailableError, match="apt-get install no-such-package"):
        debian.find("no-such-package", "no-such-program")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("variable", ["CI", "CRUNCHWATCH_REQUIRE_SERVERS"])
def test_it_is_an_error_where_it_has_to_be_there_and_a_skip_elsewhere(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for one in ("CI", "CRUNCHWATCH_REQUIRE_SERVERS"):
        monkeypatch.delenv(one, raising=False)
    with pytest.raises(pytest.skip.Exception, match="not on the PATH"):
        debian._for_test(None, "no-such-browser")
    monkeypatch.setenv(variable, "1")
    with pytest.raises(pytest.fail.Exception, match="not on the PATH"):
        debian._for_test(None, "no-such-browser")


def test_the_servers_are_there() -> None:
    for program in (debian.prometheus(), debian.promtool(), debian.alertmanager(), debian.amtool()):
        assert program.is_file()
