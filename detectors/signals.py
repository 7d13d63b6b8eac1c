"""What goes out: signals of the detectors and transitions of the state, each with its evidence.

An output's id is a hash of its content, so the same facts give the same id whichever way the events came, live or in
a backtest, once or twice. Where the causing events lay in Kafka is not content and is kept outside.
"""

import hashlib
from typing import Literal

import msgspec
import orjson

from detectors.events import Provenance

State = Literal["normal", "crunch", "de_facto_default"]
STATES: tuple[State, ...] = ("normal", "crunch", "de_facto_default")

# How much carries a state: one rule, several or one with a model beside it, or only evidence that is silent now.
Confidence = Literal["low", "medium", "high"]

# How far a provenance can be trusted, best first: an output is worth as much as the weakest figure behind it.
TRUST: tuple[Provenance, ...] = ("official", "quoted", "reconstructed", "synthetic")

DECIMALS = 6


class Cause(msgspec.Struct, frozen=True, order=True):
    """One causing event, by the name its source gave it."""

    source: str
    sequence: int


class Signal(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="signal"):
    """What one detector says at one moment.

    ``level`` is 0 when the condition is off; from 1 up it grows with severity (each detector's docstring names its
    levels). ``ts`` is the moment the evidence is about (backdated where a run of closes confirms its first),
    ``known`` when it could first be said.
    """

    id: str = ""
    market: str
    ts: int
    known: int
    detector: str
    name: str
    subject: str
    level: int
    values: dict[str, float]
    rule: str
    threshold: float | None
    causes: tuple[Cause, ...]
    provenance: Provenance
    config_hash: str

    @property
    def active(self) -> bool:
        """Whether the condition holds from now on."""
        return self.level > 0


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of a transition: a rule of the stress table and the signals that made it hold, or stop holding."""

    rule: str
    holds: bool
    signals: tuple[str, ...]
    summary: str


class Transition(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="transition"):
    """A step of a market's state, with what brought it about and what the market was blind on."""

    id: str = ""
    market: str
    ts: int
    known: int
    from_state: State
    to_state: State
    kind: str
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    causes: tuple[Cause, ...]
    blind_on: tuple[str, ...]
    provenance: Provenance
    config_hash: str


Output = Signal | Transition


def to_json(output: Output) -> bytes:
    """Encode an output as canonical bytes: those on the topic, in a report and in a golden file."""
    return orjson.dumps(msgspec.to_builtins(output), option=orjson.OPT_SORT_KEYS)


def from_json(raw: bytes) -> Output:
    """Decode what :func:`to_json` wrote; raises ``msgspec.ValidationError`` on anything else."""
    output: Output = msgspec.json.decode(raw, type=Signal | Transition)
    return output


def content_id(output: Output) -> str:
    """The id of an output: 128 bits of BLAKE2b over its canonical content without the id."""
    body = msgspec.to_builtins(output)
    del body["id"]
    return hashlib.blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def rounded(values: dict[str, float]) -> dict[str, float]:
    """Round evidence to a millionth and order it by name, so that no float's last bit decides an id."""
    return {name: round(value, DECIMALS) + 0.0 for name, value in sorted(values.items())}


def weakest(provenances: set[Provenance]) -> Provenance:
    """The least trusted of several provenances.

    >>> weakest({"official", "quoted"})
    'quoted'
    """
    return max(provenances, key=TRUST.index)
