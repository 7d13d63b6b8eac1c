"""Every key of the presets, one after the other: taken away, negative, joined by a stranger. Each refused by name."""

import copy
import datetime as dt
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from typing import Any

import msgspec
import pytest

from detectors.config import PRESETS, ConfigError, config_hash, load, parse
from detectors.registry import installed
from detectors.sections import Config

Path = tuple[str | int, ...]


def plain(preset: str) -> dict[str, Any]:
    text = resources.files("detectors.presets").joinpath(f"{preset}.toml").read_text("utf-8")
    return {"preset": preset, **tomllib.loads(text)}


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from walk(inner, (*path, key))


def at(tables: Any, path: Path) -> Any:
    for key in path:
        tables = tables[key]
    return tables


def changed(tables: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    tables = copy.deepcopy(tables)
    at(tables, path[:-1])[path[-1]] = value
    return tables


def named(path: Path) -> str:
    """The path as an error names it, an element of an array by its index: ``stress.rules[0].name``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def free(path: Path) -> bool:
    """Whether a key under this path is a name of the user's choice (a tenor has its own check)."""
    return path in {("coordination", "groups"), ("levels", "levels_pct")}


DESK, FRAMEWORK = plain("desk"), plain("framework")
TABLES = [path for path, value in walk(DESK) if isinstance(value, dict) and not free(path)]
KEYS = [path for path, _ in walk(DESK) if path and not isinstance(path[-1], int) and not free(path[:-1])]
INTEGERS = [path for path, value in walk(DESK) if type(value) is int]
NUMBERS = [path for path, value in walk(DESK) if type(value) in (int, float)]
REALS = [path for path in NUMBERS if path not in INTEGERS]
# Keys that may be left out, because another takes their place or because nothing is a choice of its own.
OPTIONAL = {
    ("stress", "rules", "all", "subject"),
    ("corridor", "near_floor_bp"),
    ("fails", "percentile"),
    ("facility", "percentile"),
    ("stress", "feeds", "stale_sessions"),
    ("feedback", "loops", "right"),
    ("regime", "rules", "all", "subject"),
}


def without_indices(path: Path) -> Path:
    return tuple(key for key in path if not isinstance(key, int))


def refused(tables: dict[str, Any]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(tables)
    return caught.value


def offenders(paths: Iterable[Path], check: Callable[[Path], str | None]) -> list[str]:
    """What is wrong with each path, by its name. A loop, and not a test for each: there are more than a thousand."""
    return [f"{named(path)}: {wrong}" for path in paths if (wrong := check(path)) is not None]


def taken(tables: dict[str, Any], path: Path, reason: str = ".*") -> str | None:
    """What is wrong if these tables are not refused by the name of the path, for a reason of this pattern."""
    try:
        parse(tables)
    except ConfigError as error:
        if error.path != named(path):
            return f"refused as {error}"
        return None if re.fullmatch(reason, error.reason, re.DOTALL) else f"refused for {error.reason!r}"
    return "taken"


def test_a_loop_finds_what_is_taken_and_what_is_refused_by_another_name_or_reason():
    floor, strange = ("floor", "confirm_prints"), changed(DESK, ("floor", "colour"), "red")
    assert taken(DESK, floor) == "taken"
    assert taken(strange, floor) == "refused as floor.colour: unknown key"
    assert taken(strange, ("floor", "colour"), "missing key") == "refused for 'unknown key'"
    assert taken(strange, ("floor", "colour"), "unknown key") is None
    assert offenders([floor], lambda path: taken(DESK, path)) == ["floor.confirm_prints: taken"]


def test_the_walk_has_found_the_whole_preset():
    assert len(KEYS) > 80
    assert len(INTEGERS) > 30
    assert len(TABLES) > 30
    assert ("stress", "rules", 0, "all", 0, "min_level") in INTEGERS


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_loads_as_it_is_written(preset):
    config = load(preset)
    assert isinstance(config, Config)
    assert config == parse(plain(preset))
    assert config.preset == preset


def test_the_presets_hold_the_numbers_they_stand_for():
    desk, framework = load("desk"), load("framework")
    assert desk.levels.levels_pct["10Y"] == (1.1, 1.2, 1.3, 1.5)
    assert desk.levels.sustained_closes == 5
    assert desk.levels.rearm_bp == 5
    assert desk.specialness.tiers_bp == (25, 100)
    assert desk.specialness.near_floor_share == 0.9
    assert [(one.since, one.cap_pct, one.minimum_pct) for one in desk.floor.charge] == [
        (dt.date(2009, 5, 1), 3.0, 0.0),
        (dt.date(2018, 7, 2), 3.0, 1.0),
    ]
    assert (desk.floor.confirm_prints, desk.floor.confirm_vwap, desk.floor.confirm_beyond_bp) == (2, True, 50)
    assert (desk.floor.clear_days, desk.floor.clear_bp) == (2, 50)
    assert (desk.fails.window_weeks, desk.fails.percentile, desk.fails.median_multiple) == (104, 0.95, 1.5)
    assert (desk.facility.line_usd, desk.facility.percentile, desk.facility.window_days) == (20e9, 0.95, 60)
    assert desk.facility.skip_quarter_ends
    assert (desk.positions.window_weeks, desk.positions.extreme_share) == (156, 0.05)
    assert (desk.coordination.amplified_count, desk.coordination.extreme_count) == (2, 3)
    assert framework.floor.fixed_floor_pct == -3.0
    assert framework.fails.line_usd == 50e9
    assert framework.levels.levels_pct["10Y"] == (1.1, 1.3, 1.5)


def test_no_whole_number_may_be_negative():
    assert offenders(INTEGERS, lambda path: taken(changed(DESK, path, -1), path, ".*>.*")) == []


def test_no_number_may_be_a_text():
    assert offenders(NUMBERS, lambda path: taken(changed(DESK, path, "many"), path)) == []


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 1e300])
def test_no_number_may_be_endless(value):
    paths = [path for path in REALS if path != ("fails", "median_multiple")]
    assert offenders(paths, lambda path: taken(changed(DESK, path, value), path)) == []


