"""February and March 2021 through the engine, in process."""

from detectors.config import load
from detectors.engine import Engine
from detectors.signals import Transition
from replay.scenarios.scenario import named, script

engine = Engine(load("desk"), "UST")
result = engine.process(script(named("feb2021")).events)
for output in result.outputs:
    if isinstance(output, Transition):
        print(output.from_state, "->", output.to_state, output.kind)
