from .first_answer import answer_first as answer_first
from .sample import (
    TrialSample as TrialSample,
    fewest_function_words as fewest_function_words,
    read_sample as read_sample,
)
from .seen import FirstLook as FirstLook
from .sense_look import LOOKED as LOOKED, look_at_senses as look_at_senses
from .trial_names import choose_name as choose_name, keep_name as keep_name
