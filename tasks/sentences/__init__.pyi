from .column_writer import ColumnWriter as ColumnWriter
from .kept_sentences import KeptSentences as KeptSentences
from .sentence_columns import SentenceColumns as SentenceColumns
from .sentence_store import Sentence as Sentence, SentenceStore as SentenceStore
from .traces import Traces as Traces, find_traces as find_traces, find_words as find_words
