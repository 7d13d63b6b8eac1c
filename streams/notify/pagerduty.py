"""One message to PagerDuty's Events v2, and the result: accepted, to be retried, or declined.

The integration key is read from its file, goes into the body and nowhere else: no log, no error, no record holds it.
Redirects are not followed, because the key would go to an address nobody chose.
"""

from __future__ import annotations

import datetime as dt
import random
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson

from streams.errors import SettingsError
from streams.kafka import security
from streams.notify.incidents import Due
from streams.settings import Settings
from streams.settings_checks import is_loopback

ANSWER_WITHIN_S = 10.0
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
LONGEST_ASKED_S = 3600.0
_ANSWER_BYTES = 300


class Accepted:
    """PagerDuty accepted it."""


class RetryLater:
    """Not now: why, and after how long at least if the answer says so."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        self.why = why
        self.after_s = after_s


class Declined:
    """Invalid: a retry of the same message is of no use."""

    def __init__(self, why: str) -> None:
        self.why = why


SendResult = Accepted | RetryLater | Declined


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Take a redirect as the answer."""


class Pager:
    """Knows the address and the key."""

    def __init__(self, settings: Settings) -> None:
        """Read the key.

        Raises:
            SettingsError: there is no key, its file cannot be used, or the address is not encrypted.
        """
        if not settings.pagerduty_key_file:
            raise SettingsError(
                "pagerduty_key_file", "name a file with the integration key, or try first with --dry-run"
            )
        parts = urlsplit(settings.pagerduty_url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise SettingsError("pagerduty_url", "it must be https://…, because the key is sent there")
        self._url = settings.pagerduty_url
        self._link = settings.notify_link
        self._key = security.secret("pagerduty_key_file", settings.pagerduty_key_file)
        self._opener = urllib.request.build_opener(_NoRedirects)

    def send(self, message: Due) -> SendResult:
        """Post it; waits at most ten seconds for an answer. Never raises for what the network does."""
        body: dict[str, Any] = {
            "routing_key": self._key,
            "event_action": message.action,
            "dedup_key": message.dedup_key,
            "payload": message.payload,
            "client": "crunchwatch",
        }
        if self._link:
            body |= {"client_url": self._link, "links": [{"href": self._link, "text": "the market now"}]}
        request = urllib.request.Request(  # noqa: S310 - its scheme was checked
            self._url, orjson.dumps(body), {"Content-Type": "application/json", "User-Agent": "crunchwatch"}
        )
        try:
            with self._opener.open(request, timeout=ANSWER_WITHIN_S) as answer:
                answer.read(_ANSWER_BYTES)
                return Accepted()
        except urllib.error.HTTPError as error:
            with error:
                return self._judged(error)
        except (OSError, ValueError) as error:  # not reached, cut off, or an answer that is not HTTP
            return RetryLater(f"no answer: {type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - http.client's own errors; whatever it is, the message is kept
            return RetryLater(f"no answer: {type(error).__name__}")

    def _judged(self, error: urllib.error.HTTPError) -> SendResult:
        status = error.code
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.REQUEST_TIMEOUT,
        }:
            return RetryLater(f"status {status}", _asked(error.headers.get("Retry-After")))
        text = error.read(_ANSWER_BYTES).decode(errors="replace").replace(self._key, "…")
        return Declined(f"status {status}: {' '.join(text.split())}")


def _asked(text: str | None) -> float | None:
    """How long a ``Retry-After`` asks to wait, in seconds or as a date; at most an hour."""
    if text is None:
        return None
    try:
        wait_s = float(text)
    except ValueError:
        try:
            wait_s = (parsedate_to_datetime(text) - dt.datetime.now(dt.UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(wait_s, 0.0), LONGEST_ASKED_S) if wait_s == wait_s else None  # noqa: PLR0124 - NaN


def wait_s(attempts: int, asked_s: float | None) -> float:
    """How long to wait before the next attempt: doubling up to five minutes, with jitter; never less than asked."""
    most = min(FIRST_WAIT_S * 2.0 ** min(attempts - 1, 20), LONGEST_WAIT_S)
    return max(most * random.uniform(0.5, 1.0), asked_s or 0.0)  # noqa: S311 - no secret, only spread
