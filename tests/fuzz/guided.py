"""The decoder under atheris: inputs that reach new branches are kept and changed further.

An input is two bytes (which key, which stream) and the message's value. Half of the changes are made to the JSON: a
good event's field is replaced, dropped, doubled, wrapped; the other half to its bytes. Whatever comes, decoding raises
nothing, says something, says the same twice, and what it takes it can write and take again.

    python -m tests.fuzz.guided -runs=1000000
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson

KEYS: tuple[bytes | None, ...] = (b"UST", b"UST", b"UST", b"UKT", None, b"", b"\xff", b"U" * 65)
MAX_BYTES = 4_096


def check(data: bytes) -> None:
    """What must hold of any input."""
    from detectors import codec
    from detectors.events import STREAMS, stream_of

    head, raw = data[:2].ljust(2, b"\0"), data[2:]
    key = KEYS[head[0] % len(KEYS)]
    stream = (None, *STREAMS)[head[1] % (len(STREAMS) + 1)]
    decoded = codec.decode(raw, key=key, stream=stream)
    assert decoded.events or decoded.rejects
    assert codec.decode(raw, key=key, stream=stream) == decoded
    places = [index for index, _ in decoded.events] + [one.index for one in decoded.rejects]
    assert len(places) == len(set(places))
    for reject in decoded.rejects:
        assert len(reject.raw) <= codec.DEFAULT_LIMITS.reject_bytes
        assert len(reject.detail) <= 300
    for _, event in decoded.events:
        assert key == event.market.encode()
        assert stream in {None, stream_of(event)}
        again = codec.decode(codec.encode(event), key=key, stream=stream)
        assert again.rejects == []
        assert again.events == [(0, event)]


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """A change of the record if the value is JSON, of the bytes if it is not, or by a toss."""
    import atheris

    dice = random.Random(seed)
    try:
        content = orjson.loads(data[2:])
    except orjson.JSONDecodeError:
        content = None
    if content is None and dice.random() < 0.5:
        content = orjson.loads(dice.choice(samples())[2:])
    if content is None or dice.random() < 0.5:
        changed: bytes = atheris.Mutate(data, max_size)
        return changed
    head = data[:2] if dice.random() < 0.9 else bytes([dice.randrange(256), dice.randrange(256)])
    text = json.dumps(_changed(content, dice), separators=(",", ":")).encode("utf-8", "surrogatepass")
    return (head.ljust(2, b"\0") + text)[:max_size]


def _changed(content: Any, dice: random.Random) -> Any:
    from tests.fuzz.messages import JUNK

    if isinstance(content, list):
        if content and dice.random() < 0.7:
            at = dice.randrange(len(content))
            return [*content[:at], _changed(content[at], dice), *content[at + dice.randint(0, 1) :]][:50]
        return [*content, orjson.loads(dice.choice(samples())[2:])][:50]
    if not isinstance(content, dict) or dice.random() < 0.1:
        return [content]
    record = dict(content)
    field = dice.choice([*record, "kind"])
    value = record.get(field)
    roll = dice.random()
    if roll < 0.15:
        record.pop(field, None)
    elif roll < 0.5 and isinstance(value, int | float):
        record[field] = dice.choice([-value, value * 10**3, value / 10**9, int(value), value + 1, value - 1])
    elif roll < 0.6:
        other = orjson.loads(dice.choice(samples()[:-2])[2:])  # not the frames
        record.update({name: other[name] for name in dice.sample(list(other), 2)})
    else:
        record[field] = dice.choice(JUNK)
    return record


def samples() -> list[bytes]:
    """One good event of every kind, each on its stream, and two frames."""
    from detectors import codec
    from detectors.events import STREAMS, stream_of
    from tests.detectors.samples import SAMPLES

    single = [bytes([0, STREAMS.index(stream_of(event)) + 1]) + codec.encode(event) for event in SAMPLES]
    frames = [b"\0\0[" + codec.encode(SAMPLES[0]) + b"," + codec.encode(SAMPLES[one]) + b"]" for one in (1, 10)]
    return single + frames


def main() -> None:
    import atheris

    with atheris.instrument_imports(include=["detectors"]):
        from detectors import checks, codec, events

    assert checks.check
    assert codec.decode
    assert events.KINDS
    with tempfile.TemporaryDirectory() as folder:
        for number, sample in enumerate(samples()):
            (Path(folder) / str(number)).write_bytes(sample)
        options = [f"-max_len={MAX_BYTES}", f"-artifact_prefix={tempfile.gettempdir()}/crunchwatch-fuzz-"]
        atheris.Setup([sys.argv[0], *options, *sys.argv[1:], folder], check, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
