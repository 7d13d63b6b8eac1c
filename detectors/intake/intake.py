"""Intake: which records are figures to be used, which wait, and which are set aside.

Idea: a record is held against the facts there are and against its own series' past before a detector sees it.

* A repeat of a known fact is counted and used once, whatever its number and source.
* A correction is handed on with the figure it corrects, for :mod:`detectors.intake.tapes` to put in its place.
* A once-a-day figure of a day without a session is no figure.
* A figure that its series' past makes improbable (:mod:`detectors.intake.plausibility`) is *suspect*. It waits until
  the series' next figure, or a second source, bears it out; then both are used in their order, from that moment on.
  If the next figure is as ever, or the source corrects itself, it is set aside.

Signals: ``suspect`` (1), by series: a figure waits. It supports no state and moves none.
Trade-off: a true leap of that size is used a figure late. Prints, quotes and all specials never wait: a special may
fall by hundreds of basis points and is bounded by what a rate can be at all. Source: issue of the project; [D].
"""

from typing import Any, ClassVar

import msgspec

from detectors import calendar
from detectors.codec import event_of
from detectors.description import Mechanism, SignalSpec
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event
from detectors.events.catalogue import kinds_by_tag
from detectors.intake.facts import Lane, Taken, figure_fields, lane_of, moment_of, publisher, unit_of
from detectors.intake.ledger import Ledger, Standing
from detectors.intake.plausibility import agree, odd, ordinary

OUTSIDE_SESSIONS = "outside_sessions"
SUSPECT = "suspect"
SET_ASIDE = (OUTSIDE_SESSIONS, SUSPECT, Standing.OTHER_SOURCE.value, Standing.TOO_OLD.value)
"""Why a record that came in time is used by no detector."""
WAITING_KEPT = 64
SOURCES_KEPT = 64


class Figure(msgspec.Struct, frozen=True):
    """A figure to be used, and the fact it corrects, if it does."""

    event: Event
    corrects: Taken | None = None


class Admitted(msgspec.Struct):
    """What became of a record: figures to use in order, records set aside with the reason, and what is to be said.

    ``heard`` is the record where it is a sign of life of its series; a repeat and a figure of a closed day are none.
    """

    figures: list[Figure] = []
    aside: list[tuple[str, Event]] = []
    findings: list[Finding] = []
    repeated: bool = False
    heard: Event | None = None


