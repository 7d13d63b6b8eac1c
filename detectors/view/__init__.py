"""How a market stands, for gauges and pages: all of it looks and decides nothing."""
