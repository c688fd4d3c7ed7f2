from .sentence_rows import SentenceRows as SentenceRows, split_texts as split_texts
from .utf8_columns import as_column as as_column
from .word_rows import RowTokenizer as RowTokenizer, WordRows as WordRows
