"""The live edge: what carries events from Kafka topics to the engine and its findings back, and nothing else.

It imports ``detectors`` and never ``replay``. See ``docs/operations.md`` for what is promised of delivery.
"""
