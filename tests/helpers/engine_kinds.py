"""The kinds of Qdrant that a suite runs over; apart, so that a conftest names them without loading a client."""

import os

SERVER_URL = os.environ.get("MINICOIL_TEST_QDRANT_URL", "")
SERVER_KINDS = ["double", *(["server"] if SERVER_URL else [])]
KINDS = ["embedded", *SERVER_KINDS]
