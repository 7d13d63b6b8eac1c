"""The decoder: every bad message has its name, every good one comes back, and nothing ever raises."""

import json
import math
import random

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors import codec
from detectors import events as ev
from detectors.events.catalogue import kinds_by_tag
from tests.detectors.samples import SAMPLES

KEY = b"UST"
QUOTE = orjson.loads(codec.encode(SAMPLES[0]))


def reasons(raw: bytes | None, key: bytes | None = KEY, stream: str | None = None) -> list[str]:
    decoded = codec.decode(raw, key=key, stream=stream)
    assert len(decoded.events) == 0
    return [reject.reason for reject in decoded.rejects]


def altered(**fields: object) -> bytes:
    return orjson.dumps({**QUOTE, **fields})


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_every_kind_comes_back_as_it_went(event: ev.Event) -> None:
    decoded = codec.decode(codec.encode(event), key=KEY, stream=ev.stream_of(event))
    assert decoded.rejects == []
    assert decoded.events == [(0, event)]


def test_samples_cover_every_kind() -> None:
    assert {type(event) for event in SAMPLES} == set(ev.KINDS)


def test_a_frame_keeps_order_and_spoils_only_its_bad_elements() -> None:
    raw = orjson.dumps([QUOTE, {**QUOTE, "mid_pct": 154.0}, 7, {**QUOTE, "sequence": 2}])
    decoded = codec.decode(raw, key=KEY, stream="yields")
    assert [(index, event.sequence) for index, event in decoded.events] == [(0, 1), (3, 2)]
    assert [(reject.index, reject.reason) for reject in decoded.rejects] == [(1, "wrong_unit"), (2, "not_a_record")]
    assert orjson.loads(decoded.rejects[0].raw)["mid_pct"] == 154.0


