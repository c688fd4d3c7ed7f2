from .pieces import Piece as Piece, cut_corpora as cut_corpora, read_piece as read_piece
from .query_log import Query as Query, read_queries as read_queries
from .specs import (
    nothing_found as nothing_found,
    open_corpus as open_corpus,
    read_corpora as read_corpora,
)
from .word_list import GivenWord as GivenWord, RefusedWord as RefusedWord, sort_words as sort_words
