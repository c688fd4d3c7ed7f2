"""What is an address of a hub, and what is refused with one that is."""

import pytest

from minicoil.errors import UsageError
from tasks.hub.address import HubAddress


@pytest.mark.parametrize(
    "text", ["hf:name", "hf:a/b/c", "hf:a/b@", "hf:a/b@../x", "hf:../x", "owner/name", "hf:", "hf:a b/c"]
)
def test_what_is_no_address_is_refused_with_one_that_is(text):
    with pytest.raises(UsageError, match="expected hf:owner/name"):
        HubAddress.read(text)
