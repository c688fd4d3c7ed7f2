from .disk import (
    ENGINE_BYTES as ENGINE_BYTES,
    FREE_SOME as FREE_SOME,
    free_bytes as free_bytes,
    is_full as is_full,
    way_out as way_out,
)
from .file_lock import (
    HeldError as HeldError,
    lock_file as lock_file,
    read_holder as read_holder,
    say_holder as say_holder,
)
from .file_names import find_path as find_path, shown_name as shown_name
from .holders import is_alive as is_alive, lock_holder as lock_holder
from .home_lock import writer_lock as writer_lock
