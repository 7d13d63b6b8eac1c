"""A user's mistakes, which a type checker sees only if the wheel says that it is typed."""

from detectors.config import load
from detectors.engine import Engine

market: int = Engine(load(), "UST").market
Engine(load(), 7)
