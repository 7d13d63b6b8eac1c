"""Every query of the boards and the rules: where it stands, and how it is asked.

Read from the committed JSON and YAML, as Grafana and Prometheus read them, never from the Python that built them.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

LABEL_VALUES = re.compile(r"label_values\((?:(?P<selector>.+), *)?(?P<label>\w+)\)")


class BoardQuery(NamedTuple):
    """A query and its place; ``label``: it asks for the values of a label of what ``expr`` selects."""

    board: str
    place: str
    expr: str
    now: bool = False
    label: str | None = None

    @property
    def name(self) -> str:
        """How a list of exceptions names it."""
        return f"{self.board}: {self.place}"


def of_boards(folder: Path) -> list[BoardQuery]:
    """All queries of the boards in a folder.

    Raises:
        ValueError: a file that is no board, or a panel with a query that cannot be read.
    """
    found: list[BoardQuery] = []
    for path in sorted(folder.glob("*.json")):
        found += of_board(json.loads(path.read_text(encoding="utf-8")), path.stem)
    return found


def of_board(board: dict[str, Any], name: str) -> list[BoardQuery]:
    """The queries of one board: of its variables, annotations and panels, those inside rows too."""
    found = []
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            match = LABEL_VALUES.fullmatch(variable["query"])
            if match is None:
                raise ValueError(f"{name}: the variable {variable['name']} asks {variable['query']!r}")
            found.append(BoardQuery(name, f"variable {variable['name']}", match["selector"], label=match["label"]))
    found += [
        BoardQuery(name, f"annotation {one['name']}", one["expr"])
        for one in board["annotations"]["list"]
        if "expr" in one
    ]
    for panel in panels(board):
        for target in panel.get("targets", ()):
            place = f"panel {panel['id']} {target['refId']}"
            found.append(BoardQuery(name, place, target["expr"], now=bool(target.get("instant"))))
    return found


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels, those of collapsed rows too; not the rows."""
    for panel in board.get("panels", ()):
        if panel["type"] == "row":
            yield from panel.get("panels", ())
        else:
            yield panel


def of_rules(folder: Path) -> list[BoardQuery]:
    """The expressions of all rules in a folder."""
    found = []
    for path in sorted(folder.glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                name = rule.get("alert") or rule["record"]
                found.append(BoardQuery(f"rules {path.stem}", name, rule["expr"]))
    return found
