"""For all tests: those that start servers share one process, so that one Kafka serves them all."""

import pytest

SERVERS = ("tests/integration/", "tests/streams/", "tests/replay/test_demo.py", "tests/replay/test_again.py")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep server tests together: `--dist loadgroup` gives a group to one process."""
    for item in items:
        if item.nodeid.startswith(SERVERS):
            item.add_marker(pytest.mark.xdist_group("servers"))
