"""What ``crunchwatch data check`` found, for people and for programs."""

from collections.abc import Iterable

import msgspec
import orjson
from rich.markup import escape
from rich.table import Table

from replay.backtest import report
from replay.dataset.check import Check, CheckedFile, CheckedSeries, Judgement
from replay.dataset.expected_days import Gap

_GAPS = 3
"""How many gaps of a series a table shows; ``--json`` has all."""
_FEW = 6
_FILES = ("file", "understood as", "series", "days", "figures", "remarks")
_SERIES = ("series", "from", "to", "figures", "revised", "missing", "where")
_DETECTORS = ("detector", "with these files", "has", "too few days of", "lacks", "needs")


def show(found: Check, *, as_json: bool) -> None:
    """Print tables by file, series and detector, and what is in doubt; or all of it as one JSON object."""
    if as_json:
        report.line(orjson.dumps(msgspec.to_builtins(found), option=orjson.OPT_SORT_KEYS))
        return
    out = report.console()
    out.print(_table("Files", _FILES, map(_file, found.files)))
    out.print(_table("Series, over all files", _SERIES, map(_series, found.series)))
    out.print(_table("Detectors: days they need to judge / for good", _DETECTORS, map(_detector, found.detectors)))
    for text in found.warnings:
        out.print(f"warning: {escape(text)}")
    for text in found.errors:
        out.print(f"error: {escape(text)}")


def _table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in columns:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _file(one: CheckedFile) -> tuple[str, ...]:
    days = [day for series in one.series for day in (series.first, series.last) if day is not None]
    remarks = [
        *([one.error] if one.error else []),
        *([f"not read: {one.not_read}"] if one.not_read else []),
        *_counted(one.left_out, "rows left out"),
        *_counted(sum(series.blanks for series in one.series), "blank"),
        *_counted(sum(series.out_of_order for series in one.series), "out of order"),
        *_counted(sum(series.dated for series in one.series), "with their own time of publication"),
        *_counted(one.quotes, "quotes"),
    ]
    span = f"{min(days)} to {max(days)}" if days else ""
    figures = sum(series.figures for series in one.series)
    names = _listed([series.series for series in one.series])
    return one.path, one.format or "nothing", names, span, str(figures), "; ".join(remarks)


def _counted(count: int, what: str) -> list[str]:
    return [f"{count} {what}"] if count else []


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} more" if len(names) > _FEW else "")


def _series(one: CheckedSeries) -> tuple[str, ...]:
    longest = sorted(one.gaps, key=lambda gap: (-gap.days, gap.first))[:_GAPS]
    more = f" and {len(one.gaps) - _GAPS} more" if len(one.gaps) > _GAPS else ""
    return (
        one.series,
        str(one.first),
        str(one.last),
        str(one.figures),
        str(one.revised or ""),
        str(one.missing),
        _where(longest) + more,
    )


def _where(gaps: list[Gap]) -> str:
    return ", ".join(str(gap.first) if gap.days == 1 else f"{gap.first} to {gap.last} ({gap.days})" for gap in gaps)


def _detector(one: Judgement) -> tuple[str, ...]:
    short = ", ".join(f"{name} ({days})" for name, days in one.short.items())
    needs = f"{one.needs_days} / {one.window_days}"
    return one.detector, one.verdict, _listed(one.has), short, ", ".join(one.lacks), needs
