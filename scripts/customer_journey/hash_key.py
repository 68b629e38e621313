"""The key of the hashes that stand for persons. It comes from the environment and is kept nowhere."""

import os

ENVIRONMENT_VARIABLE = "JOURNEY_HASH_KEY"
DEMO_KEY = "demo-key-protects-nobody"


def hash_key() -> str:
    """Return the key from the environment, or the demo key, which protects nobody."""
    return os.environ.get(ENVIRONMENT_VARIABLE) or DEMO_KEY
