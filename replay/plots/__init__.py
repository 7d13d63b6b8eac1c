"""Charts of a backtest."""
