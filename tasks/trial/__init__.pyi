from .first_answer import answer_first as answer_first
from .sample import ENGLISH_SHARE as ENGLISH_SHARE, TrialSample as TrialSample, read_sample as read_sample
from .sense_look import FirstLook as FirstLook, look_at_senses as look_at_senses
