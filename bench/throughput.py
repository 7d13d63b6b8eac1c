"""How fast the decoder and the engine are, as ratios to peers measured in the same run.

The bundled history, one event a message. Peers: orjson alone for the decoder, and Python's own sort of the same
events for the engine (the least that ordering them costs). Five rounds in turn; medians, and the ratio pair by pair.

    python -m bench.throughput
"""

import statistics
import sys
import time
from collections.abc import Callable

import orjson

from detectors import codec
from detectors.config import load
from detectors.engine import Engine
from detectors.events import order_key, stream_of
from replay.scenarios.scenario import named, script

ROUNDS = 5


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def compare(name: str, ours: Callable[[], object], peer_name: str, peer: Callable[[], object], count: int) -> None:
    pairs = [(seconds(ours), seconds(peer)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(
        f"{name:<22}{count / mine:>12,.0f} events/s   {peer_name:<22}{count / theirs:>12,.0f} events/s"
        f"   time ratio {ratio:.1f}"
    )


def main() -> None:
    events = script(named("feb2021")).events
    messages = [(codec.encode(event), event.market.encode(), stream_of(event)) for event in events]
    config = load(sys.argv[1] if len(sys.argv) > 1 else "desk")
    compare(
        "decode and check",
        lambda: [codec.decode(raw, key=key, stream=stream) for raw, key, stream in messages],
        "orjson.loads alone",
        lambda: [orjson.loads(raw) for raw, _, _ in messages],
        len(messages),
    )
    compare(
        "engine, one batch",
        lambda: Engine(config, "UST").process(events),
        "sorted() alone",
        lambda: sorted(events, key=order_key),
        len(events),
    )

    def one_by_one() -> None:
        engine = Engine(config, "UST")
        for event in events:
            engine.process((event,))

    compare("engine, one by one", one_by_one, "sorted() alone", lambda: sorted(events, key=order_key), len(events))


if __name__ == "__main__":
    main()
