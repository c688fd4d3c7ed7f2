from .counts_file import read_counts as read_counts, write_counts as write_counts
from .entries import FILLER as FILLER, check_word as check_word
from .grammar import part_of_speech as part_of_speech
from .ledger import Ledger as Ledger, VerdictName as VerdictName, WordRecord as WordRecord
from .mining import (
    Candidate as Candidate,
    KnownUse as KnownUse,
    MiningConfig as MiningConfig,
    general_per_million as general_per_million,
    query_weights as query_weights,
    rank_common as rank_common,
    rank_mined as rank_mined,
)
from .reclaiming import (
    bury_unused as bury_unused,
    clashing_ids as clashing_ids,
    free_ids as free_ids,
    reclaim_ids as reclaim_ids,
    retired_ids as retired_ids,
    reused_ids as reused_ids,
)
from .vocabulary import Vocabulary as Vocabulary
from .word_counts import (
    CountColumns as CountColumns,
    WordCounts as WordCounts,
    WordUse as WordUse,
    is_usable as is_usable,
)
from .worth import (
    ENOUGH_GAIN as ENOUGH_GAIN,
    UNTAUGHT_ORDERING as UNTAUGHT_ORDERING,
    FrontierRow as FrontierRow,
    Spread as Spread,
    expected_gain as expected_gain,
    frontier_prefixes as frontier_prefixes,
    order_by_worth as order_by_worth,
    words_within as words_within,
)
