"""A pager of our own for where there is no Alertmanager."""
