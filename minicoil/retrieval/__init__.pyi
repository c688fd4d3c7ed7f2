from .comparison import Shift as Shift, fuse as fuse, shift as shift, summarise as summarise
from .effectiveness import Difference as Difference, whole_grades as whole_grades
from .evaluation import (
    BM25 as BM25,
    NEW_WORDS as NEW_WORDS,
    PARENT as PARENT,
    RELEASE as RELEASE,
    QueryChange as QueryChange,
    Run as Run,
    Search as Search,
    SetResult as SetResult,
    count_documents as count_documents,
    document_vectors as document_vectors,
    encode_queries as encode_queries,
    judge as judge,
    memory_search as memory_search,
    rank as rank,
    ranked_names as ranked_names,
)
from .evaluation_report import result_row as result_row
from .exact_index import ExactIndex as ExactIndex, inverse_frequency as inverse_frequency
from .explanation import TermScore as TermScore, explain as explain, kept_share as kept_share, movers as movers
from .extension_steps import split_extension as split_extension
from .known_items import Source as Source, make_known_items as make_known_items
from .length_drift import overlap_of_rankings as overlap_of_rankings
from .ranking_order import (
    Hit as Hit,
    first_of_each as first_of_each,
    search_in_order as search_in_order,
    sort_hits as sort_hits,
)
from .retrieval_gate import (
    GateVerdict as GateVerdict,
    SetEvidence as SetEvidence,
    hurting_words as hurting_words,
    judge_release as judge_release,
)
from .retrieval_set import RetrievalSet as RetrievalSet
from .sense_queries import WordSentences as WordSentences, make_sense_queries as make_sense_queries
from .word_effects import Effects as Effects, measure_words as measure_words
