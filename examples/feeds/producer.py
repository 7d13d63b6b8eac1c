"""Repo prints from standard input, `instrument,rate_pct` a line, to crunchwatch: python producer.py HOST:PORT TOPIC."""

import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaProducer

BROKER, TOPIC = sys.argv[1:3]
SOURCE = f"desk-python-{int(time.time())}"  # a new name at each start, because the numbers begin anew


async def main() -> None:
    """Send prints as they come, and a heartbeat a minute, until the input ends."""
    async with AIOKafkaProducer(bootstrap_servers=BROKER, enable_idempotence=True) as producer:

        async def send(sequence: int, **fields: object) -> None:
            now = time.time_ns()  # here a print is about the moment at which it is known
            event = {"market": "UST", "source": SOURCE, "sequence": sequence, "ts": now, "known": now, **fields}
            await producer.send_and_wait(TOPIC, json.dumps(event | {"provenance": "quoted"}).encode(), key=b"UST")

        async def beat() -> None:
            while True:  # the roster names every stream of the market; each needs heartbeats of its own
                await send(0, kind="heartbeat", stream="repo", roster=["repo"])
                await asyncio.sleep(60)

        beating = asyncio.create_task(beat())
        sequence = 0
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            instrument, rate = line.split(",")
            sequence += 1
            print_ = {"segment": "SPECIAL", "instrument": instrument, "rate_pct": float(rate), "statistic": "print"}
            await send(sequence, kind="repo_print", **print_)
        beating.cancel()


asyncio.run(main())
