"""The example plugin, installed into a folder of its own: on the path of whoever is to have it, and of nobody else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "fx_basis"
CONFIG = EXAMPLE / "fx_basis.toml"


@cache
def installed() -> Path:
    """A folder that holds the installed plugin; built from a copy, so that the checkout stays as it is."""
    folder = Path(mkdtemp(prefix="crunchwatch-plugin-"))
    source = shutil.copytree(EXAMPLE, folder / "source")
    target = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command = [*pip, "--no-build-isolation", "--no-index", "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def environment(**more: str) -> dict[str, str]:
    """This process's variables with the plugin on the path."""
    paths = [str(installed()), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path), **more}


def python(code: str, *arguments: str, cwd: Path = ROOT, plugin: bool = True) -> str:
    """What a Python that has the plugin prints."""
    chosen = environment() if plugin else dict(os.environ)
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=cwd, env=chosen, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
