"""What the live edge and the past both need of Kafka and of each other's manners; it imports neither of them.

``errors`` is the base of every error meant for the user, ``producers`` stops a producer in bounded time, and
``aiokafka_internals`` is the one module that touches private names of aiokafka.
"""