def test_a_multiple_of_the_median_may_not_be_endless():
    assert refused(changed(DESK, ("fails", "median_multiple"), float("inf"))).path == "fails.median_multiple"


@pytest.mark.parametrize(("paths", "value"), [(REALS, float("nan")), (INTEGERS, 10**15)], ids=["not one", "absurd"])
def test_what_is_not_a_number_or_is_absurd_is_refused_everywhere(paths, value):
    """By whichever name: some are refused for the order they stand in."""

    def accepted(path: Path) -> str | None:
        try:
            parse(changed(DESK, path, value))
        except ConfigError:
            return None
        return "taken"

    assert offenders(paths, accepted) == []


def test_an_unknown_key_is_refused_wherever_it_stands():
    strange = [(*path, "colour") for path in TABLES]
    assert offenders(strange, lambda path: taken(changed(DESK, path, "red"), path, "unknown key")) == []


def without(path: Path) -> dict[str, Any]:
    tables = copy.deepcopy(DESK)
    del at(tables, path[:-1])[path[-1]]
    return tables


def test_a_missing_key_is_refused_by_its_name():
    wanted = [path for path in KEYS if without_indices(path) not in OPTIONAL]
    assert offenders(wanted, lambda path: taken(without(path), path, "missing key")) == []


@pytest.mark.parametrize("path", [("corridor", "near_floor_bp"), ("fails", "percentile")], ids=named)
def test_where_one_of_two_is_wanted_the_other_may_not_be_missing_too(path):
    error = refused(without(path))
    assert error.path == named(path)
    assert "required" in error.reason


