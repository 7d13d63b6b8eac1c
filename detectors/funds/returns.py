"""Daily returns of a bond future and of an equity index, from closes; and what the day looks like before its close.

The bond return is that of a par bond of the given maturity bought at yesterday's yield ``y0``, priced at today's ``y1``
with its maturity held constant, and financed at the bill yield ``f``::

    b = (y0 - y1) * A(y1) + (y0 - f) * days / 365,    A(y) = (1 - (1 + y/2)**(-2 n)) / y

``A`` is the price of an annuity of one a year paid twice a year, which is the modified duration of a par bond; pricing
at ``y1`` holds the convexity exactly. Yields as fractions here. Without a bill yield the bond finances itself and only
the first term is left. Rolling down the curve and the delivery option are left out: over a day they are below a
hundredth of a percent.

A day counts once, at its first close; a later close of that day, or of an earlier one, changes nothing. Where bonds
and equities are paired, a day counts when both have closed, and one that lacks either is passed over: the next return
spans it. A quote within a day gives a *provisional* return, looked at and never learned.
"""

from typing import Any

import msgspec

from detectors import calendar
from detectors.calendar import NS
from detectors.detector import Reading, Sight
from detectors.events import EquityIndex, Event, YieldQuote
from detectors.funds.exposure_config import Funds

KEPT = 8
WORST = -0.99


class Step(msgspec.Struct, frozen=True):
    """The returns of a day: at its close, or provisional."""

    day: int
    bond: float
    equity: float
    readings: list[Reading]
    known: int
    provisional: bool


class Closed(msgspec.Struct, frozen=True):
    """The last day that counted."""

    day: int
    bond: Reading
    equity: Reading | None


def annuity(yield_share: float, years: int) -> float:
    """The price of one a year, paid twice a year: the modified duration of a par bond.

    >>> round(annuity(0.015, 10), 3), annuity(0.0, 10)
    (9.254, 10.0)
    """
    if abs(yield_share) < 1e-9:
        return float(years)
    return float(1 - (1 + yield_share / 2) ** (-2 * years)) / yield_share


def bond_return(before_pct: float, after_pct: float, bill_pct: float | None, days: int, years: int) -> float:
    """The excess return of a par bond whose yield moved, as a fraction of its price.

    >>> round(1e4 * bond_return(1.50, 1.60, 0.05, 1, 10), 2)  # ten basis points up, a day's carry earned
    -91.67
    """
    before, after = before_pct / 100, after_pct / 100
    carry = 0.0 if bill_pct is None else (before - bill_pct / 100) * days / 365
    return max((before - after) * annuity(after, years) + carry, WORST)


class Returns:
    """Makes steps of closes and looks of quotes; remembers a few days."""

    def __init__(self, config: Funds, *, paired: bool) -> None:
        self._config = config
        self._paired = paired
        self._bonds: dict[int, Reading] = {}
        self._stocks: dict[int, Reading] = {}
        self._bills: dict[int, float] = {}
        self._last: Closed | None = None
        self._quoted: Reading | None = None
        self._looked: int | None = None

    def take(self, event: Event, sight: Sight) -> Step | None:
        """The step an event brings, if it brings one; a bill or an index that is silent stands for nothing any more."""
        if not sight.seen(f"YIELD:{self._config.financing_tenor}"):
            self._bills.clear()
        if isinstance(event, YieldQuote):
            return self._yield(event, looks=not self._paired or sight.seen(f"EQUITY:{self._config.equity}"))
        assert isinstance(event, EquityIndex)
        if not self._paired or event.index != self._config.equity:
            return None
        day = calendar.ny_date(event.ts).toordinal()
        reading = Reading.of(event, event.level_points)
        if event.session == "close":
            return self._closed(self._stocks, day, reading, event.known)
        self._quoted = reading
        return None

    def _yield(self, event: YieldQuote, *, looks: bool) -> Step | None:
        config = self._config
        if event.cusip and not event.on_the_run:
            return None
        day = calendar.ny_date(event.ts).toordinal()
        step = None
        if event.tenor == config.tenor:
            reading = Reading.of(event, event.yield_pct)
            if event.statistic == "close":
                step = self._closed(self._bonds, day, reading, event.known)
            elif looks and event.statistic in {"print", "open"}:
                step = self._look(day, reading, event.known)
        if event.tenor == config.financing_tenor and event.statistic == "close" and day not in self._bills:
            self._bills[day] = event.yield_pct
            _trim(self._bills)
        return step

    def _closed(self, closes: dict[int, Reading], day: int, reading: Reading, known: int) -> Step | None:
        if day in closes or (self._last is not None and day <= self._last.day):
            return None
        closes[day] = reading
        _trim(closes)
        bond, equity = self._bonds.get(day), self._stocks.get(day)
        if bond is None or (self._paired and equity is None):
            return None
        step = None if self._last is None else self._step(self._last, day, bond, equity, known)
        self._last = Closed(day, bond, equity)
        self._bonds = {one: kept for one, kept in self._bonds.items() if one > day}
        self._stocks = {one: kept for one, kept in self._stocks.items() if one > day}
        self._quoted = self._looked = None
        return step

    def _look(self, day: int, bond: Reading, known: int) -> Step | None:
        last = self._last
        if last is None or day <= last.day:
            return None
        if self._looked is not None and bond.ts < self._looked + self._config.provisional_s * NS:
            return None
        self._looked = bond.ts
        equity = self._stocks.get(day) or self._quoted or last.equity
        return self._step(last, day, bond, equity, known, provisional=True)

    def _step(
        self, last: Closed, day: int, bond: Reading, equity: Reading | None, known: int, *, provisional: bool = False
    ) -> Step:
        bill = next((self._bills[one] for one in sorted(self._bills, reverse=True) if one <= last.day), None)
        moved = bond_return(last.bond.value, bond.value, bill, day - last.day, self._config.maturity_years)
        stocks, readings = 0.0, [bond]
        if equity is not None and last.equity is not None:
            stocks = equity.value / last.equity.value - 1
            readings = sorted((equity, bond), key=lambda reading: reading.ts)
        return Step(day, moved, stocks, readings, known, provisional)

    def snapshot(self) -> dict[str, Any]:
        """The days that wait for their other half, the last that counted, and the quotes of the day."""
        return {
            "bonds": [[day, msgspec.to_builtins(one)] for day, one in self._bonds.items()],
            "stocks": [[day, msgspec.to_builtins(one)] for day, one in self._stocks.items()],
            "bills": list(self._bills.items()),
            "last": msgspec.to_builtins(self._last),
            "quoted": msgspec.to_builtins(self._quoted),
            "looked": self._looked,
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        self._bonds = {day: msgspec.convert(one, type=Reading) for day, one in plain["bonds"]}
        self._stocks = {day: msgspec.convert(one, type=Reading) for day, one in plain["stocks"]}
        self._bills = dict(plain["bills"])
        self._last = msgspec.convert(plain["last"], type=Closed | None)
        self._quoted = msgspec.convert(plain["quoted"], type=Reading | None)
        self._looked = plain["looked"]


def _trim(kept: dict[int, Any]) -> None:
    while len(kept) > KEPT:
        del kept[min(kept)]
