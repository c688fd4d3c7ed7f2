from .embeddings import (
    forget_embeddings as forget_embeddings,
    remembering as remembering,
    remembering_scan as remembering_scan,
)
from .sentence_cache import MAX_BYTES as MAX_BYTES, SentenceCache as SentenceCache, forget_sentences as forget_sentences
