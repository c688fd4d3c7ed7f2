from .adopting import adopt_collection as adopt_collection, plan_adoption as plan_adoption
from .adoption_plan import AdoptRequest as AdoptRequest
from .attaching import AttachRequest as AttachRequest, attach_collection as attach_collection
from .detaching import detach_collection as detach_collection
from .mending import Mended as Mended, mend_collection as mend_collection
from .moving_back import move_back as move_back, read_put_away as read_put_away
from .rebuilding import RebuildRequest as RebuildRequest, rebuild_collection as rebuild_collection
from .unadopting import undo_adoption as undo_adoption
