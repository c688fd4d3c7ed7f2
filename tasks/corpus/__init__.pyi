from .column_writer import ColumnWriter as ColumnWriter
from .documents import (
    Document as Document,
    RowPlace as RowPlace,
    id_key as id_key,
    id_text as id_text,
    identity_key as identity_key,
    row_id as row_id,
    storable as storable,
    text_hash as text_hash,
)
from .hash_sample import HashSample as HashSample
from .kept_sentences import KeptSentences as KeptSentences
from .lengths import (
    SAMPLE as SAMPLE,
    LengthSample as LengthSample,
    TextLengths as TextLengths,
    measure_lengths as measure_lengths,
    summarise_lengths as summarise_lengths,
)
from .pieces import Piece as Piece, cut_corpora as cut_corpora, read_piece as read_piece
from .query_log import Query as Query, read_queries as read_queries
from .sentence_columns import SentenceColumns as SentenceColumns
from .sentence_store import Sentence as Sentence, SentenceStore as SentenceStore
from .specs import (
    CorpusReport as CorpusReport,
    nothing_found as nothing_found,
    open_corpus as open_corpus,
    read_corpora as read_corpora,
)
from .spool import spool_documents as spool_documents
from .telling_apart import Names as Names, OnDuplicate as OnDuplicate, StoredOwners as StoredOwners
from .traces import Traces as Traces, find_traces as find_traces, find_words as find_words
from .word_list import GivenWord as GivenWord, RefusedWord as RefusedWord, sort_words as sort_words
