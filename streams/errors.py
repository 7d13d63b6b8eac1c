"""The errors of the live edge; the command line prints the message, never a traceback."""

from transport.errors import CrunchwatchError


class StreamsError(CrunchwatchError):
    """The base of all errors of this package."""

    exit_code = 10


class SettingsError(StreamsError):
    """An invalid setting: which one, and why."""

    exit_code = 2

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"setting '{name}': {reason}")
        self.name = name
        self.reason = reason


class BrokerUnavailableError(StreamsError):
    """No broker answered in time."""

    exit_code = 4


class AccessDeniedError(StreamsError):
    """The broker is reachable, but rejects this client, or is rejected by it: certificate, name, password or protocol.

    ``certain`` is false where a broker that is just starting might do the same; then a retry is worthwhile.
    """

    exit_code = 13

    def __init__(self, message: str, *, certain: bool = True) -> None:
        super().__init__(message)
        self.certain = certain


class TopicMismatchError(StreamsError):
    """A topic exists, but not as this worker needs it."""

    exit_code = 5


class RecoveryError(StreamsError):
    """The state could not be read back, or does not fit what the broker holds."""

    exit_code = 6


class GapError(StreamsError):
    """Messages between what was applied and what came next are not available."""

    exit_code = 7


class SnapshotTooLargeError(StreamsError):
    """A market's state has outgrown the bound of one record."""

    exit_code = 8


class EmbeddedBrokerError(StreamsError):
    """The embedded broker is not installed, ended, or was not ready in time."""

    exit_code = 9


class WorkerProcessError(StreamsError):
    """A worker that was started as a process of its own ended, or was not ready in time."""

    exit_code = 11


class FencedError(StreamsError):
    """A partition has another owner, which has ended this worker's producer."""

    exit_code = 14

    def __init__(self, number: int) -> None:
        super().__init__(
            f"partition {number} has another owner: this worker was dropped by its group, or two workers have one "
            "CRUNCHWATCH_INSTANCE, or two groups have names that run into one"
        )
        self.number = number


class StopError(StreamsError):
    """A graceful stop could not write everything down in time."""

    exit_code = 12


class DeadLetterError(StreamsError):
    """A line that is to be replayed is invalid."""

    exit_code = 3


class PagerRejectedError(StreamsError):
    """PagerDuty rejects a message: the key, the address, or the message is invalid."""

    exit_code = 15


class NotifierFencedError(StreamsError):
    """Another notifier of the same group has taken over."""

    exit_code = 16
