from .corpus_report import CorpusReport as CorpusReport
from .documents import (
    Document as Document,
    RowPlace as RowPlace,
    document as document,
    id_key as id_key,
    id_text as id_text,
    identity_key as identity_key,
    row_id as row_id,
    row_texts as row_texts,
    storable as storable,
    text_hash as text_hash,
)
from .hash_sample import HashSample as HashSample
from .lengths import (
    SAMPLE as SAMPLE,
    LengthSample as LengthSample,
    TextLengths as TextLengths,
    measure_lengths as measure_lengths,
    summarise_lengths as summarise_lengths,
)
from .spool import spool_documents as spool_documents
from .stretches import (
    HELD_BYTES as HELD_BYTES,
    IdRange as IdRange,
    Stretch as Stretch,
    cut_groups as cut_groups,
    cut_lines as cut_lines,
    cut_text as cut_text,
    is_long as is_long,
    long_parts as long_parts,
)
from .telling_apart import (
    LastRows as LastRows,
    Names as Names,
    OnDuplicate as OnDuplicate,
    Owners as Owners,
    StoredOwners as StoredOwners,
    is_same_source as is_same_source,
)
