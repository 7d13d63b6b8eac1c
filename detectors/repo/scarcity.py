"""Scarcity of collateral in rates that anybody can see, without a broker's specials.

Idea: what the special market says in a few quoted prints, public averages say softly. FICC's DVP rate holds specials
and tri-party holds none, so ``DVP - tri-party`` falls when issues are hunted; the first percentile of SOFR less
tri-party is the same in the tail; and an issue on the run that yields less than its neighbour off the run is paid for
being lendable. Each spread is held against its own history, and against a depth below which it is noise. Published to
the basis point, spreads tie: a value that more than twice the share of the window shares or undercuts is not low.

Signals: ``spread`` by spread: 1 scarce (in the lowest share of the window and ``min_bp`` deep), 2 deeply so. Once on it
stays on until the spread is back above the share's double.
Trade-off: averages dilute: one issue at -4 % moves DVP by basis points. It confirms a squeeze; it cannot size one.
Source: framework, thread B; OFR short-term funding monitor; NY Fed reference rates; the choice of pairs is ours.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from detectors.description import LookBack, Mechanism, SignalSpec, sessions
from detectors.detector import Detector, Finding, Reading
from detectors.events import Event, RepoPrint, YieldQuote
from detectors.repo.pairs import DayBook, Pair
from detectors.repo.spreads import Spread, Variant, Variants, preferences_of, series_of
from detectors.rolling import Window
from detectors.sections.base import (
    Bp,
    Positive,
    Section,
    Tail,
)
from detectors.view.margins import Margin, ladder

if TYPE_CHECKING:
    from detectors.sections import Config


class Scarcity(Section, frozen=True, kw_only=True):
    """Spreads that fall when collateral is scarce, against their own history and a least depth."""

    table: ClassVar[str] = "scarcity"

    spreads: tuple[Spread, ...]
    window_days: Positive
    min_days: Positive
    scarce_share: Tail
    deep_share: Tail
    min_bp: Bp
    deep_bp: Bp

    def __post_init__(self) -> None:
        if self.min_days > self.window_days:
            raise ValueError("min_days: inverted, it exceeds window_days")
        if self.deep_share >= self.scarce_share:
            raise ValueError("deep_share: inverted, it must be below scarce_share")
        if self.deep_bp <= self.min_bp:
            raise ValueError("deep_bp: inverted, it must exceed min_bp")


class CollateralScarcity(Detector):
    """Ranks each spread of one day in its own window, low being scarce."""

    name = "scarcity"
    after = ("floor",)
    sections = (Scarcity,)
    signals = (
        SignalSpec(
            name="spread",
            label="Scarcity in public rates",
            levels=("low for its window and deep enough", "deeply so"),
            unit="bp",
        ),
    )
    feeds = ("repo_gc",)
    mechanisms = (
        Mechanism(
            source="F thread B",
            says="collateral is scarce: everyone borrows the same notes",
            signal="spread",
            test="test_scarcity.py::test_deep_low_is_two_low_is_one_and_the_middle_is_off",
        ),
        Mechanism(
            source="F thread B",
            says="on-the-run scarce, off-the-run as substitute",
            signal="spread",
            metric="value(scarcity_10Y-ON-OFF_bp)",
            test="test_scarcity.py::test_on_the_run_against_off_the_run_where_issues_are_quoted",
        ),
    )
    kinds = (RepoPrint, YieldQuote)

    def __init__(self, config: Scarcity) -> None:
        super().__init__(config)
        self._config = config
        self._variants = Variants(config.spreads)
        self._days = DayBook()
        self._windows = {one.key: Window(config.window_days) for one in self._variants.all}
        self._last: dict[str, float] = {}

    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """How much past it needs, by its table."""
        return LookBack(
            warm_up_days=sessions(config.of(Scarcity).min_days), window_days=sessions(config.of(Scarcity).window_days)
        )

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The series it rests on."""
        return series_of(config.of(Scarcity).spreads)

    @classmethod
    def preferences(cls, config: "Config") -> tuple[tuple[str, ...], ...]:
        """The orders of preference of its spreads' sides."""
        return preferences_of(config.of(Scarcity).spreads)

    @classmethod
    def lines(cls, config: "Config") -> dict[tuple[str, str], float]:
        """The fixed lines of its values."""
        table = config.of(Scarcity)
        # A scarce spread is a negative one: the lines lie below zero.
        return {
            (f"scarcity_{spread.name}_bp", name): -depth
            for spread in table.spreads
            for name, depth in (("scarce", table.min_bp), ("deep", table.deep_bp))
        }

    def takes(self, event: Event) -> bool:
        """Rates and issues' yields that some spread is made of."""
        noted = _noted(event)
        return noted is not None and noted[0] in self._variants.wanted

    def update(self, event: Event) -> list[Finding]:
        """Look at a rate or an issue's yield that some spread is made of."""
        noted = _noted(event)
        if noted is None or noted[0] not in self._variants.wanted:
            return []
        series, value = noted
        date = self._days.note(series, Reading.of(event, value))
        findings = []
        for spread in self._variants.of(series):
            pair = self._days.pair(spread.key, spread.left, spread.right, date)
            findings += [] if pair is None else self._judge(spread, pair, event.known)
        return findings

    def _judge(self, spread: Variant, pair: Pair, known: int) -> list[Finding]:
        config = self._config
        window, value = self._windows[spread.key], pair.spread_bp
        enough = len(window) >= config.min_days
        if enough:
            scarce, deep = self._lines(window)
            back = max(window.quantile(2 * config.scarce_share), scarce)
            rank = window.rank(value)
        window.append(value)
        speaks = self.voice(spread.name) == spread.key
        if speaks:
            self._last[spread.name] = value
        if not enough or not speaks:
            return []
        low = rank <= 2 * config.scarce_share
        level = 2 if low and value <= deep else 1 if low and value <= scarce else 0
        if not level and self.level("spread", spread.name) and value < back:
            level = 1
        return self.set_level(
            Finding(
                name="spread",
                subject=spread.name,
                level=level,
                readings=pair.readings,
                known=known,
                values={"spread_bp": value, "percentile": 100 * rank},
                rule=f"in the lowest {100 * config.scarce_share:g} % of {config.window_days} days and deep enough"
                + spread.said,
                threshold=deep if level == 2 else scarce,
            )
        )

    def voice(self, name: str) -> str:
        """The history of the variant that speaks for a spread now; the preferred one's where none does."""
        least = self._config.min_days
        begun, warm = (lambda one: bool(self._windows[one.key])), (lambda one: len(self._windows[one.key]) >= least)
        spread = self._variants.speaking(name, self.sight, begun, warm)
        return name if spread is None else spread.key

    def _lines(self, window: Window) -> tuple[float, float]:
        """From where down a spread is scarce, and deeply so: low for its window, and deep."""
        config = self._config
        scarce = min(window.quantile(config.scarce_share), -config.min_bp)
        return scarce, min(window.quantile(config.deep_share), -config.deep_bp)

    def warming(self) -> tuple[str, ...]:
        """The spreads without history enough."""
        least = self._config.min_days
        return tuple(name for name in self._variants.by_spread if len(self._windows[self.voice(name)]) < least)

    def readings(self) -> dict[str, float]:
        """The last value of each spread, in basis points."""
        return {f"scarcity_{name}_bp": value for name, value in self._last.items()}

    def margins(self, now: int) -> list[Margin]:
        """Each spread's last value against the lowest shares of its days, where they are deep enough."""
        del now
        config, found = self._config, []
        for name, value in self._last.items():
            window = self._windows[self.voice(name)]
            if len(window) >= config.min_days:
                found += ladder("spread", name, value, self._lines(window), "bp", rising=False)
        return found

    def snapshot(self) -> dict[str, Any]:
        """The days, the windows and the last values."""
        return {
            **super().snapshot(),
            "days": self._days.snapshot(),
            "windows": {name: window.values() for name, window in self._windows.items()},
            "last": dict(self._last),
        }

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        self._days.restore(plain["days"])
        size = self._config.window_days
        self._windows = {name: Window(size, values) for name, values in plain["windows"].items()}
        self._last = dict(plain["last"])


def _noted(event: Event) -> tuple[str, float] | None:
    """The series of a figure: a repo average or percentile, or the yield of an issue on or off the run."""
    if isinstance(event, RepoPrint):
        return (event.series(), event.rate_pct) if event.statistic in {"average", "close", "percentile"} else None
    if isinstance(event, YieldQuote) and event.statistic == "close" and event.cusip is not None:
        return f"YIELD:{event.tenor}:{'ON' if event.on_the_run else 'OFF'}", event.yield_pct
    return None
