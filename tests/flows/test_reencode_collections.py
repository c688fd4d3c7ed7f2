"""Collections are brought to what the channel serves or is about to serve; without either there is nothing to do."""

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_whoever_asks_for_no_server_gets_none_though_one_is_named(tmp_path, monkeypatch):
    from flows.orchestration import embedded
    from minicoil.errors import ReleaseError

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(ReleaseError, match="has no release to re-encode for"):
        embedded.run("reencode-collections", {"home": str(tmp_path)}, server="")
