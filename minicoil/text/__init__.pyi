from .decoding import as_utf8 as as_utf8, find_encoding as find_encoding, read_lines as read_lines
from .docstrings import from_docstring as from_docstring, from_rst as from_rst
from .folding import fold_text as fold_text
from .languages import (
    ENGLISH as ENGLISH,
    SNOWBALL as SNOWBALL,
    Language as Language,
    open_language as open_language,
    read_language as read_language,
)
from .near_duplicates import find_near_duplicates as find_near_duplicates
from .prose import from_html as from_html, from_markdown as from_markdown
from .quotes import Quotes as Quotes, normalise_text as normalise_text
from .sentences import (
    MAX_CHARACTERS as MAX_CHARACTERS,
    MAX_WORDS as MAX_WORDS,
    MIN_WORDS as MIN_WORDS,
    chunk_text as chunk_text,
    cut_parts as cut_parts,
    cut_pieces as cut_pieces,
    find_cuts as find_cuts,
    is_prose as is_prose,
    sentence_key as sentence_key,
    sentence_keys as sentence_keys,
    split_sentences as split_sentences,
)
from .snippets import cut_snippet as cut_snippet, possible_snippets as possible_snippets
from .stemming import (
    MAX_STEM_LENGTH as MAX_STEM_LENGTH,
    MEMO_SIZE as MEMO_SIZE,
    SPECIAL_TOKENS as SPECIAL_TOKENS,
    is_joined as is_joined,
    split_parts as split_parts,
    stem as stem,
)
from .tokens import PREFIX as PREFIX, TokenizedText as TokenizedText, WordTokenizer as WordTokenizer
