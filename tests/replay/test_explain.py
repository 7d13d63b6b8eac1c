"""Every transition is reproduced from the snapshot before it and the events it names; what was changed is found out."""

from pathlib import Path

import msgspec
import orjson
import pytest
from click.testing import CliRunner, Result

from crunchwatch import main
from detectors.config import load
from detectors.events import Event, Heartbeat
from detectors.signals import Cause, Output, Signal, Transition, content_id, to_json
from replay.backtest.explain import UnknownIdError, explain, find, read, taken
from replay.backtest.reproduce import reproduce, reproductions
from replay.errors import DataError
from replay.scenarios.scenario import Script, script_of
from tests.support.shared import backtested, played, year, year_files
from tests.support.shared import run as backtest


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"COLUMNS": "160"})


@pytest.fixture(scope="session")
def said() -> list[Output]:
    return backtested("feb2021").outputs


@pytest.fixture(scope="session")
def briefly() -> tuple[list[Event], Transition, tuple[Cause, ...]]:
    """The shorter story, its step into default, and the causes of the step's own moment."""
    events = year().events
    step = next(one for one in steps(backtest(year(), load()).outputs) if one.to_state == "de_facto_default")
    return events, step, reproduce(events, load(), step).given


@pytest.fixture(scope="session")
def short() -> list[Output]:
    """What a command says of the shorter story's files."""
    return backtest(script_of(year_files(), None, None), load()).outputs


