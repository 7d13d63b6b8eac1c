"""Who may read the worker's port: a token, or loopback and a host name that is this machine's own.

A page of a stranger, open in a desk's browser, can make its own name point to 127.0.0.1 and read what listens there
(DNS rebinding). Its requests still carry the stranger's name, so an unknown name is rejected. With a token the
name does not matter: the stranger's page does not know it.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

from streams.errors import SettingsError
from streams.kafka.security import secret
from streams.settings import Settings
from streams.settings_checks import is_loopback

OPEN_PATHS = ("/healthz", "/readyz")
"""Asked by whatever starts and stops workers, under any name; they answer one word."""
SHORTEST_TOKEN = 16
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Denial(NamedTuple):
    """Why a request is not answered."""

    status: HTTPStatus
    text: str


class Guard:
    """Decides from a request's path and headers; holds the token, and never shows it."""

    def __init__(self, settings: Settings) -> None:
        self._token: bytes | None = None
        if settings.metrics_token_file:
            self._token = secret("metrics_token_file", settings.metrics_token_file).encode()
            if len(self._token) < SHORTEST_TOKEN:
                raise SettingsError(
                    "metrics_token_file", f"a token of fewer than {SHORTEST_TOKEN} characters can be guessed"
                )
        names = {name.strip().lower() for name in settings.metrics_names.split(",") if name.strip()}
        closed = names or is_loopback(settings.metrics_host)
        self._names = {*names, settings.metrics_host.lower()} if closed else None

    def denial(self, path: str, hosts: Sequence[str], authorizations: Sequence[str]) -> Denial | None:
        """Say why not, or None: all ``Host`` and all ``Authorization`` headers of the request are given."""
        if path in OPEN_PATHS:
            return None
        if self._token is not None:
            return None if self._knows(authorizations) else Denial(HTTPStatus.UNAUTHORIZED, "a token is required")
        if self._names is not None and not all(self._ours(host) for host in hosts):
            return Denial(HTTPStatus.MISDIRECTED_REQUEST, "unknown host")
        return None

    def _knows(self, authorizations: Sequence[str]) -> bool:
        if len(authorizations) != 1 or self._token is None:
            return False
        scheme, _, text = authorizations[0].partition(" ")
        shown = text.strip().encode("utf-8", "surrogateescape")
        if scheme.lower() == "basic":  # what a browser asks its reader for: any name, and the token as password
            shown = _password(shown)
        return hmac.compare_digest(shown, self._token) and scheme.lower() in {"bearer", "basic"}

    def _ours(self, host: str) -> bool:
        name, colon, port = host.lower().rpartition(":")
        if not colon or not port.isdigit():
            name = host.lower()
        return is_loopback(name) or name.strip("[]") in (self._names or ())


def _password(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[2]
    except ValueError:
        return b""
