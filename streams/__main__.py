"""``python -m streams``: one worker, configured by the environment."""

import sys

from detectors.plugin_error import PluginError
from streams.errors import SettingsError, StreamsError


def main() -> int:
    """Run the worker; its first line on standard output says where it listens."""
    try:
        return _run()
    except StreamsError as error:
        sys.stderr.write(f"crunchwatch worker: {error}\n")
        return error.exit_code
    except PluginError as error:
        sys.stderr.write(f"crunchwatch worker: {error}\n")
        return SettingsError.exit_code


def _run() -> int:
    # A plugin's kinds are looked up when these are imported: what is wrong with one is a line too.
    from detectors.config import ConfigError  # noqa: PLC0415
    from streams import settings  # noqa: PLC0415
    from streams.cli.worker_process import STARTED  # noqa: PLC0415
    from streams.worker import worker  # noqa: PLC0415

    def started(address: str) -> None:
        sys.stdout.write(f"{STARTED}{address}\n")
        sys.stdout.flush()

    try:
        worker.run(settings.load(), started)
    except ConfigError as error:
        sys.stderr.write(f"crunchwatch worker: {error}\n")
        return SettingsError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
