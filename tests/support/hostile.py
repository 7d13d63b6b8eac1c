"""What a producer might send that means harm: well-formed events that name something new each time, floods, garbage."""

from __future__ import annotations

import json
import os
import pickle
import random
from pathlib import Path
from typing import Any, get_args

import msgspec
import orjson

from detectors import events as ev
from detectors.calendar import NS

DAY = 86_400 * NS
START = 1_600_000_000 * NS


class Bomb:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._mark),)


def pickles(mark: Path) -> list[bytes]:
    """The same bomb in every protocol."""
    return [pickle.dumps(Bomb(mark), protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]


def garbage(rng: random.Random, mark: Path) -> list[bytes]:
    """Values that are no events."""
    deep = b"[" * 400_000 + b"]" * 400_000
    return [
        *pickles(mark),
        deep,
        b'{"kind":' * 5_000 + b"1" + b"}" * 5_000,
        b"[" + b"1," * 5_000 + b"1]",
        b"[" + b",".join([b'{"kind":"yield_quote"}'] * 4_000) + b"]",
        b'{"kind":"heartbeat","market":"' + b"A" * 900_000 + b'"}',
        b'{"kind":"yield_quote","sequence":' + b"9" * 100_000 + b"}",
        b"\xff\xfe" * 1_000,
        b"NaN",
        b"",
        json.dumps({"kind": "__import__('os').mkdir('x')"}).encode(),
        rng.randbytes(100_000),
    ]


def name(rng: random.Random) -> str:
    """As long as a name may be, and as hard to compress."""
    return "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=64))


def roster(market: str, known: int, sequence: int = 0) -> list[ev.Event]:
    """A heartbeat on every stream, each naming all."""
    return [
        ev.Heartbeat(
            market=market,
            source=f"hb-{stream}",
            sequence=sequence,
            ts=known,
            known=known,
            provenance="synthetic",
            stream=stream,
            roster=ev.STREAMS,
        )
        for stream in ev.STREAMS
    ]


def flood(market: str, count: int, rng: random.Random, known: int = START) -> list[ev.Event]:
    """Swap rates in order, a second apart, that nothing lets out; each with names of its own."""
    return [
        ev.SwapRate(
            market=market,
            source=name(rng),
            sequence=rng.randrange(2**62),
            ts=known,
            known=known + number * NS,
            provenance="synthetic",
            tenor="10Y",
            index=name(rng),
            rate_pct=rng.uniform(-1, 5),
        )
        for number in range(count)
    ]


def novelties(market: str, count: int, rng: random.Random) -> list[ev.Event]:
    """Events of all kinds that name a new source, issue, contract or index each, with heartbeats between them."""
    made: list[ev.Event] = roster(market, START)
    now = START
    for number in range(1, count + 1):
        now += rng.choice((60, 600, 3600)) * NS
        made.append(_novelty(market, number, now, rng))
        if number % 20 == 0:
            made += roster(market, now, number)
    return made


def _novelty(market: str, number: int, now: int, rng: random.Random) -> ev.Event:
    base: dict[str, Any] = {
        "market": market,
        "source": name(rng),
        "sequence": number,
        "ts": now - rng.choice((0, 0, 0, 1, 5, 30, 400)) * DAY,
        "known": now,
        "provenance": rng.choice(get_args(ev.Provenance)),
    }
    tenor, money, rate = rng.choice(get_args(ev.Tenor)), rng.uniform(1e6, 1e12), rng.uniform(-5, 20)
    makers: tuple[Any, ...] = (
        lambda: ev.YieldQuote(**base, tenor=tenor, statistic="close", mid_pct=rate, cusip=name(rng)),
        lambda: ev.RepoPrint(
            **base, segment=rng.choice(get_args(ev.RepoSegment)), instrument=name(rng), rate_pct=rate, statistic="close"
        ),
        lambda: ev.RepoPrint(**base, segment="GC", instrument="SOFR", rate_pct=rate, statistic="average"),
        lambda: ev.FuturesPosition(
            **base,
            contract=name(rng),
            report="TFF",
            category=rng.choice(get_args(ev.PositionCategory)),
            long_contracts=rng.uniform(0, 1e6),
            short_contracts=rng.uniform(0, 1e6),
            as_of=base["ts"],
        ),
        lambda: ev.SettlementFail(
            **base, scope="issue", issue=name(rng), period=rng.choice(get_args(ev.Period)), to_deliver_usd=money
        ),
        lambda: ev.PolicyRate(
            **base, target_low_pct=rng.uniform(0, 1), target_high_pct=rng.uniform(1, 2), iorb_pct=1.5
        ),
        lambda: ev.ReverseRepo(**base, facility="ON_RRP", takeup_usd=money),
        lambda: ev.FundFlow(**base, fund_type=rng.choice(ev.FUND_TYPES), flow_usd=money, period="week"),
        lambda: ev.EquityIndex(
            **base, index=name(rng), level_points=rng.uniform(1, 1e5), session="close", local_shock=name(rng)
        ),
        lambda: ev.AuctionResult(**base, tenor=tenor, high_yield_pct=rng.uniform(0, 5), when_issued_pct=1.0),
    )
    event: ev.Event = rng.choice(makers)()
    return event


def frames(events: list[ev.Event], size: int = 400) -> list[tuple[str, bytes]]:
    """Stream and value of messages that hold the events in their order, stream by stream."""
    sorted_out: dict[str, list[Any]] = {}
    for event in events:
        plain = {key: value for key, value in msgspec.to_builtins(event).items() if value is not None}
        sorted_out.setdefault(ev.stream_of(event), []).append(plain)
    return [
        (stream, orjson.dumps(plain[begin : begin + size]))
        for stream, plain in sorted_out.items()
        for begin in range(0, len(plain), size)
    ]
