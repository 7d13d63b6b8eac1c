"""The boards, built in Python and committed as JSON: ``python -m grafana.boards`` writes them anew.

They are built for Grafana 12.4 and 13.1 with grafana-foundation-sdk, whose version is pinned. Each board has a fixed
uid and each panel a fixed id, so that links go on working.
"""
