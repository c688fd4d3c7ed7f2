from .artifacts import (
    show_cells_that_wait as show_cells_that_wait,
    show_evaluation as show_evaluation,
    show_reencoding as show_reencoding,
    show_release as show_release,
    show_words as show_words,
)
from .embedded import SERVED_SETTINGS as SERVED_SETTINGS, run as run
from .events import GATE_FAILED as GATE_FAILED, announce_release as announce_release
from .local_runs import under_prefect as under_prefect
from .prefect_settings import ignore_working_folder as ignore_working_folder, tell_left_aside as tell_left_aside
from .progress_artifacts import progress_on_page as progress_on_page
from .run_records import (
    CANCELLED as CANCELLED,
    COMPLETED as COMPLETED,
    FAILED as FAILED,
    FOLDER as FOLDER,
    RUNNING as RUNNING,
    RunRecord as RunRecord,
    newest_run as newest_run,
)
from .running import flow as flow, run_logger as run_logger, server_address as server_address, step as step
from .servers import (
    SERVICE_LOCK as SERVICE_LOCK,
    PrefectServer as PrefectServer,
    find_server as find_server,
    named as named,
    profiles_problem as profiles_problem,
    this_machine as this_machine,
)
from .shown_artifacts import show_markdown as show_markdown, show_table as show_table
from .turns import limit_name as limit_name, take_turn as take_turn
