"""One process: Faust with our consumer, the partitions it owns, its watchdog and its readiness."""
