"""JSON Schemas of every record, made from the classes themselves."""

from typing import Any

import msgspec

from detectors.events.catalogue import kinds
from detectors.signals import Signal, Transition

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """A self-contained schema by record name: the events, the signal and the transition."""
    made = {}
    records: tuple[type[msgspec.Struct], ...] = (*kinds(), Signal, Transition)
    for record in records:
        (schema,), components = msgspec.json.schema_components([record], ref_template="#/$defs/{name}")
        name = str(record.__struct_config__.tag)
        own = components.pop(record.__name__)
        made[name] = {"$schema": DRAFT, "$id": f"crunchwatch:{name}", **own}
        assert schema == {"$ref": f"#/$defs/{record.__name__}"}
        if components:
            made[name]["$defs"] = components
    return made
