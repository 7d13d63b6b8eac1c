"""Golden files: what the bundled dataset gives, to the byte. `make golden` writes them anew and shows the diff."""

import functools
from pathlib import Path

import orjson

from detectors.config import load
from detectors.engine import Engine, Result
from detectors.schemas import schemas
from detectors.signals import to_json
from replay.scenarios.scenario import named, script

HERE = Path(__file__).parent
SCHEMAS = HERE.parent.parent / "docs" / "schemas"


@functools.cache
def result(preset: str) -> Result:
    """The bundled scenario through one engine, in one batch."""
    return Engine(load(preset), "UST").process(script(named("feb2021")).events)


def outputs(preset: str) -> bytes:
    return b"".join(to_json(output) + b"\n" for output in result(preset).outputs)


def expected() -> dict[Path, bytes]:
    """Every golden file with the content it should have."""
    files = {HERE / f"feb2021.{preset}.jsonl": outputs(preset) for preset in ("desk", "framework")}
    for name, schema in schemas().items():
        files[SCHEMAS / f"{name}.json"] = orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n"
    return files
