"""How a broker is reached that demands more than an address: handed in, because the live edge knows how.

There is one set of settings for TLS and SASL, read in one place, and that place is the live edge's; this package does
not import it. The command line, which knows both, hands in the client's options and the check that names a denial.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


async def _nobody() -> None:
    """A plaintext broker denies nobody access."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Options for every aiokafka client, kept out of the repr, and what finds out why the broker denies access."""

    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    denied: Callable[[], Awaitable[Exception | None]] = field(default=_nobody, repr=False)


PLAINTEXT = Connection()
Connect = Callable[[str], Connection]
"""From a broker's address to how it is reached; a click context's object holds it."""
