"""``python -m grafana.check [BLOCKS]``."""

import sys

from grafana.check.ask import main

if __name__ == "__main__":
    sys.exit(main())
