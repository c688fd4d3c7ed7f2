from .base import import_base as import_base
from .bundles import (
    Parent as Parent,
    is_ancestor as is_ancestor,
    lineage as lineage,
    open_model as open_model,
    open_model_of as open_model_of,
    open_parent as open_parent,
    remove_published_work as remove_published_work,
    remove_work as remove_work,
)
from .collection_models import CollectionModels as CollectionModels
from .devices import choose_device as choose_device
from .empty import open_empty as open_empty
from .encoder_check import (
    check_encoder as check_encoder,
    choose_role_model as choose_role_model,
    role_width as role_width,
)
from .encoders import PACKAGED as PACKAGED, find_encoder as find_encoder
from .foreign_folder import check_folder as check_folder
from .languages import settle_language as settle_language
from .packed_base import pack_base as pack_base
from .sentence_encoder import Encoders as Encoders, SentenceEncoder as SentenceEncoder, open_encoders as open_encoders
