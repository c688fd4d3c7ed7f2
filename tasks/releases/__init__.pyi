from .assembly import (
    Assembled as Assembled,
    Draft as Draft,
    assemble as assemble,
    joined_tokens_of as joined_tokens_of,
    probe_texts as probe_texts,
    write_card as write_card,
)
from .front_matter import source_names as source_names
from .ids_left import IdBudget as IdBudget, id_budget as id_budget
from .listed_forms import list_forms as list_forms
from .pruning import prune_releases as prune_releases
from .removal import plan_removal as plan_removal
