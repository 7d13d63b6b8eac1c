"""The chronology is matched by what a signal is about, and the record's gaps stay gaps whatever a signal says."""

import datetime as dt

import pytest

from detectors.calendar import ny
from detectors.registry import installed
from detectors.signals import Signal, Transition
from replay.backtest.scorecard import MATCHERS, ScoredClaim, claims, score


def at(day: str, clock: str = "18:00") -> int:
    return ny(dt.date.fromisoformat(day), clock)


def signal(
    detector: str, name: str, subject: str, day: str, *, level: int = 1, threshold: float | None = None, known: str = ""
) -> Signal:
    return Signal(
        id=f"{name}-{day}",
        market="UST",
        ts=at(day, "15:00"),
        known=at(known or day),
        detector=detector,
        name=name,
        subject=subject,
        level=level,
        values={"rate_pct": 1.0},
        rule="a rule",
        threshold=threshold,
        causes=(),
        provenance="official",
        config_hash="",
    )


def step(day: str, before: str, after: str) -> Transition:
    return Transition(
        id=f"{after}-{day}",
        market="UST",
        ts=at(day, "15:00"),
        known=at(day),
        from_state=before,
        to_state=after,
        kind="squeeze",
        confidence="high",
        evidence=(),
        causes=(),
        blind_on=(),
        provenance="official",
        config_hash="",
    )


def row(rows: list[ScoredClaim], day: str, series: str) -> ScoredClaim:
    return next(one for one in rows if one.claim.date.isoformat() == day and one.claim.series == series)


def test_every_row_of_the_chronology_has_a_watch_and_a_word_of_the_record() -> None:
    rows = claims()
    assert len(rows) == 11
    assert {one.series for one in rows} == set(MATCHERS)
    assert {one.date.isoformat(): one.record for one in rows if one.series == "fails to deliver"} == {
        "2021-03-04": "not in the record"
    }


def test_silence_sees_nothing_and_confirms_nothing() -> None:
    rows = score([])
    assert {one.verdict for one in rows} == {"not seen", "not in the record"}
    assert {one.state for one in rows} == {"normal"}
    assert all(one.emitted == () for one in rows)


def test_a_break_that_fails_is_told_with_its_failure() -> None:
    said = [
        signal("levels", "crossed", "10Y@1.10", "2021-01-08", threshold=1.1),
        signal("levels", "failed", "10Y@1.10", "2021-01-27", threshold=1.1),
        signal("levels", "crossed", "10Y@1.10", "2021-02-02", threshold=1.1),
        signal("levels", "sustained", "10Y@1.10", "2021-02-02", threshold=1.1, known="2021-02-08"),
    ]
    rows = score(said)
    first, second = row(rows, "2021-01-08", "DGS10"), row(rows, "2021-02-02", "DGS10")
    assert [one.id for one in first.emitted] == ["crossed-2021-01-08", "failed-2021-01-27"]
    assert [one.id for one in second.emitted] == ["crossed-2021-02-02", "sustained-2021-02-02"]
    assert second.emitted[1].known == at("2021-02-08")
    assert (first.verdict, second.verdict) == ("seen", "seen")


def test_a_jump_over_several_levels_is_told_by_the_highest() -> None:
    said = [
        signal("levels", "crossed", f"10Y@{level:.2f}", "2021-02-25", threshold=level) for level in (1.4, 1.5, 1.75)
    ]
    of_the_day = row(score(said), "2021-02-25", "DGS10").emitted
    assert [one.what.split(":")[0] for one in of_the_day] == ["levels.crossed 10Y@1.50 level 1"]


def test_a_level_crossed_earlier_is_not_a_crossing_today() -> None:
    said = [signal("levels", "crossed", "10Y@1.10", "2021-02-02", threshold=1.1)]
    assert row(score(said), "2021-02-12", "DGS10").verdict == "not seen"


def test_a_condition_that_lasts_is_seen_while_it_is_on() -> None:
    said = [
        signal("floor", "breach", "10Y-OTR", "2021-03-03", level=3),
        signal("floor", "breach", "10Y-OTR", "2021-03-10", level=0),
    ]
    rows = score(said)
    fourth = row(rows, "2021-03-04", "10Y-OTR special repo")
    assert fourth.verdict == "seen"
    assert fourth.emitted[0].what.startswith("still on: floor.breach 10Y-OTR level 3")


def test_what_happens_rather_than_holds_is_never_still_on(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [signal("floor", "breach", "10Y-OTR", "2021-03-03", level=3)]
    assert row(score(said), "2021-03-04", "10Y-OTR special repo").emitted != ()
    monkeypatch.setattr(installed(), "happens", installed().happens | {("floor", "breach")})
    assert row(score(said), "2021-03-04", "10Y-OTR special repo").emitted == ()
    assert row(score(said), "2021-03-04", "10Y-OTR special repo").verdict == "not seen"


def test_what_is_not_in_the_record_stays_so_whatever_was_said() -> None:
    said = [
        signal("floor", "breach", "10Y-OTR", "2021-03-08", level=3),
        signal("fails", "high", "total", "2021-03-04"),
    ]
    rows = score(said)
    assert row(rows, "2021-03-08", "10Y-OTR special repo").verdict == "not in the record"
    assert row(rows, "2021-03-04", "fails to deliver").verdict == "not in the record"
    assert row(rows, "2021-03-08", "10Y-OTR special repo").emitted != ()


def test_another_detector_or_subject_is_no_match() -> None:
    said = [
        signal("levels", "crossed", "30Y@1.10", "2021-02-02", threshold=1.1),
        signal("specialness", "special", "10Y-OTR", "2021-03-04", level=3),
        signal("corridor", "above", "GC:SOFR", "2021-02-05"),
    ]
    assert {one.verdict for one in score(said)} == {"not seen", "not in the record"}


def test_the_state_is_that_of_the_days_end_and_steps_are_told() -> None:
    said = [step("2021-02-25", "normal", "crunch"), step("2021-03-03", "crunch", "de_facto_default")]
    rows = score(said)
    assert row(rows, "2021-02-16", "DGS10").state == "normal"
    assert row(rows, "2021-02-25", "DGS10").state == "crunch"
    assert row(rows, "2021-02-25", "DGS10").emitted[-1].what == "normal → crunch (squeeze)"
    assert row(rows, "2021-03-04", "10Y-OTR special repo").state == "de_facto_default"
    assert row(rows, "2021-02-25", "DGS10").verdict == "not seen"  # a step is no break of a yield
