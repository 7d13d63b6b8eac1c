from pathlib import Path

import jsonschema
import orjson
import pytest

from detectors import codec
from detectors.schemas import schemas
from tests.golden import PRESETS, SCHEMAS, content, names
from tests.support.shared import played


@pytest.mark.parametrize("path", names(), ids=lambda path: path.name)
def test_golden_file_is_what_the_code_gives(path: Path) -> None:
    assert path.read_bytes() == content(path), "not as committed: `make golden` writes it and shows the difference"


def test_no_schema_file_is_left_over() -> None:
    assert {path.name for path in SCHEMAS.iterdir()} == {f"{name}.json" for name in schemas()}


def test_the_bundled_events_and_outputs_fit_their_schemas() -> None:
    validators = {name: jsonschema.Draft202012Validator(schema) for name, schema in schemas().items()}
    for validator in validators.values():
        validator.check_schema(validator.schema)
    events = played("feb2021").events
    for event in (*events[:: len(events) // 400], *events[-200:]):
        record = orjson.loads(codec.encode(event))
        validators[record["kind"]].validate(record)
    for path in PRESETS:
        for line in content(path).splitlines():
            record = orjson.loads(line)
            validators[record["type"]].validate(record)


def test_a_schema_refuses_what_the_decoder_refuses() -> None:
    schema = jsonschema.Draft202012Validator(schemas()["repo_print"])
    event = next(event for event in played("feb2021").events if type(event).__name__ == "RepoPrint")
    record = orjson.loads(codec.encode(event))
    schema.validate(record)
    for spoilt in ({**record, "rate_bp": 1.0}, {**record, "rate_pct": "1"}, {**record, "segment": "REPO"}):
        with pytest.raises(jsonschema.ValidationError):
            schema.validate(spoilt)
        assert codec.decode(orjson.dumps(spoilt), key=b"UST").rejects[0].reason == "bad_field"
