"""Nothing that comes from a topic is run: not as a message, not as a snapshot, not in a field of a model's state."""

from __future__ import annotations

import ast
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import detectors
import replay
import streams
from detectors.codec import decode
from detectors.config import load
from detectors.engine import Engine
from detectors.snapshot import MAGIC, VERSION, SnapshotError, pack, unpack
from streams.state import snapshot_records
from tests.support import hostile

CONFIG = load()
EVIL_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "code"}
EVIL_CALLS = {"eval", "exec", "compile", "__import__"}


def test_a_bomb_goes_off_when_it_is_unpickled(tmp_path: Path) -> None:
    """So that the tests below would notice."""
    import pickle

    mark = tmp_path / "mark"
    pickle.loads(hostile.pickles(mark)[-1])
    assert mark.exists()


@pytest.mark.parametrize("stream", ["yields", "repo", None])
def test_as_a_message_it_is_a_dead_letter(tmp_path: Path, stream: str | None) -> None:
    mark = tmp_path / "mark"
    for raw in hostile.garbage(random.Random(1), mark):
        found = decode(raw, key=b"UST", stream=stream)
        assert not found.events
        assert found.rejects
        assert all(len(reject.raw) <= 2048 and len(reject.detail) <= 300 for reject in found.rejects)
    for bomb in hostile.pickles(mark):
        assert decode(b'{"kind":"heartbeat"}', key=bomb).rejects
    assert not mark.exists()


def test_as_a_snapshot_it_is_refused_by_name(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for bomb in hostile.pickles(mark):
        wrapped = MAGIC + zlib.crc32(bomb).to_bytes(4, "big") + bomb
        for raw in (bomb, wrapped):
            with pytest.raises(SnapshotError) as caught:
                Engine.restore(CONFIG, "UST", raw)
            assert caught.value.reason in {"truncated", "content", "version"}
        head = bytes([snapshot_records.FORMAT])
        for raw in (bomb, head + bomb, head + zlib.compress(bomb)):
            with pytest.raises(snapshot_records.RecordRejectedError):
                snapshot_records.decode(raw)
    assert not mark.exists()


@pytest.mark.parametrize(
    "state",
    [
        {},
        [],
        "text",
        {"ordering": 1},
        {"ordering": {"watermark": "x", "tracks": [], "waiting": []}},
        {"ordering": {"watermark": 0, "tracks": {}, "waiting": [{"kind": "os.system"}]}},
    ],
)
def test_a_snapshot_made_by_hand_is_refused_by_name(state: Any) -> None:
    with pytest.raises(SnapshotError) as caught:
        Engine.restore(CONFIG, "UST", pack("UST", state))
    assert caught.value.reason == "content"


def test_deep_and_typed_msgpack_is_refused_by_name() -> None:
    deep = b"\x91" * 200_000 + b"\xc0"
    extension = msgspec.msgpack.encode([VERSION, "UST", {"ordering": msgspec.msgpack.Ext(5, b"cos\nsystem\n")}])
    for body in (deep, extension, msgspec.msgpack.encode([VERSION, "UST"]), msgspec.msgpack.encode({"a": 1})):
        with pytest.raises(SnapshotError) as caught:
            Engine.restore(CONFIG, "UST", MAGIC + zlib.crc32(body).to_bytes(4, "big") + body)
        assert caught.value.reason == "content"
    with pytest.raises(snapshot_records.RecordRejectedError):
        snapshot_records.decode(bytes([snapshot_records.FORMAT]) + zlib.compress(deep))


def test_a_record_that_inflates_without_end_is_refused_in_bounded_memory() -> None:
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(160)]
    bomb = b"".join(parts) + packer.flush()
    assert len(bomb) < 1 << 20
    with pytest.raises(snapshot_records.RecordRejectedError, match="larger than any state"):
        snapshot_records.decode(bytes([snapshot_records.FORMAT]) + bomb)


def leaves(plain: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a tree that holds a value, as container and key."""
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in list(items):
        if isinstance(value, dict | list) and value:
            yield from leaves(value)
        else:
            yield plain, key


def test_in_a_field_of_a_models_state_it_runs_nothing(tmp_path: Path) -> None:
    mark, rng = tmp_path / "mark", random.Random(6)
    engine = Engine(CONFIG, "UST")
    engine.process(hostile.novelties("UST", 400, rng))
    state = unpack(engine.snapshot(), "UST")
    bomb = hostile.pickles(mark)[-1]
    places = [place for name in ("anomaly", "shift", "joint") for place in leaves(state["detectors"][name])]
    refused = []
    for container, key in rng.sample(places, min(40, len(places))):
        before, container[key] = container[key], bomb
        try:
            Engine.restore(CONFIG, "UST", pack("UST", state)).snapshot()
        except SnapshotError as error:
            refused.append(error.reason)
        except (TypeError, ValueError):
            pass  # a number that is none shows when it is used; what matters is that it was not run
        container[key] = before
    assert set(refused) == {"content"}
    assert not mark.exists()


@pytest.mark.parametrize("package", [detectors, streams, replay], ids=lambda package: package.__name__)
def test_no_module_can_turn_bytes_into_code(package: Any) -> None:
    files = list(Path(package.__file__).parent.rglob("*.py"))
    assert files
    found = [f"{file}:{line}: {what}" for file in files for line, what in dangers(file.read_text(encoding="utf-8"))]
    assert not found


def test_the_command_line_cannot_either() -> None:
    import crunchwatch

    assert not dangers(Path(crunchwatch.__file__).read_text(encoding="utf-8"))


def dangers(source: str) -> list[tuple[int, str]]:
    """Imports and calls by which data become code."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").split(".")[0]]
        found += [(node.lineno, name) for name in names if name in EVIL_MODULES]  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            called = node.func
            plain = called.id if isinstance(called, ast.Name) else ""
            if plain in EVIL_CALLS:
                found.append((node.lineno, plain))
            for keyword in node.keywords:
                if keyword.arg in {"shell", "allow_pickle"} and getattr(keyword.value, "value", True):
                    found.append((node.lineno, str(keyword.arg)))
    return found


def test_the_search_finds_what_it_looks_for() -> None:
    lines = (
        "import pickle",
        "from yaml import load",
        "eval('1')",
        "run('x', shell=True)",
        "load(f, allow_pickle=True)",
    )
    assert all(dangers(line) for line in lines)
    assert not dangers("run('x', shell=False); re.compile('x'); import orjson")
