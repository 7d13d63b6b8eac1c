"""The demonstration: a script is played, what a worker emits is shown as it comes, and compared with the backtest."""
