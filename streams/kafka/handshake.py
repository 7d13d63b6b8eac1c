"""Why a broker that is reachable denies access: examined once a connection has failed, and reported in one line.

aiokafka tries address after address and then says that it could not; the reason is in its log, or lost. Here one
connection is made step by step, TLS, Kafka, SASL, and the first step that fails names what is wrong and which
setting corrects it. A broker that is unavailable, or just starting, is not a denial.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Any

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.protocol.admin import SaslHandShakeRequest

from streams.errors import AccessDeniedError
from streams.kafka import security
from streams.settings import Settings

STEP_S = 2.0
ALL_S = 3.0
FORBIDDEN = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.TransactionalIdAuthorizationFailed,
)
_ILLEGAL_STATE = errors.IllegalSaslStateError.errno


def forbidden(error: BaseException) -> AccessDeniedError | None:
    """The error of a client that is authenticated but not authorized."""
    if not isinstance(error, FORBIDDEN):
        return None
    what = type(error).__name__.removesuffix("Error").removesuffix("Failed").removesuffix("Authorization")
    return AccessDeniedError(
        f"the broker denies permission ({what}): docs/threat-model.md lists what a worker must be granted"
    )


async def denial(settings: Settings) -> AccessDeniedError | None:
    """Try each address once: the first clear denial, or None if there is none, or one of them works.

    One that accepts a connection and then does not answer is not a denial.
    """
    try:
        async with asyncio.timeout(ALL_S):
            return await _denial(settings)
    except TimeoutError:
        return None


async def _denial(settings: Settings) -> AccessDeniedError | None:
    options = security.options(settings)
    found: AccessDeniedError | None = None
    for address in settings.bootstrap:
        host, _, port = address.rpartition(":")
        try:
            await _try(host.strip("[]"), int(port), options)
        except AccessDeniedError as error:
            found = found or AccessDeniedError(f"{address}: {error}", certain=error.certain)
        except (OSError, TimeoutError, errors.KafkaError):
            continue
        else:
            return None
    return found


async def _try(host: str, port: int, options: dict[str, Any]) -> None:
    tls = options.get("ssl_context")
    await _greet(host, port, tls)
    try:
        connection = await create_conn(host, port, request_timeout_ms=int(STEP_S * 1000), **options)
    except (errors.KafkaError, OSError, TimeoutError) as error:
        raise await _named(error, host, port, options) from None
    try:
        if "sasl_mechanism" not in options:
            await _is_open(connection)
    finally:
        closed = connection.close()
        if closed is not None:
            await closed


async def _greet(host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Open the port, and agree on TLS if it is set."""
    try:
        async with asyncio.timeout(STEP_S):
            await _close(await asyncio.open_connection(host, port))
            if tls is not None:
                await _close(await asyncio.open_connection(host, port, ssl=tls))
    except ssl.SSLCertVerificationError as error:
        hint = (
            "put its issuer's certificate into CRUNCHWATCH_TLS_CA_FILE" if _untrusted(error) else "renew or correct it"
        )
        raise AccessDeniedError(f"the broker's certificate is rejected: {error.verify_message}; {hint}") from None
    except ssl.SSLError as error:
        raise AccessDeniedError(
            f"no TLS on this port ({error.reason or 'the handshake failed'}): is it a plaintext port? "
            "See CRUNCHWATCH_SECURITY",
            certain=False,
        ) from None
    except ConnectionResetError:
        if tls is None:
            raise
        raise AccessDeniedError(
            "the broker closes the connection on TLS: is it a plaintext port? See CRUNCHWATCH_SECURITY", certain=False
        ) from None


def _untrusted(error: ssl.SSLCertVerificationError) -> bool:
    return error.verify_code in {18, 19, 20, 21}  # OpenSSL's codes of an untrusted issuer


async def _named(error: Exception, host: str, port: int, options: dict[str, Any]) -> Exception:
    """The denial behind a connection that broke off after the handshake, or the error itself."""
    mechanism = options.get("sasl_mechanism")
    if isinstance(error, errors.SaslAuthenticationFailed):
        name = options["sasl_plain_username"]
        return AccessDeniedError(
            f"the broker rejects user '{name}' by {mechanism}: wrong name or password (CRUNCHWATCH_SASL_USERNAME, "
            "CRUNCHWATCH_SASL_PASSWORD_FILE)"
        )
    if isinstance(error, errors.UnsupportedSaslMechanismError):
        return AccessDeniedError(f"the broker does not support {mechanism}: see CRUNCHWATCH_SASL_MECHANISM")
    if isinstance(error, errors.IllegalSaslStateError):
        return AccessDeniedError("the broker has no authentication on this port: see CRUNCHWATCH_SECURITY")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return AccessDeniedError(
                f"the broker ends TLS ({cause.reason}): it needs a client certificate it trusts "
                "(CRUNCHWATCH_TLS_CERT_FILE, CRUNCHWATCH_TLS_KEY_FILE)"
            )
        cause = cause.__cause__
    if "ssl_context" not in options and await _speaks_tls(host, port):
        return AccessDeniedError("this is a TLS port: set CRUNCHWATCH_SECURITY to ssl or sasl_ssl")
    return error


async def _speaks_tls(host: str, port: int) -> bool:
    """Begin a TLS handshake and close. Nothing is sent, so nothing is checked."""
    greeting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    greeting.check_hostname = False
    greeting.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(STEP_S):
            await _close(await asyncio.open_connection(host, port, ssl=greeting))
    except (OSError, TimeoutError):
        return False
    return True


async def _close(streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Close completely, so that nothing of it is left to be collected later."""
    streams[1].close()
    with suppress(OSError):  # the other side may have closed first
        await streams[1].wait_closed()


async def _is_open(connection: AIOKafkaConnection) -> None:
    """Ask for the login mechanisms: a port without authentication says so, any other answer means that it needs one."""
    answer = await connection.send(SaslHandShakeRequest("PLAIN"))
    if answer.error_code != _ILLEGAL_STATE:
        ways = ", ".join(answer.enabled_mechanisms)
        raise AccessDeniedError(f"the broker needs a name and password ({ways}): set CRUNCHWATCH_SECURITY to sasl_ssl")
