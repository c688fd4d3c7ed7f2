from .ambiguity import choose_ambiguous as choose_ambiguous
from .choosing import (
    WordRequest as WordRequest,
    check_max_points as check_max_points,
    check_words as check_words,
    choose_words as choose_words,
    count_points as count_points,
    estimate as estimate,
    within_ids as within_ids,
)
from .features import (
    Chosen as Chosen,
    Features as Features,
    cut_features as cut_features,
    encode_features as encode_features,
)
from .importance_lesson import ImportanceLesson as ImportanceLesson, learn_from_corpus as learn_from_corpus
from .judging import Judge as Judge
from .priors import find_prior as find_prior, make_prior as make_prior, prior_origin as prior_origin
from .retraining import (
    MEASURED_SENTENCES as MEASURED_SENTENCES,
    Inspection as Inspection,
    bury_hopeless as bury_hopeless,
    find_underperforming as find_underperforming,
    served_candidates as served_candidates,
)
from .sampling import sample_held_out as sample_held_out, sample_sentences as sample_sentences
from .selection import (
    Selection as Selection,
    measured_meanings as measured_meanings,
    select_words as select_words,
    untaught_meanings as untaught_meanings,
)
from .units import (
    TrainingPlan as TrainingPlan,
    WordDigest as WordDigest,
    plan_units as plan_units,
    recall_results as recall_results,
    train_unit as train_unit,
    word_digests as word_digests,
)
from .word_memory import WordMemory as WordMemory, WordResult as WordResult