@pytest.mark.parametrize(
    ("path", "value", "blamed"),
    [
        (("levels", "levels_pct", "10Y"), [1.3, 1.1], "levels.levels_pct.10Y"),
        (("levels", "levels_pct", "10Y"), [1.1, 1.1], "levels.levels_pct.10Y"),
        (("specialness", "tiers_bp"), [100.0, 25.0], "specialness.tiers_bp"),
        (("specialness", "clear_bp"), 25.0, "specialness.clear_bp"),
        (("corridor", "above_bp"), [100.0, 25.0], "corridor.above_bp"),
        (("corridor", "above_clear_bp"), 25.0, "corridor.above_clear_bp"),
        (("corridor", "clear_bp"), 2.0, "corridor.clear_bp"),
        (("fails", "min_weeks"), 105, "fails.min_weeks"),
        (("facility", "min_days"), 61, "facility.min_days"),
        (("positions", "min_weeks"), 157, "positions.min_weeks"),
        (("coordination", "extreme_count"), 2, "coordination.extreme_count"),
        (("coordination", "flow_min"), 105, "coordination.flow_min"),
        (("anomaly", "warm_up"), 251, "anomaly.warm_up"),
        (("curve", "clear_z"), 2.1, "curve.clear_z"),
        (("curve", "slopes", 0, "short"), "5Y", "curve.slopes[0].short"),
        (("volatility", "move_sigmas"), [4.0, 2.5], "volatility.move_sigmas"),
        (("volatility", "min_days"), 757, "volatility.min_days"),
        (("volatility", "clear_percentile"), 0.96, "volatility.clear_percentile"),
        (("auction", "min_auctions"), 25, "auction.min_auctions"),
        (("funds", "min_days"), 757, "funds.min_days"),
        (("funds", "flow_days"), [21, 5], "funds.flow_days"),
        (("funds", "anchor_min_weeks"), 157, "funds.anchor_min_weeks"),
        (("funds", "flow_reports_min"), 105, "funds.flow_reports_min"),
        (("cta", "crossovers", 0), [24, 8], "cta.crossovers"),
        (("cta", "channels"), [20, 100, 55], "cta.channels"),
        (("trend", "sign_days"), [63, 21], "trend.sign_days"),
        (("trend", "t_days"), [126, 63], "trend.t_days"),
        (("spillover", "min_days"), 111, "spillover.min_days"),
        (("spillover", "window_days"), 11, "spillover.window_days"),
        (("floor", "charge"), list(reversed(DESK["floor"]["charge"])), "floor.charge"),
    ],
    ids=str,
)
def test_inverted_thresholds_are_refused(path, value, blamed):
    error = refused(changed(DESK, path, value))
    assert error.path == blamed
    assert "inverted" in error.reason


