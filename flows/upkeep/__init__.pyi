from .past_runs import (
    PastRun as PastRun,
    hours_since as hours_since,
    last_success as last_success,
    newest_by_flow as newest_by_flow,
    read_runs as read_runs,
)
from .reaping import HEARTBEAT as HEARTBEAT, STALE_SECONDS as STALE_SECONDS, TAG as TAG, reap as reap
from .server_runs import Schedule as Schedule, ServerView as ServerView, look_at_server as look_at_server
from .shared_corpora import (
    CORPUS_VARIABLE as CORPUS_VARIABLE,
    read_specs as read_specs,
    with_shared_corpora as with_shared_corpora,
)
