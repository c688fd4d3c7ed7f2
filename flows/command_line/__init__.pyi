from .completion import complete_collections as complete_collections, complete_releases as complete_releases
from .encode_command import encode as encode
from .forget_command import forget as forget
from .help_pages import add_examples as add_examples
from .options import (
    base_option as base_option,
    bm25_options as bm25_options,
    channel_option as channel_option,
    common_options as common_options,
    corpus_option as corpus_option,
    dims_option as dims_option,
    encoder_option as encoder_option,
    expansion_options as expansion_options,
    no_promote_option as no_promote_option,
    open_place as open_place,
    profile_option as profile_option,
    proof_options as proof_options,
    run_flow as run_flow,
    sample_option as sample_option,
    training_options as training_options,
    without_flags as without_flags,
)
from .proof_commands import compare as compare, evaluate as evaluate
from .release_commands import release as release
from .service_commands import deploy as deploy, serve as serve
from .try_command import try_folder as try_folder
