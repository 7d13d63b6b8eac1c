"""Is a message one that a worker takes? `python check.py STREAM MARKET < message.json`."""

import sys

from detectors.codec import decode

stream, market = sys.argv[1:3]
found = decode(sys.stdin.buffer.read(), key=market.encode(), stream=stream)
for index, event in found.events:
    print(f"{index}: {event}")
for reject in found.rejects:
    print(f"refused: {reject.reason}: {reject.detail}", file=sys.stderr)
sys.exit(1 if found.rejects else 0)
