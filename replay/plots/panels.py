"""The panels of a backtest's picture, from top to bottom, over one axis of New York time."""

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING

from detectors.calendar import DAY, is_business_day, ny, ny_date
from detectors.config import config_hash
from detectors.detector import in_bp
from detectors.events import PolicyRate, RepoPrint, YieldQuote
from detectors.registry import installed
from detectors.repo.fails_charge import FailsCharge
from detectors.repo.policy import PolicyBook
from detectors.sections import Config
from detectors.signals import Output, Signal, Transition, weakest
from replay.plots.state_band import Band
from replay.plots.style import (
    BLUE,
    BODY,
    GREEN,
    GREY,
    INK,
    LONGEST_MARKED,
    MARKERS,
    ORANGE,
    PURPLE,
    ROW_IN,
    SMALL,
    STATISTICS,
    TENOR,
    VERMILION,
    WIDTH_IN,
    Line,
    Point,
    at,
    new_york_axis,
)
from replay.scenarios.scenario import Script

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Picture:
    """The panels, from top to bottom."""

    def __init__(self, script: Script, outputs: list[Output], config: Config) -> None:
        self._script = script
        self._config = config
        scenario = script.scenario
        self._from, self._to = ny(scenario.window, "00:00"), ny(scenario.end + DAY, "00:00")
        self._days = (scenario.end - scenario.window).days + 1
        steps = [one for one in outputs if isinstance(one, Transition)]
        self._band = Band(steps, self._from, self._to, self._days)
        self._signals = [one for one in outputs if isinstance(one, Signal)]
        self._provenances: dict[str, frozenset[str]] = {}

    def figure(self) -> "Figure":
        """All of it; matplotlib is imported here."""
        from matplotlib.figure import Figure  # noqa: PLC0415 - an optional dependency

        rows = self._rows()
        heights = [0.62, 3.1, 1.6, 2.7, 1.7, max(1.0, ROW_IN * len(rows))]
        height = sum(heights) + 4.9
        figure = Figure(figsize=(WIDTH_IN, height), facecolor="white")
        panels = figure.subplots(6, 1, sharex=True, height_ratios=heights)
        figure.subplots_adjust(left=0.125, right=0.965, top=1 - 1.75 / height, bottom=1.45 / height, hspace=0.34)
        self._title(figure, height)
        state, yields, general, specials, scarce, signals = panels
        self._band.draw(state)
        self._yields(yields)
        self._general(general)
        self._specials(specials)
        self._scarcity(scarce)
        self._signal_rows(signals, rows)
        for panel in panels[1:]:
            self._band.shade(panel)
            panel.grid(axis="x", color="#DDDDDD", linewidth=0.8)
            panel.set_axisbelow(True)
        new_york_axis(signals, self._from, self._to, self._days)
        figure.text(
            0.02, 0.16 / height, self._caption(), fontsize=SMALL - 1.5, color=GREY, va="bottom", linespacing=1.35
        )
        return figure

    def _title(self, figure: "Figure", height: float) -> None:
        scenario = self._script.scenario
        when = f"{scenario.window:%-d %B %Y} to {scenario.end:%-d %B %Y}"
        figure.text(0.02, 1 - 0.2 / height, "U.S. Treasury and repo market", fontsize=21, weight="bold", va="top")
        figure.text(0.02, 1 - 0.62 / height, f"{when}, as crunchwatch saw it", fontsize=BODY, color=GREY, va="top")

    def _line(self, name: str, points: dict[dt.date, Point]) -> Line:
        found = [points[day] for day in sorted(points)]
        self._provenances[name] = frozenset(point.provenance for point in found)
        return Line([at(point.ts) for point in found], [point.value for point in found])

    def _inside(self, ts: int) -> bool:
        return self._from <= ts < self._to

    def _rates(self, segment: str, instrument: str) -> dict[dt.date, Point]:
        return {
            ny_date(one.ts): Point(one.ts, one.rate_pct, one.provenance)
            for one in self._script.events
            if isinstance(one, RepoPrint)
            and (one.segment, one.instrument) == (segment, instrument)
            and one.statistic not in {"percentile", "low", "high"}
            and self._inside(one.ts)
        }

    def _yields(self, panel: "Axes") -> None:
        quotes = [
            one
            for one in self._script.events
            if isinstance(one, YieldQuote) and one.tenor == TENOR and self._inside(one.ts)
        ]
        closes = {
            ny_date(one.ts): Point(one.ts, one.yield_pct, one.provenance) for one in quotes if one.statistic == "close"
        }
        line = self._line("10-year yield", closes)
        panel.plot(line.at, line.values, color=BLUE, linewidth=2.4, label="close")
        others = [one for one in quotes if one.statistic in {"high", "low"}]
        if others and self._days <= LONGEST_MARKED:
            self._provenances["intraday extremes of the yield"] = frozenset(one.provenance for one in others)
            panel.plot([at(one.ts) for one in others], [one.yield_pct for one in others], "*", color=BLUE,
                       markersize=13, linestyle="none", label="intraday extreme")  # fmt: skip
        values = [*line.values, *(one.yield_pct for one in others)]
        self._levels(panel, min(values, default=0.0), max(values, default=1.0))
        panel.set_title("Ten-year Treasury yield, percent, and the levels watched", pad=8)
        panel.legend(loc="upper left", borderaxespad=0.2)
        panel.margins(y=0.08)

    def _levels(self, panel: "Axes", low: float, high: float) -> None:
        """The levels in the yield's range, and where it crossed, sustained or failed at one."""
        for level in self._config.levels.levels_pct.get(TENOR, ()):
            if low - 0.1 <= level <= high + 0.1:
                panel.axhline(level, color=GREY, linewidth=1.1, linestyle=(0, (5, 4)))
                panel.text(1.004, level, f"{level:g}", transform=panel.get_yaxis_transform(), va="center",
                           fontsize=SMALL, color=GREY)  # fmt: skip
        for name, marker, colour, filled in (
            ("crossed", "^", ORANGE, False),
            ("sustained", "o", VERMILION, True),
            ("failed", "X", GREY, True),
        ):
            mine = [
                one
                for one in self._signals
                if (one.detector, one.name) == ("levels", name)
                and one.active
                and one.subject.startswith(f"{TENOR}@")
                and one.threshold is not None
                and self._inside(one.ts)
            ]
            panel.plot([at(one.ts) for one in mine], [float(one.threshold or 0) for one in mine], marker=marker,
                       linestyle="none", markersize=11, markeredgewidth=2, color=colour, zorder=4,
                       markerfacecolor=colour if filled else "white", label=f"level {name}")  # fmt: skip

    def _general(self, panel: "Axes") -> None:
        sofr, gcf = self._line("SOFR", self._rates("GC", "SOFR")), self._line("GCF", self._rates("GCF", "TSY"))
        panel.axhline(0, color=GREY, linewidth=1.0)
        panel.plot(gcf.at, gcf.values, color=ORANGE, linewidth=2.2, linestyle=(0, (3, 1.2)), label="GCF")
        panel.plot(sofr.at, sofr.values, color=BLUE, linewidth=2.4, label="SOFR")
        prints = [
            one
            for one in self._script.events
            if isinstance(one, RepoPrint)
            and one.segment in {"GC", "GCF"}
            and one.statistic == "print"
            and self._inside(one.ts)
        ]
        if prints and self._days <= LONGEST_MARKED:
            self._provenances["general-collateral print"] = frozenset(one.provenance for one in prints)
            panel.plot([at(one.ts) for one in prints], [one.rate_pct for one in prints], MARKERS["print"],
                       color=PURPLE, markersize=10, linestyle="none", markeredgecolor="white", zorder=4,
                       label="intraday print")  # fmt: skip
        panel.set_title("Overnight repo, percent: general collateral", pad=8)
        panel.legend(loc="lower left", borderaxespad=0.2, ncols=3)
        panel.margins(y=0.12)

    def _specials(self, panel: "Axes") -> None:
        specials: dict[tuple[str, str], list[RepoPrint]] = defaultdict(list)
        for one in self._script.events:
            if isinstance(one, RepoPrint) and one.segment == "SPECIAL" and self._inside(one.ts):
                specials[one.statistic, one.instrument].append(one)
        rates = [one.rate_pct for made in specials.values() for one in made]
        for statistic, instrument in sorted(specials, key=lambda key: (key[1], list(MARKERS).index(key[0]))):
            prints = specials[statistic, instrument]
            panel.plot([at(one.ts) for one in prints], [one.rate_pct for one in prints], MARKERS[statistic],
                       color=PURPLE, markersize=11, linestyle="none", markeredgecolor="white", zorder=4,
                       label=f"{instrument}, {STATISTICS[statistic]}")  # fmt: skip
        if specials:
            self._provenances["special prints"] = frozenset(
                one.provenance for made in specials.values() for one in made
            )
            panel.legend(loc="upper left", bbox_to_anchor=(0.0, 0.9), borderaxespad=0.2)
        else:
            panel.text(0.5, 0.5, "no print", ha="center", color=GREY, transform=panel.transAxes)
        panel.axhline(0, color=GREY, linewidth=1.0)
        days, floor = self._floor()
        if days:
            bottom = min([*floor, *rates]) - 0.45
            panel.step(days, floor, where="post", color=VERMILION, linewidth=2.4, linestyle=(0, (6, 2, 1.5, 2)))
            panel.fill_between(days, floor, bottom, step="post", color=VERMILION, alpha=0.09, linewidth=0)
            panel.set_ylim(bottom, max([*rates, 0.0]) + 0.3)
            constant = f" {floor[0]:g} %" if len(set(floor)) == 1 else ""
            panel.annotate(f"floor{constant}: below it, failing is cheaper than delivering", (days[0], floor[0]),
                           xytext=(6, -7), textcoords="offset points", va="top", fontsize=SMALL,
                           color="#A34700")  # fmt: skip
        panel.set_title("Overnight repo, percent: specials, and the floor of the fails charge", pad=8)

    def _floor(self) -> tuple[list[float], list[float]]:
        """The floor of each session of the window, from the charge and the policy rates known."""
        book, charge = PolicyBook(), FailsCharge(self._config.floor)
        policy = [one for one in self._script.events if isinstance(one, PolicyRate)]
        days, floor = [], []
        day = self._script.scenario.window
        while day <= self._script.scenario.end:
            while policy and policy[0].known < ny(day, "17:00"):
                book.add(policy.pop(0))
            found = charge.on(day, book) if is_business_day(day) else None
            if found is not None:
                days.append(at(ny(day, "00:00")))
                floor.append(-found + 0.0)
            day += DAY
        return days, floor

    def _scarcity(self, panel: "Axes") -> None:
        dvp, triparty = self._rates("DVP", "OFR-DVP"), self._rates("TRIPARTY", "OFR-TRIPARTY")
        both = {
            day: Point(
                dvp[day].ts,
                in_bp(dvp[day].value - triparty[day].value),
                weakest({dvp[day].provenance, triparty[day].provenance}),
            )
            for day in dvp.keys() & triparty.keys()
        }
        line = self._line("DVP less tri-party", both)
        panel.axhline(0, color=GREY, linewidth=1.0)
        panel.plot(line.at, line.values, color=GREEN, linewidth=2.2)
        low = [min(value, 0.0) for value in line.values]
        panel.fill_between(line.at, low, 0.0, color=GREEN, alpha=0.22, linewidth=0)
        panel.set_title("Scarcity of collateral: DVP less tri-party repo, basis points", pad=8)
        panel.margins(y=0.15)

    def _rows(self) -> list[str]:
        """The detectors with a signal in the window, in the order of their first one."""
        first: dict[str, int] = {}
        for one in self._signals:
            if one.active and self._inside(one.known):
                first.setdefault(one.detector, one.known)
        return sorted(first, key=lambda name: (first[name], name), reverse=True)

    def _signal_rows(self, panel: "Axes", rows: list[str]) -> None:
        for index, row in enumerate(rows):
            mine = [one for one in self._signals if one.detector == row]
            held = [one for one in mine if (one.detector, one.name) not in installed().happens]
            for begins, ends in self._held(held):
                panel.plot([at(begins), at(ends)], [index, index], color="#B9CBD8", linewidth=7, solid_capstyle="butt")
            for one in mine:
                if one.active and self._inside(one.known):
                    reach = 0.2 + 0.1 * min(one.level, 3)
                    panel.plot([at(one.known)] * 2, [index - reach, index + reach], color=INK, linewidth=2.2)
        panel.set_yticks(range(len(rows)), [row.replace("_", " ") for row in rows])
        panel.set_ylim(-0.7, max(len(rows), 1) - 0.3)
        panel.tick_params(axis="y", length=0)
        panel.set_title("Signals by detector: a tick when raised, taller when graver; a bar while it holds", pad=8)

    def _held(self, signals: list[Signal]) -> list[tuple[int, int]]:
        """Spells in which at least one condition of these signals was on, cut to the window."""
        on: dict[tuple[str, str], bool] = {}
        spells: list[tuple[int, int]] = []
        since: int | None = None
        for one in signals:
            on[one.name, one.subject] = one.active
            if since is None and any(on.values()):
                since = one.known
            elif since is not None and not any(on.values()):
                spells.append((since, one.known))
                since = None
        if since is not None:
            spells.append((since, self._to))
        return [(max(begins, self._from), min(ends, self._to)) for begins, ends in spells
                if ends > self._from and begins < self._to]  # fmt: skip

    def _caption(self) -> str:
        trust: dict[str, list[str]] = defaultdict(list)
        for name, provenance in self._provenances.items():
            if provenance:
                trust[" and ".join(sorted(provenance))].append(name)
        figures = ". ".join(f"{how.capitalize()}: {', '.join(names)}" for how, names in sorted(trust.items()))
        return (
            f"{figures}.\n"
            "Time of New York. Figures stand where they are about, state and signals where a desk could know them.\n"
            f"State and signals: crunchwatch backtest, preset {self._config.preset}, "
            f"configuration {config_hash(self._config)}; shaded as the state."
        )
