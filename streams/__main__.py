"""``python -m streams``: one worker, configured by the environment."""

import sys

from detectors.config import ConfigError
from streams import settings
from streams.cli.worker_process import STARTED
from streams.errors import SettingsError, StreamsError
from streams.worker import worker


def main() -> int:
    """Run the worker; its first line on standard output says where it listens."""
    try:
        chosen = settings.load()

        def started(address: str) -> None:
            sys.stdout.write(f"{STARTED}{address}\n")
            sys.stdout.flush()

        worker.run(chosen, started)
    except (StreamsError, ConfigError) as error:
        sys.stderr.write(f"crunchwatch worker: {error}\n")
        return error.exit_code if isinstance(error, StreamsError) else SettingsError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
