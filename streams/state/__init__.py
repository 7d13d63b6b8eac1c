"""What a worker knows and writes: snapshots, positions, transactions, outputs, gauges."""
