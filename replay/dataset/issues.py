"""How the name of an issue is spelled: the same issue under two spellings would be two.

Blanks at the ends, doubled blanks and letter case do not tell issues apart. A spreadsheet that takes a CUSIP for a
number drops its leading zeros, and some sources leave out the check digit: such a name is taken as the whole CUSIP if
the data hold it.

Source: CUSIP Global Services, the check digit (a modulus 10 of doubled second digits).
"""

import re
from collections.abc import Iterable

_CUSIP = re.compile(r"[0-9]{3}[0-9A-Z]{5}[0-9]")
_CUT_SHORT = re.compile(r"[0-9][0-9A-Z]{5,7}")
LENGTH = 9


def spelled(text: str) -> str:
    """The name of an issue as all sources write it.

    >>> spelled("10y-otr ")
    '10Y-OTR'
    """
    return " ".join(text.split()).upper()


def check_digit(first_eight: str) -> str:
    """The ninth character of a CUSIP.

    >>> check_digit("91282CBL")
    '4'
    """
    total = 0
    for place, character in enumerate(first_eight):
        value = int(character, 36) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def whole_cusips(names: Iterable[str]) -> dict[str, str]:
    """The names that are a CUSIP cut short, each with the whole one that stands among the names.

    >>> whole_cusips(["037833100", "37833100", "10Y-OTR"])
    {'37833100': '037833100'}
    """
    found = set(names)
    whole = {name for name in found if _CUSIP.fullmatch(name)}
    short: dict[str, str] = {}
    for name in sorted(found - whole):
        if not _CUT_SHORT.fullmatch(name):
            continue
        for candidate in (name.zfill(LENGTH), name + (check_digit(name) if len(name) == LENGTH - 1 else "")):
            if candidate in whole:
                short[name] = candidate
                break
    return short


def doubt(name: str) -> str | None:
    """What is odd about the name of an issue, or None."""
    if _CUSIP.fullmatch(name):
        wanted = check_digit(name[:-1])
        return None if name[-1] == wanted else f"its check digit would be {wanted}"
    padded = name.zfill(LENGTH)
    if _CUT_SHORT.fullmatch(name) and _CUSIP.fullmatch(padded) and check_digit(padded[:-1]) == padded[-1]:
        return f"{padded} without its leading zeros?"
    return None
