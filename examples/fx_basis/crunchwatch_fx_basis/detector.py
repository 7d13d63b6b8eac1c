# --8<-- [start:idea]
"""The detector: is the dollar dearer abroad than it was lately.

Idea: who needs dollars and has no access to the repo market swaps another currency for them, and pays the basis. It
widens when dealers' balance sheets are full, so it stands beside supply stress in repo. Each pair's quote is ranked in
its own last ``window_days`` quotes before it joins them; a wide basis is one in the lowest ``wide_share`` of them and
at least ``wide_bp`` below zero, a very wide one at least ``very_wide_bp``. Once wide it stays so until it is less than
``wide_bp`` below zero: a stress that lasts fills the window, and would else end itself.

Signals: ``wide`` (1 wide, 2 very wide), by pair and tenor.
Trade-off: year-ends widen the basis for reasons of reporting; nothing is taken off for them here.
Source: an example; the numbers of the configuration are made up and stand for no market.
"""
# --8<-- [end:idea]

# --8<-- [start:imports]
from typing import TYPE_CHECKING, Any, ClassVar

from crunchwatch_fx_basis.event import FxBasisQuote
from detectors import Detector, Event, Finding, LookBack, Reading, Section, SignalSpec
from detectors.description import sessions
from detectors.rolling import Window
from detectors.sections.base import Bp, Name, Positive, Tail
from detectors.view.margins import Margin, ladder

if TYPE_CHECKING:
    from detectors import Config
# --8<-- [end:imports]


# --8<-- [start:table]
class FxBasisTable(Section, frozen=True, kw_only=True):
    """The table ``[plugins.fx_basis]``: which pairs are watched, and when their basis is wide."""

    table: ClassVar[str] = "fx_basis"

    pairs: tuple[Name, ...]
    window_days: Positive
    min_days: Positive
    wide_share: Tail
    wide_bp: Bp
    very_wide_bp: Bp

    def __post_init__(self) -> None:
        """Reject bounds in the wrong order; the message begins with the key."""
        if self.min_days > self.window_days:
            raise ValueError("min_days: inverted, it exceeds window_days")
        if self.very_wide_bp <= self.wide_bp:
            raise ValueError("very_wide_bp: inverted, it must exceed wide_bp")


# --8<-- [end:table]


# --8<-- [start:says]
class FxBasis(Detector):
    """Ranks each pair's basis in its own window, low being wide."""

    name = "fx_basis"
    sections = (FxBasisTable,)
    kinds = (FxBasisQuote,)
    signals = (
        SignalSpec(
            name="wide",
            label="Dollars dear abroad",
            levels=("low for its window and wide", "very wide"),
            unit="bp",
        ),
    )
    feeds = ("fx_basis",)
    # --8<-- [end:says]

    # --8<-- [start:begins]
    def __init__(self, config: FxBasisTable) -> None:
        """Begin with no past."""
        super().__init__(config)
        self._config = config
        self._windows: dict[str, Window] = {}
        self._last: dict[str, float] = {}

    # --8<-- [end:begins]

    # --8<-- [start:needs]
    @classmethod
    def look_back(cls, config: "Config") -> LookBack:
        """The days until a pair can be judged, and those it is judged by."""
        table = config.of(FxBasisTable)
        return LookBack(warm_up_days=sessions(table.min_days), window_days=sessions(table.window_days))

    @classmethod
    def series(cls, config: "Config") -> tuple[str, ...]:
        """The pairs it watches."""
        return tuple(f"FXBASIS:{pair}" for pair in config.of(FxBasisTable).pairs)

    # --8<-- [end:needs]

    # --8<-- [start:update]
    def update(self, event: Event) -> list[Finding]:
        """Judge a quote against those before it, then learn it."""
        assert isinstance(event, FxBasisQuote)
        if event.pair not in self._config.pairs:
            return []
        subject = f"{event.pair}:{event.tenor}"
        window = self._windows.setdefault(subject, Window(self._config.window_days))
        value = self._last[subject] = event.basis_bp
        enough = len(window) >= self._config.min_days
        lines = self._lines(window) if enough else (0.0, 0.0)
        rank = window.rank(value)
        window.append(value)
        if not enough:
            return []
        level = sum(value <= line for line in lines)
        threshold = lines[max(level, 1) - 1]
        rule = f"in the lowest {100 * self._config.wide_share:g} % of its last quotes, and wide enough"
        if not level and self.level("wide", subject) and value <= -self._config.wide_bp:
            level, threshold, rule = 1, -self._config.wide_bp, "still wide: it ends where it is narrower than this"
        return self.set_level(
            Finding(
                name="wide",
                subject=subject,
                level=level,
                readings=[Reading.of(event, value)],
                known=event.known,
                values={"basis_bp": value, "percentile": 100 * rank},
                rule=rule,
                threshold=threshold,
            )
        )

    def _lines(self, window: Window) -> tuple[float, float]:
        """From where down the basis is wide, and very wide: one formula, for the decision and for the margins."""
        low = window.quantile(self._config.wide_share)
        return min(low, -self._config.wide_bp), min(low, -self._config.very_wide_bp)

    # --8<-- [end:update]

    # --8<-- [start:shown]
    def warming(self) -> tuple[str, ...]:
        """The pairs that cannot be judged yet; all of them before the first quote."""
        seen = {subject.partition(":")[0] for subject, window in self._windows.items() if self._full(window)}
        return tuple(pair for pair in self._config.pairs if pair not in seen)

    def _full(self, window: Window) -> bool:
        return len(window) >= self._config.min_days

    def readings(self) -> dict[str, float]:
        """The last basis of each pair, in basis points."""
        return {f"fx_basis_{subject}_bp": value for subject, value in self._last.items()}

    def margins(self, now: int) -> list[Margin]:
        """Each pair's last basis against the lines of both levels."""
        del now
        found = []
        for subject, value in self._last.items():
            window = self._windows[subject]
            if self._full(window):
                first, second = self._lines(window)
                if self.level("wide", subject):
                    first = -self._config.wide_bp  # where it ends
                found += ladder("wide", subject, value, (first, second), "bp", rising=False)
        return found

    # --8<-- [end:shown]

    # --8<-- [start:state]
    def snapshot(self) -> dict[str, Any]:
        """The windows and the last quotes."""
        windows = {subject: window.values() for subject, window in self._windows.items()}
        return {**super().snapshot(), "windows": windows, "last": dict(self._last)}

    def restore(self, plain: dict[str, Any]) -> None:
        """Take them back."""
        super().restore(plain)
        size = self._config.window_days
        self._windows = {subject: Window(size, values) for subject, values in plain["windows"].items()}
        self._last = dict(plain["last"])

    # --8<-- [end:state]
