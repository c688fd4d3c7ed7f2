"""What is an address of a hub, and what is refused with one that is."""

import pytest
from hypothesis import given, strategies as st

from minicoil.errors import UsageError
from tasks.hub.address import HubAddress, is_hub_address


@pytest.mark.parametrize(
    "text", ["hf:name", "hf:a/b/c", "hf:a/b@", "hf:a/b@../x", "hf:../x", "owner/name", "hf:", "hf:a b/c"]
)
def test_what_is_no_address_is_refused_with_one_that_is(text):
    with pytest.raises(UsageError, match="expected hf:owner/name"):
        HubAddress.read(text)


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
REVISIONS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_/-]{0,30}", fullmatch=True)


@given(owner=NAMES, name=NAMES, revision=st.none() | REVISIONS)
def test_an_address_is_written_as_it_is_read(owner, name, revision):
    address = HubAddress(f"{owner}/{name}", revision)
    assert HubAddress.read(str(address)) == address
    assert str(address) == f"hf:{owner}/{name}" + (f"@{revision}" if revision else "")


@pytest.mark.parametrize(
    "text", [f"hf:{'a' * 94}/bb", "hf:a/b@" + "c" * 201, "hf:a/b@-x", "hf:-a/b", "hf:a/b\n", "s3://a/b"]
)
def test_what_is_too_long_or_begins_as_an_option_does_is_no_address(text):
    with pytest.raises(UsageError) as caught:
        HubAddress.read(text)
    assert str(caught.value) == (f"'{text}': expected hf:owner/name or hf:owner/name@REVISION, such as hf:acme/terms@7")


def test_what_exists_as_a_path_is_that_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_hub_address("hf:owner/name")
    (tmp_path / "hf:owner" / "name").mkdir(parents=True)
    assert not is_hub_address("hf:owner/name") and not is_hub_address("./hf:owner/name")
