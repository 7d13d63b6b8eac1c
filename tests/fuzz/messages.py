"""Messages as a careless, a broken and a hostile producer would send them; the same seed gives the same bytes.

A few markets live through years of event time, with heartbeats on every stream, so that the merge moves and the
detectors work. Most records are good; the rest is late, early, repeated, contradicts what was said, or is damaged: a
field replaced, dropped or doubled, bytes flipped, cut off, wrapped in a frame with others, under a wrong key.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args

import orjson

from detectors import events as ev
from detectors.calendar import NS, ny

MARKETS = ("UST", "UKT", "DBR", "JGB")
START = ny(dt.date(2003, 1, 6), "00:00")
DAY_NS = 86_400 * NS
LATENESS_NS = 600 * NS
BEAT_EVERY_NS = 3_600 * NS

Record = dict[str, Any]


class Message(NamedTuple):
    """What lies on a topic."""

    topic: str
    key: bytes | None
    value: bytes | None


def _rate(dice: random.Random) -> float:
    return round(dice.gauss(1.0, 1.5), 4) if dice.random() < 0.97 else dice.choice([-25.0, 50.0, 0.0, -0.0, 1e-300])


def _money(dice: random.Random) -> float:
    return dice.choice([0.0, 1e5, 1e14, *([10 ** dice.uniform(6, 12)] * 9)])


def _name(dice: random.Random, usual: tuple[str, ...]) -> str:
    return dice.choice(usual) if dice.random() < 0.9 else f"X{dice.randint(0, 10**6)}"


def _yield_quote(dice: random.Random) -> Record:
    found: Record = {"tenor": dice.choice(get_args(ev.Tenor)), "statistic": dice.choice(get_args(ev.QuoteStatistic))}
    mid = _rate(dice)
    if dice.random() < 0.2:
        return {**found, "bid_pct": mid, "ask_pct": mid - dice.random() / 10}
    return {**found, "mid_pct": mid, "on_the_run": dice.random() < 0.5}


def _repo_print(dice: random.Random) -> Record:
    statistic = dice.choice(get_args(ev.RepoStatistic))
    extra = {"percentile": dice.choice([0, 1, 25, 75, 99, 100])} if statistic == "percentile" else {}
    return {
        "segment": dice.choice(get_args(ev.RepoSegment)),
        "instrument": _name(dice, ("TSY", "10Y-OTR", "SOFR", "TGCR", "BGCR", "30Y-OTR")),
        "rate_pct": dice.choice([-3.0, -4.25, _rate(dice), _rate(dice)]),
        "statistic": statistic,
        "volume_usd": _money(dice),
        **extra,
    }


def _futures_position(dice: random.Random) -> Record:
    return {
        "contract": _name(dice, ("TY", "FV", "US")),
        "report": dice.choice(["TFF", "LEGACY"]),
        "category": dice.choice(get_args(ev.PositionCategory)),
        "long_contracts": dice.choice([0.0, 1e9, dice.uniform(0, 1e6)]),
        "short_contracts": dice.choice([0.0, 1e9, dice.uniform(0, 1e6)]),
        "open_interest_contracts": dice.choice([None, 0.0, 4e6]),
    }


def _settlement_fail(dice: random.Random) -> Record:
    whole = dice.random() < 0.5
    return {
        "scope": "total" if whole else "issue",
        "period": dice.choice(get_args(ev.Period)),
        "to_deliver_usd": _money(dice),
        **({} if whole else {"issue": _name(dice, ("10Y-OTR", "30Y-OTR"))}),
    }


def _policy_rate(dice: random.Random) -> Record:
    low = dice.choice([0.0, 0.25, 5.25, _rate(dice)])
    return {"target_low_pct": low, "target_high_pct": low + dice.choice([0.0, 0.25]), "on_rrp_pct": low}


def _reverse_repo(dice: random.Random) -> Record:
    return {"facility": dice.choice(["ON_RRP", "SOMA_LENDING"]), "takeup_usd": _money(dice), "counterparties": 3}


def _fund_flow(dice: random.Random) -> Record:
    return {
        "fund_type": dice.choice(ev.FUND_TYPES),
        "flow_usd": dice.choice([-1, 1]) * _money(dice),
        "period": dice.choice(get_args(ev.Period)),
        "aum_usd": dice.choice([None, _money(dice)]),
    }


def _swap_rate(dice: random.Random) -> Record:
    return {
        "tenor": dice.choice(get_args(ev.Tenor)),
        "index": _name(dice, ("OIS", "LIBOR", "SOFR")),
        "rate_pct": _rate(dice),
    }


def _equity_index(dice: random.Random) -> Record:
    return {
        "index": _name(dice, ("HANG_SENG", "NIKKEI_225", "SP500", "DAX")),
        "level_points": dice.choice([1e-6, 1e7, *([dice.uniform(1e4, 3e4)] * 9)]),
        "session": dice.choice(["open", "print", "close"]),
        "local_shock": dice.choice([None, None, "TYPHOON"]),
    }


def _auction_result(dice: random.Random) -> Record:
    return {
        "tenor": dice.choice(get_args(ev.Tenor)),
        "high_yield_pct": _rate(dice),
        "when_issued_pct": dice.choice([None, _rate(dice)]),
        "bid_to_cover_ratio": dice.choice([None, 0, 2.04, 100]),
        "dealer_share_pct": dice.choice([None, 0, 39.8, 100]),
        "offering_usd": _money(dice),
    }


MAKERS: dict[str, Callable[[random.Random], Record]] = {
    "yield_quote": _yield_quote,
    "repo_print": _repo_print,
    "futures_position": _futures_position,
    "settlement_fail": _settlement_fail,
    "policy_rate": _policy_rate,
    "reverse_repo": _reverse_repo,
    "fund_flow": _fund_flow,
    "swap_rate": _swap_rate,
    "equity_index": _equity_index,
    "auction_result": _auction_result,
}
STREAM_OF_KIND = {str(kind.__struct_config__.tag): stream for kind, stream in ev.STREAM_OF.items()}
KINDS = tuple(MAKERS)
WEIGHTS = (8, 8, 2, 1, 1, 1, 2, 2, 3, 1)
JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 2**53 + 1, 2**63, 2**64 - 1, 10**19, 1e308, -1e308, 5e-324, 0.1, "", "x" * 65, "a\nb", "\u0000",
    "\U0001f4a9", [], {}, [[]], [None], {"kind": "heartbeat"}, "yield_quote", "UST", "yields", ["yields"] * 11,
)  # fmt: skip


class Fuzzer:
    """One source of messages."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self._clock = dict.fromkeys(MARKETS, START)
        self._beaten = dict.fromkeys(MARKETS, 0)
        self._jumped: set[str] = set()
        self._sequence: dict[str, int] = {}
        self._recent: list[tuple[str, Record]] = []

    def messages(self) -> Iterator[Message]:
        """Messages without end."""
        while True:
            market = self.dice.choice(MARKETS)
            if self._clock[market] - self._beaten[market] > BEAT_EVERY_NS:
                yield from self._beats(market)
            yield self._message(market)

    def _beats(self, market: str) -> Iterator[Message]:
        self._beaten[market] = now = self._clock[market]
        roster = list(ev.STREAMS) if self.dice.random() < 0.05 or market in self._jumped else []
        streams = [stream for stream in ev.STREAMS if roster or self.dice.random() < 0.95]
        self._jumped.discard(market)
        for stream in streams:
            yield Message(stream, market.encode(), orjson.dumps(self._beat(market, stream, now, roster)))

    def _beat(self, market: str, stream: str, known: int, roster: list[str]) -> Record:
        fields = {"stream": stream, "roster": roster, "ts": known, "known": known, "provenance": "synthetic"}
        return {"kind": "heartbeat", "market": market, "source": f"beat.{stream}", "sequence": 1, **fields}

    def _message(self, market: str) -> Message:
        dice = self.dice
        stream, record = self._record(market)
        frame: list[Any] | Record = record
        if dice.random() < 0.12:
            more = [self._record(market) for _ in range(dice.randint(1, 12))]
            frame = [record, *(one for its, one in more if its == stream or dice.random() < 0.1)]
            if dice.random() < 0.1:
                frame.append(dice.choice(JUNK))
        topic = dice.choice(ev.STREAMS) if dice.random() < 0.01 else stream
        return Message(topic, self._key(market), self._value(frame))

    def _key(self, market: str) -> bytes | None:
        roll = self.dice.random()
        if roll < 0.98:
            return market.encode()
        return self.dice.choice([None, b"", b"\xff\xfe", b"ust", b"U" * 65, b"UKT", market.encode() + b"\x00"])

    def _record(self, market: str) -> tuple[str, Record]:
        dice = self.dice
        roll = dice.random()
        if roll < 0.03 and self._recent:
            return self._again(dice.choice(self._recent))
        if roll < 0.04:
            return self._odd_beat(market)
        kind = dice.choices(KINDS, WEIGHTS)[0]
        stream = STREAM_OF_KIND[kind]
        known = self._moment(market)
        ts = known - dice.choice([0, 0, 0, NS, 3_600 * NS, DAY_NS, 3 * DAY_NS, dice.randint(0, 400) * DAY_NS])
        source = f"{stream}.{_name(dice, ('a', 'b'))}"
        record = {
            "kind": kind,
            "market": market if dice.random() < 0.998 else f"M{dice.randint(0, 999)}",
            "source": source,
            "sequence": self._next(f"{market}.{source}"),
            "ts": ts,
            "known": known,
            "provenance": dice.choice(get_args(ev.Provenance)),
            **MAKERS[kind](dice),
        }
        if kind == "futures_position":
            record["as_of"] = ts
        if kind == "policy_rate" and dice.random() < 0.5:
            record["ts"] = known + dice.randint(0, 40) * DAY_NS
        if dice.random() < 0.05:
            self._spoil(record)
        self._recent.append((stream, record))
        del self._recent[:-200]
        return stream, record

    def _next(self, source: str) -> int:
        roll = self.dice.random()
        last = self._sequence.get(source, 0)
        if len(self._sequence) > 5_000:
            self._sequence.clear()
        if roll < 0.002:
            last = -1  # a gateway that begins anew
        elif roll < 0.01:
            last += self.dice.randint(1, 10_000)
        self._sequence[source] = last + 1
        return last + 1

    def _moment(self, market: str) -> int:
        dice = self.dice
        roll = dice.random()
        if roll < 0.0002 and market not in self._jumped:
            # Weeks without a word. Every stream hears of it in time, or it would be further behind than is believed.
            self._clock[market] += dice.randint(1, 25) * DAY_NS
            self._jumped.add(market)
        self._clock[market] += round(dice.expovariate(1 / 120) * NS)
        now = self._clock[market]
        if roll < 0.80:
            return now
        if roll < 0.97:
            return now - dice.randint(0, LATENESS_NS)
        if roll < 0.99:
            return now - LATENESS_NS - dice.randint(1, 10 * DAY_NS)
        return now + dice.choice([31, 400, 40_000]) * DAY_NS

    def _again(self, said: tuple[str, Record]) -> tuple[str, Record]:
        stream, record = said
        if self.dice.random() < 0.7:
            return said
        return stream, {**record, "provenance": "reconstructed", "ts": record.get("ts", 0)}

    def _odd_beat(self, market: str) -> tuple[str, Record]:
        dice = self.dice
        stream = dice.choice(ev.STREAMS)
        away = dice.choice([-DAY_NS, -365 * DAY_NS, 0, 31 * DAY_NS, 40_000 * DAY_NS])
        roster = dice.sample(ev.STREAMS, dice.randint(0, len(ev.STREAMS)))
        return stream, self._beat(market, stream, self._clock[market] + away, list(roster))

    def _spoil(self, record: Record) -> None:
        field = self.dice.choice(list(record))
        if self.dice.random() < 0.2:
            del record[field]
        elif self.dice.random() < 0.1:
            record[self.dice.choice(["mid_bp", "", "kind ", "roster"])] = self.dice.choice(JUNK)
        else:
            record[field] = self.dice.choice(JUNK)

    def _value(self, frame: list[Any] | Record) -> bytes | None:
        dice = self.dice
        roll = dice.random()
        if roll < 0.92:
            return _dumps(frame)
        if roll < 0.925:
            return dice.choice([None, b"", b"[]", b"{}", b"null", b"1", b"[" * 5_000, b'"\\ud800"', b"\xef\xbb\xbf{}"])
        if roll < 0.93:
            return json.dumps(frame).replace(": 1", ": NaN", 1).encode()
        raw = bytearray(_dumps(frame))
        if roll < 0.95:
            return bytes(raw[: dice.randint(0, len(raw))])
        for _ in range(dice.randint(1, 4)):
            raw[dice.randrange(len(raw))] = dice.choice([dice.randint(0, 255), dice.choice(b'{}[]",:0123456789eE-+.')])
        return bytes(raw)


def _dumps(frame: object) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode("utf-8", "surrogatepass")
