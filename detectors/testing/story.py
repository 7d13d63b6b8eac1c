"""A long made-up history of every kind of event, from calm to stress and back, the same for the same seed."""

import random
from collections.abc import Iterator
from typing import Any

from detectors import events as ev
from detectors.testing import make

START = "2018-01-02"
LOOP = range(10, 120)
"""The sessions on which yields and scarcity feed each other: before the first stress, whose jumps would hide it."""
GENERAL = ("GC:SOFR", "GCF:TSY", "TRIPARTY:OFR-TRIPARTY", "DVP:OFR-DVP", "TRIPARTY:TGCR", "GC:TSY")
CATEGORIES = ("TFF:LEVERAGED", "TFF:ASSET_MANAGER", "LEGACY:NONCOMMERCIAL", "TFF:DEALER")
ISSUES = ("10Y-OTR", "7Y-OTR", "5Y-OTR")


def story(sessions: int = 600, seed: int = 1, *, calm: bool = False) -> list[ev.Event]:
    """Events in the order in which they were known; stress comes in episodes of twenty sessions unless ``calm``."""
    make.restart()
    rng = random.Random(seed)
    events: list[ev.Event] = [make.zero_bound("2017-12-14")]
    level = 1.05
    shares, loop = _Shares(seed), _Loop(seed)
    for index, day in enumerate(make.sessions(START, sessions)):
        stressed = not calm and index % 150 >= 130
        move = 0.0 if calm else rng.gauss(0.012 if stressed else -0.0005, 0.03)
        if not calm and index in LOOP:
            move = loop.step()
        level = min(max(level + move, 0.6), 1.9)
        events += _day(rng, day, level, stressed=stressed, scarce=loop.scarce if index in LOOP and not calm else None)
        events += shares.day(day, move)
        if index % 5 == 2 and (calm or not 200 < index < 270):  # weekly figures fail to come for a while
            events += _week(rng, day, stressed=stressed)
            events.append(make.auction(f"{day} 13:00", 1.195, when_issued_pct=1.195 if calm else 1.151))
    return sorted(events, key=ev.order_key)


class _Loop:
    """Yields that bring scarcity, and scarcity that brings yields: a turn gives nearly all of itself back."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed + 2)
        self._pushed = 0.0
        self.scarce = 0.0

    def step(self) -> float:
        """The move of a day in percent; ``scarce`` follows it."""
        move = self._pushed + self._rng.gauss(0, 0.01)
        followed = 0.9 * move + self._rng.gauss(0, 0.001)
        self.scarce += followed
        self._pushed = 0.9 * followed
        return move


def _day(rng: random.Random, day: str, level: float, *, stressed: bool, scarce: float | None) -> Iterator[ev.Event]:
    deep = 0.25 if stressed else 0.0
    for tenor, extra in (("10Y", 0.0), ("2Y", -0.9), ("30Y", 0.8)):
        yield make.quote(f"{day} 11:00", round(level + extra + rng.gauss(0, 0.02), 3), tenor=tenor)
        yield make.close(day, round(level + extra, 3), tenor=tenor, known=f"{day} 18:00")
    for cusip, special in (("ON", True), ("OFF", False)):
        richness = rng.gauss(0.02, 0.01) + deep if special else 0.0
        yield make.close(day, level - richness, cusip=f"10Y{cusip}", on_the_run=special, known=f"{day} 18:10")
    for place, series in enumerate(GENERAL):
        sunk = deep if place in {3, 5} else deep / 5
        rate = round(0.06 + rng.gauss(0, 0.01) - sunk, 3)
        if stressed and rng.random() < 0.05:
            rate = round(0.25 + rng.uniform(0.2, 2.0), 3)
        if scarce is not None and series in {"TRIPARTY:OFR-TRIPARTY", "DVP:OFR-DVP"}:
            rate = round(0.06 - (scarce if series == "DVP:OFR-DVP" else 0.0), 4)
        yield make.average(f"{day} 08:30", series, rate, volume_usd=rng.choice((None, 1e11)), known=f"{day} 18:20")
    for share in (1.0, 25.0, 75.0, 99.0):
        rate = round(0.06 + (share - 50) / 1000 - (deep if share == 1.0 else 0) + rng.gauss(0, 0.005), 3)
        yield make.repo(f"{day} 08:30", "GC:SOFR", rate, statistic="percentile", percentile=share, known=f"{day} 18:21")
    for issue in ISSUES:
        for hour in (9, 11, 15):
            rate = rng.uniform(-4.5, -0.2) if stressed else 0.05 - rng.random() / 10
            yield make.special(f"{day} {hour}:10", round(rate, 2), issue=issue, volume_usd=rng.choice((None, 1e9)))
    yield make.takeup(f"{day} 13:15", (rng.uniform(1e10, 9e10) if stressed else rng.uniform(0, 5e9)) // 1e6 * 1e6)
    yield make.swap(f"{day} 15:00", 0.08)


class _Shares:
    """Share indices: New York moves against the bond, Asia falls on the day after a large move of yields."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed + 1)
        self._levels = {"SP500": 2_700.0, "HANG_SENG": 29_000.0, "NIKKEI225": 22_000.0, "CSI300": 4_000.0}
        self._shaken = False

    def day(self, day: str, move: float) -> Iterator[ev.Event]:
        for index in self._levels:
            home = index == "SP500"
            fall = 0.0 if home or not self._shaken else 0.06
            drift = self._rng.uniform(-0.2, 0.4) * move if home else 0.0
            self._levels[index] *= 1 + drift + self._rng.gauss(0, 0.006) - fall
            yield make.equity(f"{day} {'16' if home else '04'}:00", round(self._levels[index], 2), index=index)
        self._shaken = abs(move) > 0.06