@pytest.mark.parametrize(
    ("raw", "key", "reason"),
    [
        (altered(), None, "missing_key"),
        (altered(), b"", "missing_key"),
        (altered(), b"\xff\xfe", "bad_key"),
        (altered(), b"U" * 65, "bad_key"),
        (altered(), b"UKT", "key_mismatch"),
        (None, KEY, "empty"),
        (b"", KEY, "empty"),
        (b"[]", KEY, "empty"),
        (b"{}", KEY, "empty"),
        (b"12", KEY, "not_a_record"),
        (b"[[1]]", KEY, "not_a_record"),
        (altered()[:-9], KEY, "bad_json"),
        (altered()[:40] + b"\xc3\x28" + altered()[40:], KEY, "bad_utf8"),
        (json.dumps({**QUOTE, "mid_pct": math.nan}).encode(), KEY, "bad_json"),
        (json.dumps({**QUOTE, "mid_pct": math.inf}).encode(), KEY, "bad_json"),
        (b"[" * 100_000, KEY, "bad_json"),
        (b'"' + b"x" * 10_000_000 + b'"', KEY, "too_large"),
        (orjson.dumps([QUOTE] * 6_000), KEY, "too_large"),
        (orjson.dumps([7] * 5_001), KEY, "frame_too_long"),
        (altered(kind="bond"), KEY, "unknown_kind"),
        (altered(kind=["yield_quote"]), KEY, "unknown_kind"),
        (orjson.dumps({name: QUOTE[name] for name in QUOTE if name != "kind"}), KEY, "unknown_kind"),
        (altered(tenor="11Y"), KEY, "bad_field"),
        (altered(mid_pct="1.12"), KEY, "bad_field"),
        (altered(mid_bp=112), KEY, "bad_field"),
        (altered(ts=None), KEY, "bad_field"),
        (altered(mid_pct=None), KEY, "missing_value"),
        (altered(mid_pct=112.0), KEY, "wrong_unit"),
        (altered(mid_pct=1e300), KEY, "wrong_unit"),
        (altered(ts=QUOTE["ts"] // 10**9), KEY, "wrong_unit"),
        (altered(known=QUOTE["known"] // 10**6), KEY, "wrong_unit"),
        (altered(ts=2**62), KEY, "out_of_range"),
        (altered(known=QUOTE["ts"] - 1), KEY, "out_of_range"),
        (altered(sequence=-1), KEY, "out_of_range"),
        (altered(source="x" * 65), KEY, "bad_name"),
        (altered(source="a\nb"), KEY, "bad_name"),
        (altered(bid_pct=1.0, ask_pct=1.1), KEY, "crossed"),
        (altered(mid_pct=1.5, bid_pct=1.4, ask_pct=1.3), KEY, "crossed"),
    ],
)
def test_each_fault_has_its_name(raw: bytes | None, key: bytes | None, reason: str) -> None:
    assert reasons(raw, key) == [reason]


def test_an_event_on_another_streams_topic_is_refused() -> None:
    assert reasons(altered(), stream="repo") == ["wrong_stream"]


def test_what_is_kept_of_a_reject_is_bounded() -> None:
    deep = b'{"kind":"heartbeat","x":' + b"[" * 900 + b"]" * 900 + b"}"
    for raw in (b"x" * 900_000, altered(source="y" * 100_000), deep):
        (reject,) = codec.decode(raw, key=KEY).rejects
        assert 0 < len(reject.raw) <= codec.DEFAULT_LIMITS.reject_bytes
        assert len(reject.detail) <= 300


def check_total(raw: bytes | None, key: bytes | None) -> None:
    decoded = codec.decode(raw, key=key)
    assert decoded.events or decoded.rejects
    for _, event in decoded.events:
        assert key is not None
        assert event.market.encode() == key


def test_ten_thousand_random_bytes_never_raise() -> None:
    dice = random.Random(1)
    for _ in range(10_000):
        key = dice.choice([None, KEY, dice.randbytes(dice.randint(0, 70))])
        check_total(dice.randbytes(dice.randint(0, 400)), key)


# Hypothesis, which finds the smallest input but takes its time, asks less often than the dice before it.
@settings(max_examples=2_000, deadline=None)
@given(
    raw=st.one_of(st.none(), st.binary(max_size=400)), key=st.one_of(st.none(), st.just(KEY), st.binary(max_size=70))
)
@example(raw=b"[1e999]", key=KEY)
def test_random_bytes_never_raise(raw: bytes | None, key: bytes | None) -> None:
    check_total(raw, key)


FIELDS = sorted({name for event in SAMPLES for name in orjson.loads(codec.encode(event))})
JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=80),
        st.sampled_from(FIELDS),
        st.sampled_from(sorted(kinds_by_tag())),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def junk(dice: random.Random, depth: int = 3) -> object:
    """A value of any kind, as JUNK makes them."""
    inner = [junk(dice, depth - 1) for _ in range(dice.randint(0, 3))] if depth else []
    return dice.choice(
        [
            None,
            dice.random() < 0.5,
            dice.choice([0, -1, 2**63, 2**64, -(2**63) - 1, dice.randint(-(10**20), 10**20)]),
            dice.choice([0.0, -0.0, math.nan, math.inf, -math.inf, 1e308, 5e-324, dice.gauss(0, 1e6)]),
            "".join(
                chr(dice.choice([dice.randrange(128), dice.randrange(0x110000)])) for _ in range(dice.randint(0, 9))
            ),
            dice.choice(FIELDS),
            dice.choice(sorted(kinds_by_tag())),
            inner,
            dict(zip(dice.choices(FIELDS, k=len(inner)), inner, strict=True)),
        ]
    )


def test_five_thousand_records_with_a_field_or_bytes_replaced_never_raise() -> None:
    dice = random.Random(2)
    for _ in range(5_000):
        record = {**orjson.loads(codec.encode(dice.choice(SAMPLES))), dice.choice(FIELDS): junk(dice)}
        text = json.dumps([record] if dice.random() < 0.5 else record)
        check_total(text.encode("utf-8", "surrogatepass"), KEY)
        raw = bytearray(codec.encode(dice.choice(SAMPLES)))
        for _ in range(dice.randint(0, 6)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        check_total(bytes(raw[: dice.choice([len(raw), dice.randint(0, len(raw))])]), KEY)


@settings(max_examples=1_000, deadline=None)
@given(event=st.sampled_from(SAMPLES), field=st.sampled_from(FIELDS), value=JUNK, framed=st.booleans())
def test_records_with_a_field_replaced_never_raise(event: ev.Event, field: str, value: object, framed: bool) -> None:
    record = {**orjson.loads(codec.encode(event)), field: value}
    text = json.dumps([record] if framed else record)
    check_total(text.encode("utf-8", "surrogatepass"), KEY)


@settings(max_examples=1_000, deadline=None)
@given(event=st.sampled_from(SAMPLES), data=st.data())
def test_records_with_bytes_replaced_never_raise(event: ev.Event, data: st.DataObject) -> None:
    raw = bytearray(codec.encode(event))
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=6)):
        raw[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    check_total(bytes(raw[:cut]) if data.draw(st.booleans()) else bytes(raw), KEY)
