from .adoption_parameters import AdoptParameters as AdoptParameters
from .expansion_parameters import ReencodeParameters as ReencodeParameters
from .filling_in import fill_in as fill_in
from .form_size import check_size as check_size
from .parameters import (
    AttachParameters as AttachParameters,
    ExtendParameters as ExtendParameters,
    IndexParameters as IndexParameters,
    RebuildParameters as RebuildParameters,
    RemoveParameters as RemoveParameters,
    RetrainParameters as RetrainParameters,
    WordsParameters as WordsParameters,
)
from .place_parameters import PlaceParameters as PlaceParameters
from .proof_parameters import CompareParameters as CompareParameters, EvaluateParameters as EvaluateParameters
from .reader_parameters import ReadersParameters as ReadersParameters
from .recipe import spell_recipe as spell_recipe
from .release_parameters import (
    AbandonParameters as AbandonParameters,
    PromoteParameters as PromoteParameters,
    PublishParameters as PublishParameters,
    RollbackParameters as RollbackParameters,
)
from .said import Said as Said
from .status_parameters import StatusParameters as StatusParameters
from .upkeep_parameters import (
    ReadingShardParameters as ReadingShardParameters,
    ReapParameters as ReapParameters,
    ShardParameters as ShardParameters,
    TrainingShardParameters as TrainingShardParameters,
)
