"""One made-up market: calm days and stress by mechanism, the same for the same name and seed.

An episode of stress has a cause, and the figures follow from it: in a *squeeze* one issue goes special, below the
floor if it is severe, and fails rise; in a *selloff* yields run up through the levels while the desks that went short
borrow the bond, so that general collateral falls below zero and funds sell; in *dear cash* general collateral trades
far above the target range. No figure is anybody's: every event says ``synthetic``.
"""

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from detectors import events as ev
from detectors.calendar import ny
from detectors.fomc import SCHEDULED

CAUSES = ("squeeze", "selloff", "dear cash")
ONSET_SHARE = 1 / 20
SEVERE_SHARE = 0.5
LEAST_SESSIONS, MOST_SESSIONS = 4, 12
HOME_PCT = 1.0
TENORS: dict[ev.Tenor, float] = {"3M": -0.95, "2Y": -0.85, "5Y": -0.45, "30Y": 0.75}
CLOCKS = ("08:40", "09:30", "10:20", "11:10", "12:05", "13:20", "14:15", "15:40")
GENERAL: tuple[tuple[ev.RepoSegment, str], ...] = (
    ("GCF", "TSY"),
    ("GC", "SOFR"),
    ("TRIPARTY", "OFR-TRIPARTY"),
    ("TRIPARTY", "TGCR"),
    ("DVP", "OFR-DVP"),
)
ISSUES = ("10Y-OTR", "7Y-OTR", "5Y-OTR")
INDICES = {"SP500": 3_800.0, "HANG_SENG": 29_000.0, "NIKKEI225": 28_000.0, "CSI300": 5_300.0}
HOLDERS: tuple[ev.PositionCategory, ...] = ("LEVERAGED", "ASSET_MANAGER")
FUNDS: tuple[ev.FundType, ...] = ("CTA", "TREND", "RISK_PARITY", "BALANCED")
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Episode:
    """Stress with a cause, for so many more sessions; ``severe`` says how far it goes."""

    cause: str
    severe: bool
    left: int


