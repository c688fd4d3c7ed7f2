from .assembly import (
    Assembled as Assembled,
    Draft as Draft,
    assemble as assemble,
    joined_tokens_of as joined_tokens_of,
    probe_texts as probe_texts,
)
from .ids_left import IdBudget as IdBudget, id_budget as id_budget
from .pruning import prune_releases as prune_releases
from .removal import plan_removal as plan_removal
