"""Golden files: what the bundled dataset gives, to the byte. `make golden` writes them anew and shows the diff."""

from pathlib import Path

import orjson

from detectors.schemas import schemas
from detectors.signals import to_json
from replay.backtest.run import Backtest
from tests.support import shared

HERE = Path(__file__).parent
SCHEMAS = HERE.parent.parent / "docs" / "schemas"
PRESETS = {HERE / f"feb2021.{preset}.jsonl": preset for preset in ("desk", "framework")}
"""The file of each preset."""


def result(preset: str) -> Backtest:
    """The bundled scenario through one engine."""
    return shared.backtested("feb2021", preset)


def outputs(preset: str) -> bytes:
    return b"".join(to_json(output) + b"\n" for output in result(preset).outputs)


def names() -> list[Path]:
    """Every golden file; nothing is computed for it, since each process of a run of the tests asks."""
    return [*PRESETS, *(SCHEMAS / f"{name}.json" for name in schemas())]


def content(path: Path) -> bytes:
    """What a golden file should hold."""
    if path in PRESETS:
        return outputs(PRESETS[path])
    return orjson.dumps(schemas()[path.stem], option=orjson.OPT_INDENT_2) + b"\n"
