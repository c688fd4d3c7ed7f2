from .completion import complete_collections as complete_collections, complete_releases as complete_releases
from .doctor_command import doctor as doctor
from .embeddings_command import serve_embeddings as serve_embeddings
from .encode_command import encode as encode
from .forget_command import forget as forget
from .form_options import CommandGroup as CommandGroup, options_of as options_of
from .help_pages import add_examples as add_examples
from .metrics_command import metrics as metrics
from .options import (
    channel_option as channel_option,
    common_options as common_options,
    open_place as open_place,
    run_flow as run_flow,
)
from .proof_commands import compare as compare, evaluate as evaluate
from .release_commands import release as release
from .service_commands import deploy as deploy, serve as serve
from .status_command import detach as detach, status as status
from .try_command import try_folder as try_folder
