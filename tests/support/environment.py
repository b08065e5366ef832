"""Loaded by pytest before anything else: a data folder of its own, no keys of the person who runs the tests, no waiting demo models."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="evalhub-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

for name in [name for name in os.environ if name.startswith(("EVALHUB_", "OPENAI_", "ANTHROPIC_", "OPENROUTER_", "GEMINI_", "GOOGLE_"))]:
    if not name.startswith("EVALHUB_TEST_"):
        del os.environ[name]
os.environ["EVALHUB_DATA_DIR"] = _folder
os.environ["EVALHUB_DEMO_DELAY"] = "0"
os.environ["EVALHUB_ALLOW_LOOPBACK_OUT"] = "1"
os.environ["EVALHUB_LOG_LEVEL"] = "WARNING"
os.environ["DATABASE_URL"] = os.environ.get("EVALHUB_TEST_DATABASE_URL", "")
