"""The command line; the one file that knows all three packages.

Exit codes: 0 done · 1 a check failed, or a difference was found · 2 usage or configuration · 3 data that cannot be
used · 4 no broker · higher: the worker's own, see docs/operations.md.
"""

import asyncio
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from replay.commands import COMMANDS as REPLAY
from replay.commands import Speed
from streams.commands import COMMANDS as STREAMS

if TYPE_CHECKING:
    from detectors.signals import Output
    from replay.playback import Playback
    from replay.scenario import Script
    from streams.settings import Settings

EXIT_DIFFERENCE = 1
EXIT_CONFIGURATION = 2
TERMINATED = 128 + signal.SIGTERM
LAST_WORD_S = 30.0
SILENCE_S = 0.5
LOG_TAIL = 2_000


class Crunchwatch(click.Group):
    """A group that says what is wrong in one line: a user's mistake gets no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors that are meant for the user become a line and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            code = _exit_code(error)
            if code is None:
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(code)


def _exit_code(error: Exception) -> int | None:
    """The code of an error that was made for the user; None for one that is a fault of this program."""
    from detectors.config import ConfigError  # noqa: PLC0415 - only needed once something went wrong

    if isinstance(error, ConfigError):
        return EXIT_CONFIGURATION
    code = getattr(error, "exit_code", None)
    return code if isinstance(code, int) else None


@click.group(cls=Crunchwatch, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(metadata.version("crunchwatch"), prog_name="crunchwatch")
def main() -> None:
    """See stress in the U.S. Treasury and repo markets while it forms: normal, crunch, de facto default."""


@main.command()
@click.option("--speed", type=Speed(), default="259200", show_default=True, help="Seconds a second, or 'max'.")
@click.option("--json", "as_json", is_flag=True, help="Transitions and a summary, one JSON object a line.")
def demo(speed: float | None, as_json: bool) -> None:
    """Watch February and March 2021 stream through a broker and a worker of their own, and check what they say.

    A broker and a worker are started on free loopback ports, the weeks of 2021 are replayed into them, transitions are
    shown as they come, and at the end everything said is compared with the backtest, byte for byte. Nothing is left
    behind. Exit code 1 means that something differed.
    """
    from streams.embedded import EmbeddedBroker  # noqa: PLC0415 - heavy imports wait until a command runs

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that the children are stopped on the way out
    with tempfile.TemporaryDirectory(prefix="crunchwatch-demo-") as folder, EmbeddedBroker() as broker:
        same = _demo_on(broker.url, Path(folder) / "worker.log", speed, as_json=as_json)
    sys.exit(0 if same else EXIT_DIFFERENCE)


def _demo_on(url: str, log: Path, speed: float | None, *, as_json: bool) -> bool:
    """Run the demo on a broker; whether what the worker said is what the backtest says."""
    from detectors.config import load as load_config  # noqa: PLC0415 - heavy imports wait until a command runs
    from replay import backtest  # noqa: PLC0415
    from replay.faults import Faults  # noqa: PLC0415
    from replay.playback import Playback  # noqa: PLC0415
    from replay.scenario import named, script  # noqa: PLC0415
    from streams import settings, topics  # noqa: PLC0415
    from streams.process import WorkerProcess  # noqa: PLC0415

    chosen = settings.load({}, broker=url)  # the demo is the same for everyone: no variable of the user's goes in
    asyncio.run(topics.ensure(chosen))
    made = script(named("feb2021"))
    with log.open("wb") as errors:
        worker = WorkerProcess(_variables(chosen), log=errors)
        with worker:
            expected = backtest.run(made, load_config()).outputs  # while the worker starts
            try:
                worker.wait_ready()
                demonstration = Demonstration(made, expected, chosen, as_json=as_json)
                asyncio.run(demonstration.run(Playback(url, Faults(), speed)))
            except Exception:
                click.echo(log.read_bytes()[-LOG_TAIL:].decode(errors="replace"), err=True)
                raise
    return demonstration.closing()


def _variables(chosen: "Settings") -> dict[str, str]:
    """All of the worker's settings as variables, so that none of the user's own stays in force."""
    told = {f"CRUNCHWATCH_{name.upper()}": str(getattr(chosen, name)) for name in chosen.__struct_fields__}
    return {**told, "CRUNCHWATCH_SETTINGS": "", "CRUNCHWATCH_METRICS_PORT": "0"}


class Demonstration:
    """Plays the script, follows what the worker says, shows the transitions, and compares."""

    def __init__(self, made: "Script", expected: "list[Output]", chosen: "Settings", *, as_json: bool) -> None:
        from detectors.signals import to_json  # noqa: PLC0415 - heavy imports wait until a command runs
        from streams.topics import SIGNALS, TRANSITIONS  # noqa: PLC0415

        self._script = made
        self._settings = chosen
        self._as_json = as_json
        self._topics = {"signal": chosen.topic(SIGNALS), "transition": chosen.topic(TRANSITIONS)}
        self._expected: dict[str, list[bytes]] = {topic: [] for topic in self._topics.values()}
        for output in expected:
            self._expected[self._topics[str(output.__struct_config__.tag)]].append(to_json(output))
        self._said: dict[str, list[bytes]] = {topic: [] for topic in self._topics.values()}
        self._sent: dict[str, Any] = {}
        self._began = time.monotonic()

    async def run(self, how: "Playback") -> None:
        """Play and follow at once; return when everything expected was said, or nothing more comes."""
        from rich.live import Live  # noqa: PLC0415 - heavy imports wait until a command runs
        from rich.progress import Progress  # noqa: PLC0415

        from detectors.calendar import ny_date  # noqa: PLC0415
        from replay import playback, report  # noqa: PLC0415

        plan = playback.planned(self._script, how)
        bar = Progress(*playback.columns())
        task = bar.add_task("demo", total=len(plan.items), day="connecting")
        console = report.console()
        live = Live(self._view(bar), console=console, refresh_per_second=8, transient=True)
        shown = console.is_terminal and not self._as_json
        tell = (lambda _: live.update(self._view(bar))) if shown else self._tell
        with live if shown else nullcontext():
            follower = asyncio.create_task(self._follow(tell))
            try:
                self._sent = await playback.perform(
                    self._script,
                    how,
                    plan,
                    lambda slot: bar.update(task, advance=slot.elements, day=ny_date(slot.until_ns).isoformat()),
                )
                await self._last_word(follower)
            finally:
                follower.cancel()

    async def _follow(self, tell: Callable[[bytes], None]) -> None:
        """Read both topics from their beginning, for as long as it takes; tell of each transition."""
        from aiokafka import TopicPartition  # noqa: PLC0415 - heavy imports wait until a command runs

        from streams import clients  # noqa: PLC0415

        async with clients.reader(self._settings) as reader:
            topics = list(self._said)
            reader.assign([TopicPartition(name, part) for name in topics for part in range(self._settings.partitions)])
            await reader.seek_to_beginning()
            async for message in reader:
                self._said[message.topic].append(message.value)
                if message.topic == self._topics["transition"]:
                    tell(message.value)

    def _tell(self, transition: bytes) -> None:
        """One line a transition, where there is no terminal for a table that grows."""
        from detectors.signals import from_json  # noqa: PLC0415 - heavy imports wait until a command runs
        from replay import report, scorecard  # noqa: PLC0415

        if self._as_json:
            report.line(transition)
        else:
            step = from_json(transition)
            click.echo(f"{report.when(step.known)}  {scorecard.described(step)}")

    async def _last_word(self, follower: "asyncio.Task[None]") -> None:
        """Wait until as much was said as was expected and a moment longer, or until nothing has come for long."""
        heard, since = -1, time.monotonic()
        wanted = sum(map(len, self._expected.values()))
        while not follower.done():
            count = sum(map(len, self._said.values()))
            if count != heard:
                heard, since = count, time.monotonic()
            if time.monotonic() - since > (SILENCE_S if count >= wanted else LAST_WORD_S):
                return
            await asyncio.sleep(0.05)
        await follower

    def _view(self, bar: Any) -> Any:
        from rich.console import Group  # noqa: PLC0415 - heavy imports wait until a command runs

        return Group(self._table(), bar)

    def _table(self) -> Any:
        from detectors.signals import from_json  # noqa: PLC0415 - heavy imports wait until a command runs
        from replay import report  # noqa: PLC0415

        said = [from_json(raw) for raw in self._said[self._topics["transition"]]]
        return report.outputs_table(said, "Transitions, as the worker says them")

    def closing(self) -> bool:
        """Say how it went: the transitions, the chronology, and the comparison."""
        from detectors.signals import from_json  # noqa: PLC0415 - heavy imports wait until a command runs
        from replay import report, scorecard  # noqa: PLC0415

        missing = Counter(raw for side in self._expected.values() for raw in side)
        missing.subtract(raw for side in self._said.values() for raw in side)
        absent, extra = (+missing).total(), (-missing).total()
        same = self._said == self._expected
        counts = {name: len(self._said[topic]) for name, topic in self._topics.items()}
        took_s = time.monotonic() - self._began
        if self._as_json:
            facts = {"same": same, "missing": absent, "extra": extra, **counts, "elapsed_s": round(took_s, 3)}
            report.summary({"type": "summary", **facts, "replay": self._sent}, as_json=True)
            return same
        report.console().print(self._table())
        report.chronology(scorecard.score([from_json(raw) for side in self._said.values() for raw in side]))
        verdict = "the same, byte for byte, as the backtest's" if same else "NOT the backtest's"
        click.echo(
            f"Through broker and worker: {counts['transition']} transitions and {counts['signal']} signals, {verdict}"
            f" ({absent} missing, {extra} extra). {sum(self._sent['events'].values()):,} events in"
            f" {self._sent['elapsed_s']:.1f} s."
        )
        return same


for _command in (*REPLAY, *STREAMS):
    main.add_command(_command)

if __name__ == "__main__":
    sys.exit(main())
