from .adoption_outcomes import AdoptOutcome as AdoptOutcome
from .collection_outcomes import (
    AttachOutcome as AttachOutcome,
    IndexOutcome as IndexOutcome,
    RebuildOutcome as RebuildOutcome,
)
from .outcome import Outcome as Outcome
from .proof_outcomes import ComparisonOutcome as ComparisonOutcome, EvaluationOutcome as EvaluationOutcome
from .reader_outcomes import ReadersOutcome as ReadersOutcome
from .release_outcomes import (
    AbandonOutcome as AbandonOutcome,
    PublishOutcome as PublishOutcome,
    ReencodingOutcome as ReencodingOutcome,
    RollbackOutcome as RollbackOutcome,
)
from .shown_parts import show_mapping as show_mapping
from .status_outcomes import StatusOutcome as StatusOutcome, show_status as show_status
from .upkeep_outcomes import (
    EncodedShardOutcome as EncodedShardOutcome,
    ReadShardOutcome as ReadShardOutcome,
    ReapOutcome as ReapOutcome,
    TrainedShardOutcome as TrainedShardOutcome,
)
from .word_outcomes import (
    ExtensionOutcome as ExtensionOutcome,
    RemovalOutcome as RemovalOutcome,
    RetrainOutcome as RetrainOutcome,
    WordsOutcome as WordsOutcome,
)
