from .abandoning import abandon_promotion as abandon_promotion
from .allowance import WINDOW as WINDOW, Allowance as Allowance
from .due_points import DuePoints as DuePoints, claim_unused_number as claim_unused_number, count_due as count_due
from .expansion_costs import CELL_BYTES as CELL_BYTES, POSTING_BYTES as POSTING_BYTES
from .expansion_plan import time_a_text as time_a_text
from .promotion import (
    contract_channel as contract_channel,
    finish_pending as finish_pending,
    is_grace_over as is_grace_over,
    plan_promotion as plan_promotion,
    promote as promote,
    roll_back_channel as roll_back_channel,
    sweep_channel as sweep_channel,
)
from .reclaiming import reused_of as reused_of, with_reclaimed_ids as with_reclaimed_ids
from .reencoding import ExpansionOptions as ExpansionOptions
from .verification import (
    compare_points as compare_points,
    settle_collection as settle_collection,
    verify_collection as verify_collection,
)
