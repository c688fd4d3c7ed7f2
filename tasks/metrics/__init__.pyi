from .counting import (
    FOLDER_VARIABLE as FOLDER_VARIABLE,
    count_engine_retry as count_engine_retry,
    count_rewritten as count_rewritten,
    count_store_conflict as count_store_conflict,
    count_store_retry as count_store_retry,
    count_words as count_words,
    counting_run as counting_run,
    is_counting as is_counting,
    timing_step as timing_step,
)
from .measures import (
    PREFIX as PREFIX,
    RUN_LABELS as RUN_LABELS,
    RUNS as RUNS,
    RUNS_HELP as RUNS_HELP,
    RUNS_STARTED as RUNS_STARTED,
)
