"""Write the boards: ``python -m grafana.boards``; with ``--check`` only say whether they are as committed."""

import sys
from pathlib import Path

from grafana.boards.all import built

FOLDER = Path(__file__).parents[1] / "dashboards"


def main(arguments: list[str]) -> int:
    """Write or compare; 1 if a committed board differs."""
    differing = 0
    for name, text in built().items():
        path = FOLDER / f"{name}.json"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            differing += 1
            sys.stdout.write(f"{path.name} {'differs' if '--check' in arguments else 'written'}\n")
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    return int(bool(differing) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
