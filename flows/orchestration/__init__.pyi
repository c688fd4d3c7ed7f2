from .artifacts import (
    show_cells_that_wait as show_cells_that_wait,
    show_evaluation as show_evaluation,
    show_reencoding as show_reencoding,
    show_release as show_release,
    show_words as show_words,
)
from .embedded import SERVED_SETTINGS as SERVED_SETTINGS, run as run
from .events import GATE_FAILED as GATE_FAILED, announce_release as announce_release
from .past_runs import (
    PastRun as PastRun,
    hours_since as hours_since,
    last_success as last_success,
    newest_by_flow as newest_by_flow,
    read_runs as read_runs,
)
from .prefect_settings import ignore_working_folder as ignore_working_folder, tell_left_aside as tell_left_aside
from .progress_artifacts import progress_on_page as progress_on_page
from .reaping import HEARTBEAT as HEARTBEAT, STALE_SECONDS as STALE_SECONDS, TAG as TAG, reap as reap
from .run_records import RunRecord as RunRecord, newest_run as newest_run
from .running import flow as flow, run_logger as run_logger, server_address as server_address, step as step
from .server_runs import Schedule as Schedule, ServerView as ServerView, look_at_server as look_at_server
from .servers import (
    SERVICE_LOCK as SERVICE_LOCK,
    PrefectServer as PrefectServer,
    find_server as find_server,
    named as named,
    profiles_problem as profiles_problem,
    this_machine as this_machine,
)
from .sharding import (
    encode_in_shards as encode_in_shards,
    read_in_shards as read_in_shards,
    train_in_shards as train_in_shards,
)
from .shared_corpora import (
    CORPUS_VARIABLE as CORPUS_VARIABLE,
    read_specs as read_specs,
    with_shared_corpora as with_shared_corpora,
)
from .shown_artifacts import show_markdown as show_markdown, show_table as show_table
from .turns import limit_name as limit_name, take_turn as take_turn
