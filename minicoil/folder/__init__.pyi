from .bundle import (
    BundleFacts as BundleFacts,
    check_bundle as check_bundle,
    create_empty_bundle as create_empty_bundle,
    derive_bundle as derive_bundle,
    file_digest as file_digest,
    read_facts as read_facts,
)
from .fused import read_graph as read_graph
