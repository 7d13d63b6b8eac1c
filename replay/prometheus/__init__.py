"""The past written for Prometheus: samples, alerts, blocks, remote write."""
