"""What was broken and what came of it, over all tests of a run; printed as a table at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = ("transitions", "signals")
Said = Mapping[str, Sequence[bytes]]
"""The values of one topic, by market, in their order."""


@dataclass
class Ledger:
    """Counts of faults by kind, of expected outputs and of what differed, and lines worth telling."""

    faults: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    disordered: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def fault(self, kind: str, count: int = 1) -> None:
        """Something was broken on purpose."""
        self.faults[kind] += count

    def note(self, text: str) -> None:
        """Something worth telling at the end, a seed or a time."""
        self.notes.append(text)

    def compare(self, kind: str, expected: Said, said: Said) -> bool:
        """Count how the outputs of one kind differ from the backtest's; whether they are the same."""
        for market in sorted({*expected, *said}):
            wanted, had = Counter(expected.get(market, ())), Counter(said.get(market, ()))
            self.expected[kind] += wanted.total()
            self.missing[kind] += sum(1 for value in wanted if value not in had)
            self.new[kind] += sum(1 for value in had if value not in wanted)
            self.repeated[kind] += sum(had[value] - 1 for value in had)
            if wanted == had and list(expected[market]) != list(said[market]):
                self.disordered[kind] += 1
        return all(list(expected.get(market, ())) == list(said.get(market, ())) for market in {*expected, *said})

    def plain(self) -> dict[str, dict[str, int] | list[str]]:
        """As plain values, to be handed from one process to another."""
        return {name: list(part) if name == "notes" else dict(part) for name, part in vars(self).items()}

    def add(self, plain: Mapping[str, Any]) -> None:
        """Take another process's account in."""
        for name, part in vars(self).items():
            part.extend(plain[name]) if name == "notes" else part.update(plain[name])

    def lines(self) -> list[str]:
        """The table."""
        rows = [f"  {kind:<52}{count:>7}" for kind, count in sorted(self.faults.items())]
        head = "".join(f"{name:>13}" for name in KINDS)
        counts = (
            ("expected", self.expected),
            ("missing", self.missing),
            ("new", self.new),
            ("repeated to a committed reader", self.repeated),
            ("markets out of order", self.disordered),
        )
        told = [f"  {name:<46}" + "".join(f"{count[kind]:>13}" for kind in KINDS) for name, count in counts]
        total = f"  {'all':<52}{self.faults.total():>7}"
        return ["faults injected", *rows, total, f"{'outputs':<48}{head}", *told, *self.notes]
