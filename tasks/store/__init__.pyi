from .audit import current_user as current_user, list_deeds as list_deeds, record_deed as record_deed
from .damage import (
    forget_damage as forget_damage,
    name_aside as name_aside,
    name_damage as name_damage,
    named_damage as named_damage,
)
from .disk import (
    ENGINE_BYTES as ENGINE_BYTES,
    FREE_SOME as FREE_SOME,
    free_bytes as free_bytes,
    is_full as is_full,
    way_out as way_out,
)
from .documents import Documents as Documents
from .file_lock import (
    HeldError as HeldError,
    lock_file as lock_file,
    read_holder as read_holder,
    say_holder as say_holder,
)
from .file_names import find_path as find_path, shown_name as shown_name
from .formats import (
    DamageError as DamageError,
    describe_problems as describe_problems,
    load_document as load_document,
    read_document as read_document,
    salvage_fields as salvage_fields,
    write_document as write_document,
)
from .holders import is_alive as is_alive, lock_holder as lock_holder
from .home_lock import writer_lock as writer_lock
from .object_store import (
    ASIDE as ASIDE,
    Like as Like,
    ObjectStore as ObjectStore,
)
from .opening import open_store as open_store, outside_settings as outside_settings
from .s3_files import open_s3_files as open_s3_files
