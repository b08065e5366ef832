"""Whether the published clients can be driven here at all. The gate's machine must say yes in the half that has Python 3.12 or newer."""

import os
from importlib.util import find_spec

import pytest


def test_the_published_client_is_driven() -> None:
    if find_spec("sonzai") is None:
        pytest.skip("the published client needs Python 3.12")
    import sonzai

    assert sonzai.__version__ == "1.8.0"


def test_the_older_client_is_driven() -> None:
    folder = os.environ.get("EVALHUB_TEST_SONZAI_13")
    if folder is None:
        pytest.skip("the older client is not here")
    assert os.path.isdir(f"{folder}/sonzai-1.3.0.dist-info")
