"""kcat for tests: the one on the PATH, else Debian's package with the two libraries that it needs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from grafana import programs
from tests.support import debian

LIBRARIES = {"librdkafka1": "librdkafka.so.1", "libyajl2": "libyajl.so.2"}


def variables() -> Mapping[str, str]:
    """The variables under which a shell finds kcat, and kcat its libraries."""
    if shutil.which("kcat"):
        return {}
    program = debian.package("kcat", "kcat")
    folders = [str(next(programs._unpacked(name).rglob(file)).parent) for name, file in LIBRARIES.items()]
    return {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "LD_LIBRARY_PATH": os.pathsep.join(folders),
    }
