from .key_places import KeyPlaces as KeyPlaces
from .key_runs import KeyRuns as KeyRuns
from .key_set import KeySet as KeySet
from .lowest_keys import LowestKeys as LowestKeys
