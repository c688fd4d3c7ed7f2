from .extension_answer import (
    answered_report as answered_report,
    dry_run_report as dry_run_report,
    extension_report as extension_report,
    run_or_pause as run_or_pause,
)
from .gated_promotion import Wish as Wish, settle_answered as settle_answered, settle_release as settle_release
from .job import Job as Job, finish_first as finish_first, open_job as open_job
from .making_release import make_release as make_release, publish_and_settle as publish_and_settle
from .service_page import status_page as status_page
from .service_status import look_at_channels as look_at_channels, report_status as report_status
from .steps import (
    Clock as Clock,
    abandon_step as abandon_step,
    adopt_step as adopt_step,
    ambiguous_step as ambiguous_step,
    assemble_step as assemble_step,
    attach_step as attach_step,
    base_step as base_step,
    check_folder_step as check_folder_step,
    choose_step as choose_step,
    compare_step as compare_step,
    contract_step as contract_step,
    count_points_step as count_points_step,
    encode_step as encode_step,
    estimate_step as estimate_step,
    evaluate_collection_step as evaluate_collection_step,
    evaluate_step as evaluate_step,
    held_out_step as held_out_step,
    index_step as index_step,
    measure_step as measure_step,
    mend_step as mend_step,
    move_back_step as move_back_step,
    open_parent_step as open_parent_step,
    plan_adoption_step as plan_adoption_step,
    plan_step as plan_step,
    promote_step as promote_step,
    proxies_step as proxies_step,
    publish_step as publish_step,
    rebuild_step as rebuild_step,
    rollback_step as rollback_step,
    select_step as select_step,
    settle_readers_step as settle_readers_step,
    sweep_step as sweep_step,
    undo_adoption_step as undo_adoption_step,
)
from .training_words import train_chosen as train_chosen
