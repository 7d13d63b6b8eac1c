"""The page on operations names every setting with its default and every exit code."""

from __future__ import annotations

from pathlib import Path

import msgspec

import crunchwatch
from detectors import codec
from detectors.events import Heartbeat
from replay import errors as replay_errors
from streams import errors
from streams.cli import deadletters
from streams.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_setting_is_there_with_its_default() -> None:
    for field in msgspec.structs.fields(Settings):
        default = "(empty)" if field.default == "" else f"`{field.default}`"
        assert f"| `CRUNCHWATCH_{field.name.upper()}` | {default} |" in PAGE


def test_every_exit_code_is_there() -> None:
    # The base of the live edge's errors is raised by nobody.
    named = [*vars(errors).values(), *vars(replay_errors).values()]
    codes = {error.exit_code for error in named if isinstance(error, type) and hasattr(error, "exit_code")}
    codes |= {crunchwatch.INTERRUPTED, crunchwatch.EXIT_DIFFERENCE}
    for code in codes - {errors.StreamsError.exit_code}:
        assert f"| {code} |" in PAGE


def test_the_heartbeat_by_hand_is_one() -> None:
    (line,) = (line for line in PAGE.splitlines() if line.startswith('{"topic":'))
    (mended,) = deadletters.lines([line], "the page")
    ready = deadletters.of_line(mended)
    found = codec.decode(ready.value, key=ready.key, stream=ready.topic)
    assert [type(event) for _, event in found.events] == [Heartbeat]
    assert found.rejects == []