@pytest.mark.parametrize(
    ("path", "value", "blamed"),
    [
        (("stress", "rules", 0, "all", 0, "name"), "broken", "stress.rules[0].all[0].name"),
        (("stress", "rules", 0, "all", 0, "detector"), "weather", "stress.rules[0].all[0].name"),
        (("stress", "rules", 0, "state"), "panic", "stress.rules[0].state"),
        (("stress", "rules", 0, "kind"), "odd", "stress.rules[0].kind"),
        (("stress", "rules", 0, "all"), [], "stress.rules[0].all"),
        (("stress", "rules", 1, "name"), "floor_breached", "stress.rules"),
        (("stress", "living"), ["telepathy"], "stress.living"),
        (("stress", "living"), [], "stress.living"),
        (("levels", "levels_pct", "11Y"), [1.0], "levels.levels_pct"),
        (("coordination", "groups", "TFF:DEALER"), ["HEDGE"], "coordination.groups"),
        (("merge", "grid_s"), 0, "merge.grid_s"),
        (("merge", "grid_s"), 86_401, "merge.grid_s"),
        (("anomaly", "calibration_window"), 99, "anomaly.calibration_window"),
        (("floor", "charge", 0, "since"), "soon", "floor.charge[0].since"),
        (("floor", "charge"), [], "floor.charge"),
        (("positions", "extreme_share"), 0.5, "positions.extreme_share"),
        (("specialness", "near_floor_share"), 1.0, "specialness.near_floor_share"),
        (("corridor", "watched"), ["a b"], "corridor.watched[0]"),
        (("corridor", "above_bp"), [25.0], "corridor.above_bp"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused_with_its_path(path, value, blamed):
    error = refused(changed(DESK, path, value))
    assert error.path.startswith(blamed), str(error)
    assert error.reason


def test_an_unknown_signal_is_answered_with_those_there_are():
    error = refused(changed(DESK, ("stress", "rules", 0, "all", 0, "name"), "broken"))
    assert "floor.broken" in error.reason
    for detector, names in installed().signals.items():
        for name in names:
            assert f"{detector}.{name}" in error.reason


def test_a_file_says_only_what_differs(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("[floor]\nconfirm_prints = 3\n[levels.levels_pct]\n30Y = [2.0]\n")
    config = load(path=mine)
    assert config.floor.confirm_prints == 3
    assert config.floor.confirm_beyond_bp == load().floor.confirm_beyond_bp
    assert config.levels.levels_pct == {"10Y": (1.1, 1.2, 1.3, 1.5), "30Y": (2.0,)}


def test_a_file_may_name_its_preset(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('preset = "framework"\n')
    assert load("desk", mine) == load("framework")


@pytest.mark.parametrize(
    ("text", "blamed", "why"),
    [
        ('preset = "bold"\n', "preset", "must be one of"),
        ("[floor]\nconfirm_print = 2\n", "floor.confirm_print", "unknown key"),
        ("[flor]\n", "flor", "unknown key"),
        ("floor = 3\n", "floor", ""),
        ("[merge]\nlateness_s = -1\n", "merge.lateness_s", ">= 0"),
    ],
)
def test_a_file_is_refused_by_the_key_and_the_reason(tmp_path, text, blamed, why):
    mine = tmp_path / "mine.toml"
    mine.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path=mine)
    assert caught.value.path == blamed
    assert why in caught.value.reason
    assert caught.value.reason.endswith(f"(in {mine})")
    assert str(caught.value) == f"{caught.value.path}: {caught.value.reason}"


@pytest.mark.parametrize("raw", [b"floor = [", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_what_is_not_toml_is_refused_by_the_name_of_the_file(tmp_path, raw):
    mine = tmp_path / "mine.toml"
    mine.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load(path=mine)
    assert caught.value.path == str(mine)
    assert "is not TOML" in caught.value.reason


def test_a_missing_file_and_a_directory_are_refused_by_their_names(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError) as caught:
            load(path=path)
        assert caught.value.path == str(path)
        assert "cannot be read" in caught.value.reason


def test_an_unknown_preset_is_refused():
    with pytest.raises(ConfigError) as caught:
        load("bold")
    assert caught.value.path == "preset"
    assert "desk, framework" in caught.value.reason


def test_the_hash_is_of_the_content_alone(tmp_path):
    assert config_hash(load()) == config_hash(load())
    again = tmp_path / "again.toml"
    again.write_text(f"[floor]\nconfirm_prints = {load().floor.confirm_prints}\n")
    assert config_hash(load(path=again)) == config_hash(load())
    backwards = {key: DESK[key] for key in reversed(DESK)}
    assert config_hash(parse(backwards)) == config_hash(load())
    assert len(config_hash(load())) == 16


def _other(path: Path, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=1)
    if isinstance(value, int):
        return value - 1 if path[-1] == "amplified_count" else value + 1
    return value * 1.01 + 0.001 if isinstance(value, float) else None


def test_the_hash_changes_with_every_number():
    """No two changes give the same hash either."""
    paths = [path for path, value in walk(DESK) if _other(path, value) is not None and "all" not in path]
    assert len(paths) > 150
    hashes = {config_hash(load()): "the preset"}

    def same(path: Path) -> str | None:
        changed_hash = config_hash(parse(changed(DESK, path, _other(path, at(DESK, path)))))
        before = hashes.setdefault(changed_hash, named(path))
        return None if before == named(path) else f"the hash is that of {before}"

    assert offenders(paths, same) == []


def test_the_hash_tells_the_presets_and_the_order_of_rules_apart():
    hashes = {config_hash(load("desk")), config_hash(load("framework"))}
    config = load("desk")
    turned = msgspec.structs.replace(config.stress, rules=tuple(reversed(config.stress.rules)))
    hashes.add(config_hash(msgspec.structs.replace(config, stress=turned)))
    assert len(hashes) == 3
