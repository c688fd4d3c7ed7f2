from .documents import (
    Document as Document,
    id_key as id_key,
    id_text as id_text,
    row_id as row_id,
    storable as storable,
    text_hash as text_hash,
)
from .kept_sentences import KeptSentences as KeptSentences
from .lengths import (
    SAMPLE as SAMPLE,
    LengthSample as LengthSample,
    TextLengths as TextLengths,
    measure_lengths as measure_lengths,
    summarise_lengths as summarise_lengths,
)
from .query_log import read_queries as read_queries
from .reading import Reading as Reading, count_background as count_background, read_sentences as read_sentences
from .sentence_store import Sentence as Sentence, SentenceStore as SentenceStore
from .specs import CorpusReport as CorpusReport, open_corpus as open_corpus, read_corpora as read_corpora
from .spool import spool_documents as spool_documents
from .telling_apart import OnDuplicate as OnDuplicate, StoredOwners as StoredOwners
from .traces import Traces as Traces, find_traces as find_traces, find_words as find_words
from .word_list import GivenWord as GivenWord, RefusedWord as RefusedWord, sort_words as sort_words
