from .encode_rendering import describe_encoding as describe_encoding
from .failures import refuse as refuse, tell_damage as tell_damage
from .interruptions import describe_interruption as describe_interruption, newest_run as newest_run
from .rendering import show_result as show_result
from .try_remarks import (
    elsewhere as elsewhere,
    language_lines as language_lines,
    next_steps as next_steps,
    remarks as remarks,
    verdict as verdict,
)
from .try_rendering import show_seen_word as show_seen_word