def _week(rng: random.Random, day: str, *, stressed: bool) -> Iterator[ev.Event]:
    for category in CATEGORIES:
        net = rng.gauss(-400_000 if stressed else 0, 50_000)
        interest = 4e6 + rng.gauss(0, 1e5)
        yield make.position(day, round(net), category=category, open_interest_contracts=round(interest))
    total = 3e11 if stressed else rng.uniform(5e10, 7e10)
    yield make.fail(f"{day} 16:15", total // 1e6 * 1e6)
    yield make.fail(f"{day} 16:15", total // 1e7 * 1e6, scope="issue", issue="10Y-OTR", to_receive_usd=1e9)
    for fund in ev.FUND_TYPES:
        usd = rng.gauss(-2e10 if stressed else 0, 1e9) // 1e6 * 1e6
        yield make.flow(f"{day} 16:30", fund, usd, aum_usd=rng.choice((None, 3e11)))
    poor: dict[str, Any] = {"bid_to_cover_ratio": 2.04, "dealer_share_pct": 39.81}
    fair: dict[str, Any] = {"bid_to_cover_ratio": 2.5, "dealer_share_pct": 20.0}
    yield make.auction(
        f"{day} 13:00", 1.195, when_issued_pct=1.151 if stressed else 1.195, **(poor if stressed else fair)
    )
    if rng.random() < 0.02:
        yield make.policy(f"{day} 00:00", rng.choice((0.0, 0.25)), iorb_pct=0.1, on_rrp_pct=0.0)


def hostile(count: int, *, active: bool) -> Iterator[ev.Event]:
    """As many events whose every name is new, quiet or each of them alarming."""
    make.restart()
    tenors = ("1M", "2M", "3M", "6M", "1Y", "2Y", "3Y", "5Y", "7Y", "10Y", "20Y", "30Y")
    days = list(make.sessions(START, 3000))
    yield make.zero_bound("2017-12-14")
    for index in range(count):
        day = days[index % len(days)]
        name = f"N{index}"
        rate = -4.0 if active else 0.04
        segment = ("GC", "GCF", "TRIPARTY", "DVP", "SPECIAL")[index % 5]
        above = 9.0 if active and segment != "SPECIAL" else rate
        yield make.average(f"{day} 08:30", "GCF:TSY", 0.05)
        yield make.average(f"{day} 08:40", f"{segment}:{name}", above)
        yield make.special(f"{day} 09:00", rate, issue=f"{name}S", volume_usd=1e9)
        yield make.special(f"{day} 09:10", rate, issue=f"{name}S", volume_usd=1e9)
        yield make.close(day, 2.0 if active and index % 2 else 0.9, tenor=tenors[index % 12], cusip=f"{name}C")
        yield make.position(days[(index // 5) * 5 % 2500], -9e5, contract=name, category=CATEGORIES[index % 4])
        yield make.fail(f"{day} 16:15", 9e10 if active else 1e9, scope="issue", issue=name)
        yield make.flow(f"{day} 16:30", ev.FUND_TYPES[index % 4], -9e9, period=("day", "week", "month")[index % 3])
        yield make.takeup(f"{day} 13:15", 9e10, facility=("ON_RRP", "SOMA_LENDING")[index % 2])
        yield make.swap(f"{day} 15:00", 0.08, index=name)
        yield make.equity(f"{day} 04:00", 29_000, index=name)
        yield make.policy(f"{day} 00:00", 0.0, known=f"{day} 00:00")