@pytest.fixture(scope="session")
def lines(short: list[Output], tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("outputs") / "year.jsonl"
    file.write_bytes(b"".join(to_json(output) + b"\n" for output in short))
    return file


def steps(outputs: list[Output]) -> list[Transition]:
    return [output for output in outputs if isinstance(output, Transition)]


@pytest.mark.slow("a second pass through five years, in which each transition is made again from the snapshot before")
@pytest.mark.parametrize(("scenario", "preset"), [("bundled", "desk"), ("feb2021", "framework")])
def test_every_transition_is_reproduced_by_the_events_it_names(scenario: str, preset: str) -> None:
    wanted = steps(backtested(scenario, preset).outputs)
    assert len(wanted) >= 4
    assert any(step.to_state == "normal" for step in wanted)
    proofs = list(reproductions(played(scenario).events, load(preset), wanted))
    assert [proof.id for proof in proofs] == [step.id for step in wanted]
    assert {proof.verdict for proof in proofs} == {"reproduced"}
    assert all(proof.absent == () for proof in proofs)
    for step, proof in zip(wanted, proofs, strict=True):
        assert {*proof.applied, *proof.given} == set(step.causes)  # nothing but what it names
        assert step.to_state != "normal" or proof.given == ()  # a step that time brought needs no event
        assert proof.snapshot_bytes > 1000


@pytest.mark.slow("one of each signal, made again from snapshots along four years")
def test_signals_are_reproduced_too(feb2021: Script, said: list[Output]) -> None:
    one_of_each = {(one.detector, one.name, one.active): one for one in said if isinstance(one, Signal)}
    proofs = list(reproductions(feb2021.events, load(), one_of_each.values()))
    detector = {one.id: one.detector for one in one_of_each.values()}
    assert [detector[proof.id] for proof in proofs if not proof.reproduced] == []
    assert len(proofs) == len(one_of_each) > 10


def test_without_an_event_it_names_it_does_not_come(briefly: tuple[list[Event], Transition, tuple[Cause, ...]]) -> None:
    events, step, given = briefly
    assert given
    less = [event for event in events if Cause(event.source, event.sequence) not in given]
    proof = reproduce(less, load(), step)
    assert (proof.verdict, proof.given) == ("not reproduced", ())
    assert set(proof.absent) == set(given)


def test_a_changed_event_brings_another_record(briefly: tuple[list[Event], Transition, tuple[Cause, ...]]) -> None:
    events, step, given = briefly
    changed = [
        msgspec.structs.replace(event, provenance="synthetic")
        if Cause(event.source, event.sequence) in given and not isinstance(event, Heartbeat)
        else event
        for event in events
    ]
    proof = reproduce(changed, load(), step)
    assert proof.verdict == "not reproduced"
    assert "provenance" in proof.why


@pytest.mark.slow("the command, which loads the story and plays it up to the step")
@pytest.mark.parametrize("how", ["content alone", "content and id"])
def test_a_tampered_file_is_found_out(lines: Path, short: list[Output], tmp_path: Path, how: str) -> None:
    step = steps(short)[0]
    forged = msgspec.structs.replace(step, kind="invented")
    if how == "content and id":
        forged = msgspec.structs.replace(forged, id=content_id(forged))
    file = tmp_path / "forged.jsonl"
    file.write_bytes(lines.read_bytes().replace(to_json(step), to_json(forged)))
    shown = run("explain", forged.id, "--outputs", str(file), "--data", str(year_files()))
    assert shown.exit_code == 1
    assert ("altered" if how == "content alone" else "not reproduced") in shown.stdout
    assert run("explain", steps(short)[1].id, "--outputs", str(file), "--data", str(year_files())).exit_code == 0


def test_all_evidence_is_there_down_to_the_events(feb2021: Script, said: list[Output]) -> None:
    by_id = {output.id: output for output in said}
    for step in steps(said):
        told = explain(step, said, feb2021.events)
        assert [reason.evidence for reason in told.rules] == list(step.evidence)
        assert {Cause(event.source, event.sequence) for event in told.events} == set(step.causes)
        assert [unseen.feed for unseen in told.blind] == list(step.blind_on)
        assert told.absent == ()
        for reason in told.rules:
            assert [one.signal.id for one in reason.signals] == list(reason.evidence.signals)
            assert all(by_id[one.signal.id] == one.signal for one in reason.signals)
            assert all(len(one.events) == len(one.signal.causes) for one in reason.signals)


def test_a_feed_is_blind_since_it_was_said_or_was_never_heard(feb2021: Script, said: list[Output]) -> None:
    told = explain(steps(said)[-1], said, feb2021.events)
    unseen = {one.feed: one for one in told.blind}
    assert unseen["fails"].never_heard
    assert unseen["fails"].since is None
    blind = next(one for one in said if isinstance(one, Signal) and one.name == "blind" and one.subject == "specials")
    assert (unseen["specials"].since, unseen["specials"].never_heard) == (blind.known, False)


@pytest.mark.slow("the command, which loads the story and plays it up to the step")
def test_the_tree_tells_values_with_units_in_new_york_time(short: list[Output], lines: Path) -> None:
    step = next(one for one in steps(short) if one.to_state == "de_facto_default")
    shown = run("explain", step.id[:12], "--outputs", str(lines), "--data", str(year_files()))
    assert shown.exit_code == 0, shown.output
    text = " ".join(shown.stdout.split())
    for wanted in (step.id, "crunch → de_facto_default", "EST", "floor -3 %", "threshold -3", "rate -4 %",
                   "quoted.special.10Y-OTR #1", step.config_hash, "flows: never heard before",
                   "replay check: reproduced"):  # fmt: skip
        assert wanted in text


def test_as_one_object(short: list[Output], lines: Path) -> None:
    step = steps(short)[0]
    shown = run("explain", step.id, "--outputs", str(lines), "--data", str(year_files()), "--json")
    assert shown.exit_code == 0
    (line,) = shown.stdout.splitlines()
    told = orjson.loads(line)
    assert told["output"] == orjson.loads(to_json(step))
    assert told["check"]["reproduced"] is True
    assert {event["source"] for event in told["events"]} == {cause.source for cause in step.causes}


@pytest.mark.usefixtures("remembered")
def test_the_bundled_backtest_is_looked_through_by_default(said: list[Output]) -> None:
    shown = run("explain", steps(said)[0].id[:10], "--json")
    assert shown.exit_code == 0
    assert orjson.loads(shown.stdout)["output"]["id"] == steps(said)[0].id


def test_an_unknown_id_lists_the_ids_there_are(short: list[Output], lines: Path) -> None:
    shown = run("explain", "nothing-like-it", "--outputs", str(lines))
    assert shown.exit_code == 2
    assert all(step.id in shown.stderr for step in steps(short))
    assert "Traceback" not in shown.stderr


def test_a_prefix_of_several_is_refused_and_a_transition_goes_before_signals(said: list[Output]) -> None:
    signal = next(one for one in said if isinstance(one, Signal))
    one, other, step = (
        msgspec.structs.replace(made, id=name)
        for made, name in ((signal, "ab1"), (signal, "ab2"), (steps(said)[0], "ac1"))
    )
    assert find([one, other, step], "AB2") == other
    assert find([one, other, step, step], "a") == step
    for several in ("ab", "", "b"):
        with pytest.raises(UnknownIdError):
            find([one, other, step], several)
    with pytest.raises(UnknownIdError, match="2 ids begin with 'ab'"):
        find([one, other, step], "ab")


def test_a_signal_that_is_not_in_the_file_is_named(short: list[Output], tmp_path: Path) -> None:
    file = tmp_path / "transitions.jsonl"
    file.write_bytes(b"\n".join(to_json(step) for step in steps(short)))
    shown = run("explain", steps(short)[0].id, "--outputs", str(file), "--data", str(year_files()))
    assert shown.exit_code == 0
    assert "not among these records" in shown.stdout


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"type":"signal"}', b"\xff"])
def test_a_line_that_is_no_output_is_named(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(DataError, match=r"bad\.jsonl:2: is neither a signal"):
        read(file)


def test_another_configuration_is_said_to_be_one(short: list[Output], lines: Path) -> None:
    shown = run(
        "explain", steps(short)[0].id, "--outputs", str(lines), "--data", str(year_files()), "--preset", "framework"
    )
    assert shown.exit_code == 1
    assert "other configuration" in shown.stdout


def test_what_goes_together(lines: Path) -> None:
    assert run("explain", "a", "--scenario", "feb2021", "--data", ".").exit_code == 2
    assert run("explain", "a", "--broker", "kafka://127.0.0.1:1", "--outputs", str(lines)).exit_code == 2


def test_only_what_the_engine_took_counts(feb2021: Script) -> None:
    early = [event for event in feb2021.events if event.known < feb2021.events[0].known + 30 * 86_400 * 10**9]
    figures = [event for event in early if not isinstance(event, Heartbeat)]
    late = msgspec.structs.replace(figures[5], sequence=10**6)
    reused = msgspec.structs.replace(figures[-1], ts=figures[-1].ts - 1)
    assert taken([*early, figures[-1], late, reused], load(), "UST") == early
