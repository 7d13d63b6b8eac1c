"""The private names of mode's services, on which Faust is built, that this project reads.

The private methods of Faust that ``faust_app`` overrides are its own business; ``tests/streams/test_internals.py``
checks both against the pinned versions.
"""

from __future__ import annotations

from typing import Any


async def crashed(service: Any) -> BaseException | None:
    """Wait until a service crashes; why, if it says so. mode has no public way to wait for that."""
    await service._crashed.wait()  # noqa: SLF001
    reason: BaseException | None = service._crash_reason  # noqa: SLF001
    return reason
