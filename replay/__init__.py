"""The past: recorded figures as events, replayed into a broker or straight into the engine."""
