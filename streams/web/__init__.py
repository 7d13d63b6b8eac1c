"""The worker's port: metrics, health, readiness, and the page that people read."""
