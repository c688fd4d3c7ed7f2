from .form_size import check_size as check_size
from .parameters import (
    AbandonParameters as AbandonParameters,
    AttachParameters as AttachParameters,
    CompareParameters as CompareParameters,
    EvaluateParameters as EvaluateParameters,
    ExtendParameters as ExtendParameters,
    IndexParameters as IndexParameters,
    PromoteParameters as PromoteParameters,
    PublishParameters as PublishParameters,
    RebuildParameters as RebuildParameters,
    ReencodeParameters as ReencodeParameters,
    RemoveParameters as RemoveParameters,
    RetrainParameters as RetrainParameters,
    RollbackParameters as RollbackParameters,
    WordsParameters as WordsParameters,
)
from .reader_parameters import ReadersParameters as ReadersParameters
from .upkeep_parameters import (
    ReapParameters as ReapParameters,
    ShardParameters as ShardParameters,
    TrainingShardParameters as TrainingShardParameters,
)
