"""How figures, times and names are written on the page."""

from __future__ import annotations

import datetime as dt
from html import escape
from itertools import pairwise

from detectors.calendar import NEW_YORK, NS
from detectors.signals import State
from detectors.view.margins import Margin

STATE_NAMES: dict[State, str] = {"normal": "Normal", "crunch": "Crunch", "de_facto_default": "De facto default"}
STATE_MARKS: dict[State, str] = {"normal": "●", "crunch": "▲", "de_facto_default": "■"}
"""A shape beside each colour, for those who do not see the colour."""
FEED_NAMES = {
    "yields": "yields",
    "repo_gc": "general collateral",
    "specials": "specials",
    "policy": "policy rates",
    "futures": "futures positions",
    "fails": "fails",
    "facility": "facility",
    "flows": "fund flows",
}
SIGNAL_NAMES = {
    "levels.sustained": "Sell-off beyond a level, sustained",
    "corridor.negative": "General collateral below zero",
    "corridor.above": "Repo above the corridor",
    "corridor.prewarning": "Repo at the corridor's bottom",
    "specialness.special": "Specialness of an issue",
    "floor.breach": "Special rate against the fails floor",
    "fails.high": "Fails to deliver",
    "facility.high": "Take-up at the facility",
    "scarcity.spread": "Scarcity in public rates",
    "coordination.stance_count": "Types of funds that stand short",
    "coordination.flow_count": "Types of funds that sell",
    "coordination.count": "Types of funds that reposition",
    "auction.weak": "Weak auction",
    "volatility.move": "Move of a day",
    "volatility.high": "Volatility",
    "feedback.gain": "Gain of the loop",
    "regime.kind": "Kind of stress",
    "inversion.shock": "Implied shock",
}
_UNITS = {"pct": "%", "bp": "bp", "usd": "USD", "types": "of 4 types"}
_SUFFIXES = ("_pct", "_bp", "_usd", "_s")
_DAY_S = 86_400
MINUS = "\N{MINUS SIGN}"


def plain(name: str) -> str:
    """A name of the project for people: no underscores."""
    return name.replace("_", " ")


def signal_name(detector: str, name: str) -> str:
    """The label of a signal; its own name if it has none."""
    return SIGNAL_NAMES.get(f"{detector}.{name}", f"{detector}.{name}")


def amount(value: float, unit: str) -> str:
    """A figure with its unit, and a minus as wide as a plus.

    >>> amount(4.0, "pct"), amount(275.22, "bp"), amount(148117000000.0, "usd"), amount(3.0, "")
    ('4.00 %', '275.2 bp', 'USD 148.1 bn', '3')
    """
    if unit == "usd":
        size, word = next((pair for pair in ((1e9, "bn"), (1e6, "m")) if abs(value) >= pair[0]), (1.0, ""))
        text = f"USD {value / size:,.1f} {word}".rstrip() if word else f"USD {value:,.0f}"
    elif unit == "pct":
        text = f"{value:,.2f} %"
    elif unit == "bp":
        text = f"{round(value, 1):g} bp"
    else:
        text = f"{value:,.6g} {_UNITS.get(unit, '')}".rstrip()
    return text.replace("-", MINUS)


def unit_of(values: dict[str, float]) -> str:
    """The unit of figures that are all of one, so also of the threshold beside them; none when they differ.

    >>> unit_of({"floor_pct": -3.0, "worst_pct": -4.0, "prints_below": 2.0})
    'pct'
    >>> unit_of({"above_bp": 3.0, "rate_pct": 0.0})
    ''
    """
    units = {suffix for name in values for suffix in _SUFFIXES if name.endswith(suffix)}
    return units.pop().removeprefix("_") if len(units) == 1 else ""


def figures(values: dict[str, float]) -> list[tuple[str, str]]:
    """Named values as they stand in a signal: the unit goes from the name to the figure."""
    found = []
    for name, value in values.items():
        suffix = next((one for one in _SUFFIXES if name.endswith(one)), "")
        shown = brief(round(value * NS)) if suffix == "_s" else amount(value, suffix[1:])
        found.append((plain(name.removesuffix(suffix)), shown))
    return found


def distance(margin: Margin) -> str:
    """How far a figure is beyond its threshold, or what is missing.

    >>> margin = Margin(name="x", subject="X", level=1, value=0.04, threshold=-0.01, unit="pct", rising=False)
    >>> distance(margin)
    '5 bp to go'
    """
    unit = "bp" if margin.unit == "pct" else margin.unit
    beyond = round(margin.beyond, 6)
    gap = amount(abs(beyond), unit).removesuffix(" of 4 types")
    if margin.unit == "types":
        gap += " type" if abs(beyond) == 1 else " types"
    if beyond == 0:
        return "at the threshold"
    return f"{gap} beyond" if beyond > 0 else f"{gap} to go"


def brief(ns: int) -> str:
    """A moment in New York, to the minute, as text."""
    return f"{dt.datetime.fromtimestamp(ns // NS, NEW_YORK):%a %-d %b %Y %H:%M}"


def moment(ns: int) -> str:
    """A moment as HTML: New York first, UTC beside it, and the machine's form in the attribute."""
    utc = dt.datetime.fromtimestamp(ns // NS, dt.UTC)
    ny = utc.astimezone(NEW_YORK)
    day = "" if utc.date() == ny.date() else f"{utc:%-d %b} "
    return (
        f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}">{escape(brief(ns))} '
        f'<span class="zone">New York</span> <span class="utc">({day}{utc:%H:%M} UTC)</span></time>'
    )


def duration(seconds: float) -> str:
    """A length of time in its two largest units.

    >>> duration(45), duration(3_720), duration(200_000), duration(171_000_000)
    ('45 s', '1 h 2 min', '2 days 7 h', '5 years 154 days')
    """
    seconds = int(max(0, seconds))
    sizes = ((365 * _DAY_S, "years"), (_DAY_S, "days"), (3600, "h"), (60, "min"), (1, "s"))
    for (size, word), (less, smaller) in pairwise(sizes):
        if seconds >= size:
            rest = seconds % size // less
            whole = counted(seconds // size, word)
            return f"{whole} {counted(rest, smaller)}" if rest else whole
    return f"{seconds} s"


def counted(count: int, word: str) -> str:
    """A count with its word, which is given in the plural."""
    return f"{count} {word.removesuffix('s') if count == 1 and len(word) > 3 else word}"
