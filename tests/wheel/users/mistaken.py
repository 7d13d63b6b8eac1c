"""A user's mistakes, which a type checker sees only if the wheel says that it is typed."""

from detectors import Engine, load

market: int = Engine(load(), "UST").market
Engine(load(), 7)
