"""What a desk looks at: boards for Grafana, rules for Prometheus, and what checks both."""
