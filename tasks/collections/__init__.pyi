from .abandoning import abandon_promotion as abandon_promotion
from .adopting import adopt_collection as adopt_collection, plan_adoption as plan_adoption
from .adoption_plan import AdoptRequest as AdoptRequest
from .allowance import WINDOW as WINDOW, Allowance as Allowance
from .attaching import AttachRequest as AttachRequest, attach_collection as attach_collection
from .carriers import Carriers as Carriers
from .detaching import detach_collection as detach_collection
from .drawn_points import DrawnPoints as DrawnPoints, draw_points as draw_points
from .due_points import DuePoints as DuePoints, claim_unused_number as claim_unused_number, count_due as count_due
from .encoding import (
    LineReport as LineReport,
    check_output as check_output,
    encode_lines as encode_lines,
    open_line_model as open_line_model,
    read_lines as read_lines,
    write_encoded as write_encoded,
)
from .engine_idf import EngineIdf as EngineIdf
from .expansion_costs import CELL_BYTES as CELL_BYTES, POSTING_BYTES as POSTING_BYTES
from .explaining import explain_points as explain_points
from .indexing import IndexRequest as IndexRequest, index_documents as index_documents
from .length_drift import LengthDrift as LengthDrift, measure_drift as measure_drift
from .mending import Mended as Mended, mend_collection as mend_collection
from .moving_back import move_back as move_back, read_put_away as read_put_away
from .promotion import (
    contract_channel as contract_channel,
    finish_pending as finish_pending,
    is_grace_over as is_grace_over,
    plan_promotion as plan_promotion,
    promote as promote,
    roll_back_channel as roll_back_channel,
    sweep_channel as sweep_channel,
)
from .rebuilding import RebuildRequest as RebuildRequest, rebuild_collection as rebuild_collection
from .reclaiming import reused_of as reused_of, with_reclaimed_ids as with_reclaimed_ids
from .reencoding import ExpansionOptions as ExpansionOptions
from .searching import open_reader as open_reader, search_collection as search_collection
from .texts import (
    PointTextError as PointTextError,
    TextSource as TextSource,
    joined_path as joined_path,
    open_texts as open_texts,
)
from .unadopting import undo_adoption as undo_adoption
from .weighing import check_left_out as check_left_out
