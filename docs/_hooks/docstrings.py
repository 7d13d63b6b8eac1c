"""Docstrings for the site: roles such as ``:class:`detectors.signals.Signal``` become links, doctests become code."""

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:mod|class|func|meth|attr|data|exc|obj):`~?([\w.]+)`")
_DOCTEST = re.compile(r"^( *)>>> .*(?:\n *\S.*)*", re.MULTILINE)


class Roles(griffe.Extension):
    """Rewrites the docstring of every object as it is loaded."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Turn each role into an optional cross-reference: text where the site does not describe the thing."""
        if obj.docstring is None:
            return
        scope = obj.path if obj.is_class or obj.is_module else obj.parent.path if obj.parent is not None else ""
        text = _ROLE.sub(lambda match: _linked(match[1], scope), obj.docstring.value)
        obj.docstring.value = _DOCTEST.sub(lambda match: _fenced(match[0], match[1]), text)


def _fenced(example: str, indent: str) -> str:
    if indent:
        return example  # code as it stands
    return f"```pycon\n{example}\n```"


def _linked(name: str, scope: str) -> str:
    target = name if name.startswith("detectors.") else f"{scope}.{name}"
    return f'<autoref optional identifier="{target}"><code>{name}</code></autoref>'
