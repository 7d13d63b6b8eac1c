"""What a worker's producers cost, one for each owned partition: ``python -m bench.ledgers kafka://host:port``.

For 4, 16 and 64 partitions: how long they take to open, what memory, tasks and connections they hold, and how long a
transaction on each of them at once takes. Beside it one transaction alone, as the unit of the last.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import uuid
from collections.abc import Awaitable
from pathlib import Path

from streams import settings
from streams.kafka import topics
from streams.state import transaction
from streams.state.outgoing import Outgoing

COUNTS = (4, 16, 64)
PAGE_BYTES = 4096


def memory_bytes() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


def sockets() -> int:
    """Open sockets of this process."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(entry.readlink()))
        except OSError:  # the one that lists the folder
            continue
    return sum(link.startswith("socket:") for link in links)


async def measure(broker: str) -> None:
    """Print a line for each count."""
    logging.getLogger("aiokafka").setLevel("CRITICAL")  # topics this new have no leaders yet, and are tried again
    prefix = f"bench{uuid.uuid4().hex[:6]}."
    chosen = settings.load({}, broker=broker, topic_prefix=prefix, group=prefix, partitions=max(COUNTS))
    await topics.ensure(chosen)
    one = [
        Outgoing(topics.TRANSITIONS, b"UST", b"x" * 1000, []),
        Outgoing(topics.SNAPSHOTS, b"UST", b"x" * 100_000, []),
    ]
    sys.stdout.write(
        f"{'partitions':>10} {'open s':>7} {'MB':>6} {'tasks':>6} {'sockets':>8} {'all at once / one':>18}\n"
    )
    for count in COUNTS:
        before = memory_bytes(), len(asyncio.all_tasks()), sockets()
        began = time.perf_counter()
        ledgers = await transaction.open_all(chosen, range(count))
        opened_s = time.perf_counter() - began
        await asyncio.gather(*(each.commit(one) for each in ledgers.values()))  # the first waits for metadata
        held = memory_bytes() - before[0], len(asyncio.all_tasks()) - before[1], sockets() - before[2]
        alone_s = await _timed(ledgers[0].commit(one))
        together_s = await _timed(*(each.commit(one) for each in ledgers.values()))
        await transaction.close_all(ledgers.values())
        sys.stdout.write(
            f"{count:>10} {opened_s:>7.2f} {held[0] / 1e6:>6.1f} {held[1]:>6} {held[2]:>8} "
            f"{1000 * together_s:>7.0f} / {1000 * alone_s:.0f} ms\n"
        )


async def _timed(*work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await asyncio.gather(*work)
    return time.perf_counter() - began


if __name__ == "__main__":
    asyncio.run(measure(sys.argv[1] if len(sys.argv) > 1 else "kafka://127.0.0.1:9092"))
