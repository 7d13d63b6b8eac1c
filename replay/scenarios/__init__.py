"""Scripts of events: bundled weeks, heartbeats, made-up markets."""
