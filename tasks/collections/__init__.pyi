from .abandoning import abandon_promotion as abandon_promotion
from .adopting import adopt_collection as adopt_collection, plan_adoption as plan_adoption
from .adoption_plan import AdoptRequest as AdoptRequest
from .attaching import AttachRequest as AttachRequest, attach_collection as attach_collection
from .encoding import (
    LineReport as LineReport,
    check_output as check_output,
    encode_lines as encode_lines,
    open_line_model as open_line_model,
    read_lines as read_lines,
    write_encoded as write_encoded,
)
from .engine_idf import EngineIdf as EngineIdf
from .explaining import explain_points as explain_points
from .indexing import IndexRequest as IndexRequest, index_documents as index_documents
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
from .reencoding import ExpansionOptions as ExpansionOptions
from .searching import open_reader as open_reader, search_collection as search_collection
from .texts import PointTextError as PointTextError, TextSource as TextSource, open_texts as open_texts
from .unadopting import undo_adoption as undo_adoption
