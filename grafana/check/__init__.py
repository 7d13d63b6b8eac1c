"""Every query that is shipped, asked of a real Prometheus: for who works on boards and rules; not in the wheel."""
