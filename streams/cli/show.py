"""Showing what :mod:`streams.kafka.follow` follows: a live table, plain lines in a pipe, or JSON."""

from __future__ import annotations

import sys
from contextlib import aclosing

from rich.console import Console
from rich.live import Live

from detectors.signals import Transition
from streams.cli import table
from streams.kafka import follow
from streams.settings import Settings


async def show(
    settings: Settings,
    *,
    from_beginning: bool = False,
    as_json: bool = False,
    until_idle_s: float | None = None,
    exit_after: int | None = None,
) -> int:
    """Show transitions until stopped; returns how many there were."""
    display = _Lines(as_json) if as_json or not sys.stdout.isatty() else _LiveTable(settings.broker)
    count = 0
    with display:
        async with aclosing(follow.follow(settings, from_beginning=from_beginning, until_idle_s=until_idle_s)) as steps:
            async for step in steps:
                if step is None:
                    continue
                count += 1
                display.add(step)
                if exit_after is not None and count >= exit_after:
                    break
    return count


class _Lines:
    """One line a transition: the bytes of the topic, or text."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def add(self, step: follow.FollowedTransition) -> None:
        sys.stdout.write(step.raw.decode() if self._as_json else _words(step.transition))
        sys.stdout.write("\n")
        sys.stdout.flush()

    def __enter__(self) -> None:
        """Nothing to set up."""

    def __exit__(self, *_: object) -> None:
        """Nothing to restore."""


class _LiveTable:
    """A table that is redrawn with every transition."""

    def __init__(self, broker: str) -> None:
        self._title = f"transitions at {broker} (Ctrl-C ends)"
        self._transitions: list[Transition] = []
        self._live = Live(table.steps([], title=self._title), console=Console(), auto_refresh=False)

    def add(self, step: follow.FollowedTransition) -> None:
        self._transitions = [*self._transitions, step.transition][-table.SHOWN :]
        self._live.update(table.steps(self._transitions, title=self._title), refresh=True)

    def __enter__(self) -> None:
        self._live.start(refresh=True)

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def _words(transition: Transition) -> str:
    why = "; ".join(table.reasons(transition)) or transition.kind
    return f"{table.moment(transition.known)}  {transition.market}  {table.step(transition).plain}  {why}"
