from .audit import current_user as current_user, list_deeds as list_deeds, record_deed as record_deed
from .damage import (
    forget_damage as forget_damage,
    name_aside as name_aside,
    name_damage as name_damage,
    named_damage as named_damage,
)
from .documents import Documents as Documents
from .formats import (
    DamageError as DamageError,
    describe_problems as describe_problems,
    load_document as load_document,
    read_document as read_document,
    salvage_fields as salvage_fields,
    write_document as write_document,
)
from .object_store import ASIDE as ASIDE, Like as Like, ObjectStore as ObjectStore
from .opening import open_store as open_store, outside_settings as outside_settings
from .s3_files import open_s3_files as open_s3_files
