from .cells import (
    Cells as Cells,
    SparseVector as SparseVector,
    as_indices as as_indices,
    bag_cells as bag_cells,
    bm25_vector as bm25_vector,
    count_words as count_words,
    document_vector as document_vector,
    frequency_vector as frequency_vector,
    normalise as normalise,
    query_vector as query_vector,
    without_words as without_words,
)
from .following import FollowedModel as FollowedModel
from .impact import (
    cells_of as cells_of,
    find_impact as find_impact,
    is_affected as is_affected,
    joined_tokens as joined_tokens,
    text_keys as text_keys,
)
from .model import HybridVector as HybridVector, MiniCoil as MiniCoil
from .parity import ParityReport as ParityReport, check_parity as check_parity
from .query_terms import Term as Term, split_query as split_query
from .term_statistics import TermStatistics as TermStatistics, fit_bm25 as fit_bm25, read_statistics as read_statistics
from .text_vectors import CountedText as CountedText
