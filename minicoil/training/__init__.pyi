from .occurrences import (
    OccurrenceReader as OccurrenceReader,
    OccurrenceWriter as OccurrenceWriter,
    WordSample as WordSample,
)
from .prior import (
    PRIOR_FILE as PRIOR_FILE,
    Prior as Prior,
    collect_prior as collect_prior,
    principal_components as principal_components,
)
from .rules import rules_digest as rules_digest
from .senses import (
    find_senses as find_senses,
    group_senses as group_senses,
    measure_separation as measure_separation,
    telling_words as telling_words,
)
from .trained_word import TrainedWord as TrainedWord, TrainingFailure as TrainingFailure
from .trainer import train_words as train_words
from .triplets import (
    Triplets as Triplets,
    is_held_out as is_held_out,
    sample_triplets as sample_triplets,
    split_rows as split_rows,
    word_seed as word_seed,
)
from .validation import (
    apply_layer as apply_layer,
    judge_new as judge_new,
    judge_retrained as judge_retrained,
    measure as measure,
)
