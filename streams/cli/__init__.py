"""The live edge's commands: what a terminal shows and what it starts."""
