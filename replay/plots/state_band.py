"""The state as a band over the picture, and as a shade behind the other panels."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from detectors.calendar import ny_date
from detectors.signals import STATES, State, Transition
from replay.plots.style import BODY, INK, LONGEST_MARKED, LOOKS, SMALL, WIDTH_IN, at

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Band:
    """The states of a window, from ``begins`` to ``ends`` (UTC ns)."""

    def __init__(self, steps: Iterable[Transition], begins: int, ends: int, days: int) -> None:
        self._steps = list(steps)
        self._from, self._to = begins, ends
        self._days = days

    def _spans(self) -> list[tuple[State, int, int]]:
        """States with their beginning and end, cut to the window."""
        before = [one for one in self._steps if one.known <= self._from]
        inside = [one for one in self._steps if self._from < one.known < self._to]
        states: list[State] = [before[-1].to_state if before else "normal", *(one.to_state for one in inside)]
        edges = [self._from, *(one.known for one in inside), self._to]
        return [(state, edges[index], edges[index + 1]) for index, state in enumerate(states)]

    def draw(self, panel: "Axes") -> None:
        """The band itself, with names, days and a legend."""
        from matplotlib.patches import Patch  # noqa: PLC0415 - an optional dependency

        for state, begins, ends in self._spans():
            colour, hatch = LOOKS[state]
            panel.axvspan(at(begins), at(ends), facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=0.6)
            name = state.replace("_", " ")
            # A letter is about half as wide as it is high; what does not fit is left to the legend.
            wide = (ends - begins) / (self._to - self._from) * WIDTH_IN * 0.84 * 72
            if wide > 0.62 * BODY * len(name):
                middle = at((begins + ends) // 2)
                box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
                panel.text(middle, 0.5, name, ha="center", va="center", weight="bold", color=INK, bbox=box,
                           transform=panel.get_xaxis_transform())  # fmt: skip
        self._dates(panel)
        panel.set_yticks([])
        panel.spines[["left", "bottom"]].set_visible(False)
        panel.tick_params(axis="x", which="both", length=0)
        shown = [
            Patch(facecolor=LOOKS[one][0], hatch=LOOKS[one][1], edgecolor=INK, label=one.replace("_", " "))
            for one in STATES
        ]
        panel.legend(handles=shown, loc="lower right", bbox_to_anchor=(1.0, 1.42), ncols=3, borderaxespad=0,
                     handlelength=1.8, columnspacing=1.2)  # fmt: skip
        panel.set_title("State", pad=26)

    def _dates(self, panel: "Axes") -> None:
        """The day of each step over the band; where two would touch, the second is left out of the row below."""
        edges = self._spans()[1:]
        if len(edges) > 12:
            return
        form, room = ("%-d %b", 62) if self._days <= LONGEST_MARKED else ("%b %Y", 78)
        last = [-float(room)] * 2
        for _, begins, _ in edges:
            place = (begins - self._from) / (self._to - self._from) * WIDTH_IN * 0.84 * 72
            row = next((index for index, end in enumerate(last) if place - end > room), None)
            if row is None:
                continue
            last[row] = place
            panel.annotate(f"{ny_date(begins):{form}}", (at(begins), 1.0), xycoords=panel.get_xaxis_transform(),
                           xytext=(0, 3) if row == 0 else (0, -52), textcoords="offset points", ha="center",
                           fontsize=SMALL, color=INK)  # fmt: skip

    def shade(self, panel: "Axes") -> None:
        """The same spans, faintly, behind another panel."""
        for state, begins, ends in self._spans():
            if state != "normal":
                panel.axvspan(at(begins), at(ends), color=LOOKS[state][0], alpha=0.16, linewidth=0, zorder=0)
