# SPDX-License-Identifier: MPL-2.0
import pytest

from harness import Network


@pytest.fixture
def net(tmp_path):
    """Daemons that share a secret; all are stopped when the test ends, and must stop cleanly."""
    with Network(tmp_path) as network:
        yield network