class MarketGenerator:
    """One market, a day at a time."""

    def __init__(self, market: str, seed: int) -> None:
        self.market = market
        self._dice = random.Random(f"{seed}/{market}")  # noqa: S311 - repeatable, not secret
        self._level_pct = HOME_PCT + self._dice.uniform(-0.1, 0.1)
        self._points = dict(INDICES)
        self._episode: Episode | None = None
        self._numbers: Counter[str] = Counter()
        self._begun = False

    def session(self, day: dt.date) -> list[ev.Event]:
        """All that is known of one session, in order of time; sequence numbers rise by one from each source."""
        self._turn()
        made = [*self._policy(day), *self._yields(day), *self._repo(day), *self._daily(day)]
        if day.weekday() == 4:
            made += self._weekly(day)
        made.sort(key=lambda fields: int(fields[1]["known"]))
        return [self._event(kind, fields) for kind, fields in made]

    def _event(self, kind: type[ev.Event], fields: dict[str, Any]) -> ev.Event:
        source = f"synthetic.{ev.STREAM_OF[kind]}"
        self._numbers[source] += 1
        common: dict[str, Any] = {
            "market": self.market,
            "source": source,
            "sequence": self._numbers[source],
            "provenance": "synthetic",
        }
        return kind(**common, **fields)

    def _turn(self) -> None:
        """Begin, go on with or end an episode; move the yield."""
        dice = self._dice
        if self._episode is not None:
            left = self._episode.left - 1
            self._episode = Episode(self._episode.cause, self._episode.severe, left) if left else None
        elif dice.random() < ONSET_SHARE:
            sessions = dice.randint(LEAST_SESSIONS, MOST_SESSIONS)
            self._episode = Episode(dice.choice(CAUSES), dice.random() < SEVERE_SHARE, sessions)
        home = (HOME_PCT - self._level_pct) * 0.08
        drift = 0.07 if self._in("selloff") else home
        self._level_pct = min(max(self._level_pct + drift + dice.gauss(0, 0.02), 0.5), 2.5)

    def _in(self, cause: str, *, severe: bool = False) -> bool:
        return self._episode is not None and self._episode.cause == cause and (self._episode.severe or not severe)

    def _policy(self, day: dt.date) -> Iterator["Drawn"]:
        if not self._begun or day in SCHEDULED:  # restated at each meeting, or it would fall silent
            self._begun = True
            held: dict[str, Any] = {"target_low_pct": 0.0, "target_high_pct": 0.25, "iorb_pct": 0.1, "on_rrp_pct": 0.0}
            yield _at(ev.PolicyRate, day, "00:00", **held)

    def _yields(self, day: dt.date) -> Iterator["Drawn"]:
        for clock in CLOCKS:
            now_pct = round(self._level_pct + self._dice.gauss(0, 0.01), 3)
            spread_pct = 0.004 if self._episode is None else 0.012
            quoted: dict[str, Any] = {
                "bid_pct": round(now_pct + spread_pct, 3),
                "ask_pct": round(now_pct - spread_pct, 3),
            }
            yield _at(ev.YieldQuote, day, clock, tenor="10Y", statistic="print", **quoted)
        yield _at(ev.YieldQuote, day, "17:00", tenor="10Y", statistic="close", mid_pct=round(self._level_pct, 3))
        for tenor, apart_pct in TENORS.items():
            mid_pct = round(self._level_pct + apart_pct + self._dice.gauss(0, 0.01), 3)
            yield _at(ev.YieldQuote, day, "17:00", tenor=tenor, statistic="close", mid_pct=mid_pct)

    def _repo(self, day: dt.date) -> Iterator["Drawn"]:
        dice = self._dice
        base_pct = 0.06
        if self._in("selloff"):
            base_pct = -0.12 if self._in("selloff", severe=True) else -0.04
        elif self._in("dear cash"):
            base_pct = 1.6 if self._in("dear cash", severe=True) else 0.6
        for segment, instrument in GENERAL:
            rate_pct = round(base_pct + dice.gauss(0, 0.008), 3)
            general: dict[str, Any] = {"segment": segment, "instrument": instrument, "rate_pct": rate_pct}
            yield _at(
                ev.RepoPrint, day, "08:30", statistic="average", volume_usd=_usd(dice.uniform(8e10, 1.2e11)), **general
            )
        for issue in ISSUES:
            for clock in ("09:10", "11:40", "15:10"):
                special: dict[str, Any] = {
                    "segment": "SPECIAL",
                    "instrument": issue,
                    "rate_pct": self._special_pct(issue, base_pct),
                }
                yield _at(
                    ev.RepoPrint, day, clock, statistic="print", volume_usd=_usd(dice.uniform(5e8, 3e9)), **special
                )

    def _special_pct(self, issue: str, base_pct: float) -> float:
        """What one issue pays: squeezed, far below general collateral; below the fails charge if it is severe."""
        if issue == ISSUES[0] and self._in("squeeze", severe=True):
            return round(self._dice.uniform(-3.9, -3.1), 2)
        if issue == ISSUES[0] and self._in("squeeze"):
            return round(self._dice.uniform(-2.2, -1.2), 2)
        return round(base_pct - abs(self._dice.gauss(0.03, 0.02)), 2)

    def _daily(self, day: dt.date) -> Iterator["Drawn"]:
        dice = self._dice
        takeup_usd = dice.uniform(2.5e10, 9e10) if self._in("selloff") else dice.uniform(0, 5e9)
        yield _at(ev.ReverseRepo, day, "13:15", facility="ON_RRP", takeup_usd=_usd(takeup_usd))
        rate_pct = round(0.08 + dice.gauss(0, 0.003), 3)
        yield _at(ev.SwapRate, day, "15:00", tenor="3M", index="OIS", rate_pct=rate_pct)
        for index, points in self._points.items():
            fall = 0.02 if self._in("selloff", severe=True) else 0.0
            self._points[index] = min(max(points * (1 + dice.gauss(0.0003, 0.008) - fall), 100.0), 1e6)
            clock = "16:00" if index == "SP500" else "04:00"
            yield _at(
                ev.EquityIndex, day, clock, index=index, level_points=round(self._points[index], 2), session="close"
            )

    def _weekly(self, day: dt.date) -> Iterator["Drawn"]:
        dice = self._dice
        tuesday = ny(day - dt.timedelta(days=3), "17:00")
        for category in HOLDERS:
            net = dice.gauss(-600_000 if self._in("selloff") else 0, 60_000)
            held: dict[str, Any] = {
                "long_contracts": float(round(max(net, 0.0))),
                "short_contracts": float(round(max(-net, 0.0))),
            }
            yield _at(
                ev.FuturesPosition,
                day,
                "15:30",
                ts=tuesday,
                as_of=tuesday,
                contract="TY",
                report="TFF",
                category=category,
                **held,
            )
        fails_usd = dice.uniform(2e11, 3e11) if self._in("squeeze") else dice.uniform(4e10, 6e10)
        weekly: dict[str, Any] = {
            "period": "week",
            "to_deliver_usd": _usd(fails_usd),
            "to_receive_usd": _usd(fails_usd),
        }
        yield _at(ev.SettlementFail, day, "16:15", scope="total", **weekly)
        for fund in FUNDS:
            flow_usd = dice.gauss(-3e10 if self._in("selloff") else 0, 1e9)
            yield _at(ev.FundFlow, day, "16:30", fund_type=fund, flow_usd=_usd(flow_usd), period="week", aum_usd=3e11)
        poor = self._in("selloff")
        high_pct = round(self._level_pct + (0.045 if poor else 0.0), 3)
        sold: dict[str, Any] = {
            "when_issued_pct": round(self._level_pct, 3),
            "bid_to_cover_ratio": 2.0 if poor else 2.5,
        }
        yield _at(ev.AuctionResult, day, "13:00", tenor="7Y", high_yield_pct=high_pct, **sold)


Drawn = tuple[type[ev.Event], dict[str, Any]]


def _at(kind: type[ev.Event], day: dt.date, clock: str, *, ts: int | None = None, **fields: Any) -> Drawn:
    """A record yet without its sequence number, known at a New York time."""
    known = ny(day, clock)
    return kind, {"ts": known if ts is None else ts, "known": known, **fields}


def _usd(amount: float) -> float:
    """Whole millions."""
    return float(amount // MILLION * MILLION)