class Intake(Detector):
    """Knows the facts there are, and keeps what waits."""

    name = "intake"
    supporting = True
    signals = (
        SignalSpec(name="suspect", label="A figure that nobody believes yet", levels=("it waits to be borne out",)),
    )
    mechanisms: ClassVar[tuple[Mechanism, ...]] = (
        Mechanism(
            source="beside both",
            says="a slip of the hand is no crisis",
            signal="suspect",
            test="test_intake.py::test_a_suspect_waits_and_is_dropped_by_the_next_figure",
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._ledger = Ledger()
        self._waiting: dict[Lane, Event] = {}
        self.counts: dict[str, dict[str, int]] = {}

    @property
    def waiting(self) -> int:
        """How many figures wait to be borne out."""
        return len(self._waiting)

    def admit(self, event: Event) -> Admitted:
        """Say what a record is; it has its place in the order, and its names are canonical."""
        found = Admitted()
        if self._closed(event):
            self._aside(found, OUTSIDE_SESSIONS, event)
            return found
        waits = self._waiting.get(lane_of(event)) if self._waiting else None
        if waits is not None:
            self._resolve(waits, event, found)
        if not found.repeated:
            self._judge(event, found)
        found.heard = None if found.repeated else event
        return found

    def _judge(self, event: Event, found: Admitted) -> None:
        standing, fact = self._ledger.standing(event)
        if standing is Standing.REPEAT:
            self._count(standing.value, event)
            found.repeated = True
        elif standing in {Standing.OTHER_SOURCE, Standing.TOO_OLD}:
            self._aside(found, standing.value, event)
        elif (why := self._oddness(event)) is not None:
            self._hold(event, why, found)
        else:
            self._take(event, fact, found)

    def _take(self, event: Event, fact: Taken | None, found: Admitted) -> None:
        if fact is not None:
            self._count(Standing.CORRECTION.value, event)
        self._ledger.take(event, fact)
        found.figures.append(Figure(event, fact))

    def _resolve(self, waits: Event, event: Event, found: Admitted) -> None:
        """A figure of the series one of whose figures waits: bears it out, or not, or repeats or corrects it."""
        if moment_of(event) == moment_of(waits) and publisher(event.source) == publisher(waits.source):
            if all(getattr(event, field) == getattr(waits, field) for field in figure_fields(type(event))):
                self._count(Standing.REPEAT.value, event)
                found.repeated = True
                return
            self._drop(waits, event, "its source corrected it", found)
            return
        if moment_of(event) < moment_of(waits):
            return  # a correction of an older day says nothing about it
        odd_fields = [field for field in event.judged() if self._odd(field, waits) is not None]
        if all(self._bears_out(field, waits, event) for field in odd_fields):
            confirmed = msgspec.structs.replace(waits, known=event.known)
            self._let_go(waits, event, "borne out by another figure", found)
            self._take(confirmed, self._ledger.standing(confirmed)[1], found)
        else:
            self._drop(waits, event, "the next figure of its series is as before", found)

    def _bears_out(self, field: str, waits: Event, event: Event) -> bool:
        value, other = getattr(waits, field), getattr(event, field)
        return other is not None and agree(field, value, other, self._ledger.past(waits, field))

    def _odd(self, field: str, event: Event) -> str | None:
        value = getattr(event, field)
        if value is None or ordinary(value, self._ledger.before(event, field)):
            return None
        return odd(field, value, self._ledger.past(event, field))

    def _oddness(self, event: Event) -> str | None:
        for field in event.judged():
            why = self._odd(field, event)
            if why is not None:
                return f"{field}: {why}"
        return None

    @staticmethod
    def _closed(event: Event) -> bool:
        if not event.days or not event.once_a_day():
            return False
        day = calendar.ny_date(event.about())
        if event.days == "weekdays":
            return day.weekday() > 4
        settles = event.days == "repo" and day in calendar.MOURNING_CLOSES  # only the cash market was closed
        return not (settles or calendar.is_business_day(day))

    def _hold(self, event: Event, why: str, found: Admitted) -> None:
        if len(self._waiting) >= WAITING_KEPT:
            oldest = next(iter(self._waiting.values()))
            self._drop(oldest, event, f"let go: more than {WAITING_KEPT} wait", found)
        self._waiting[lane_of(event)] = event
        self._count(SUSPECT, event)
        found.findings += self._say(event, 1, event, f"suspect, used by no detector: {why}")

    def _drop(self, waits: Event, event: Event, why: str, found: Admitted) -> None:
        self._let_go(waits, event, f"dropped: {why}", found)
        found.aside.append((SUSPECT, waits))
        self._count("suspect_dropped", waits)

    def _let_go(self, waits: Event, event: Event, why: str, found: Admitted) -> None:
        del self._waiting[lane_of(waits)]
        found.findings += self._say(waits, 0, event, why)

    def _say(self, waits: Event, level: int, event: Event, rule: str) -> list[Finding]:
        field = next(name for name in figure_fields(type(waits)) if getattr(waits, name) is not None)
        value = float(getattr(waits, field))
        past = self._ledger.past(waits, field)
        values = {f"suspect_{unit_of(field)}": value}
        if past:
            values[f"before_{unit_of(field)}"] = past[-1]
        readings = [Reading.of(waits, value)]
        if event is not waits:
            values[f"next_{unit_of(field)}"] = float(getattr(event, field) or 0.0)
            readings.append(Reading.of(event, 0.0))
        subject = ":".join(part for part in (waits.series(), waits.part()) if part)
        return self.set_level(
            Finding(
                name="suspect",
                subject=subject,
                level=level,
                readings=readings,
                known=event.known,
                values=values,
                rule=rule,
                ts=max(reading.ts for reading in readings) if level == 0 else waits.ts,
            )
        )

    def _aside(self, found: Admitted, why: str, event: Event) -> None:
        found.aside.append((why, event))
        self._count(why, event)

    def _count(self, what: str, event: Event) -> None:
        sources = self.counts.setdefault(what, {})
        source = event.source if event.source in sources or len(sources) < SOURCES_KEPT else "others"
        sources[source] = sources.get(source, 0) + 1

    def note(self, what: str, event: Event) -> None:
        """Count what became of a record further on."""
        self._count(what, event)

    def snapshot(self) -> dict[str, Any]:
        """The facts, what waits, and the counts."""
        return {
            **super().snapshot(),
            "ledger": self._ledger.snapshot(),
            "waiting": [msgspec.to_builtins(event) for event in self._waiting.values()],
            "counts": {what: dict(sources) for what, sources in self.counts.items()},
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back; of a kind that is no more nothing waits."""
        super().restore(plain)
        self._ledger.restore(plain["ledger"])
        there = kinds_by_tag()
        waiting = [event_of(record) for record in plain["waiting"] if record["kind"] in there]
        self._waiting = {lane_of(event): event for event in waiting}
        self.counts = {what: dict(sources) for what, sources in plain["counts"].items()}
