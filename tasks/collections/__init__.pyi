from .carriers import Carriers as Carriers
from .drawn_points import DrawnPoints as DrawnPoints, draw_points as draw_points
from .encoding import (
    LineReport as LineReport,
    check_output as check_output,
    encode_lines as encode_lines,
    open_line_model as open_line_model,
    read_lines as read_lines,
    write_encoded as write_encoded,
)
from .engine_idf import EngineIdf as EngineIdf
from .explaining import explain_points as explain_points
from .filling import (
    Filled as Filled,
    fill_collection as fill_collection,
    fill_points as fill_points,
    read_texts as read_texts,
)
from .finding import PAGE as PAGE, UNSTAMPED as UNSTAMPED, Finder as Finder, Found as Found
from .indexing import (
    BM25_VECTOR as BM25_VECTOR,
    VECTOR as VECTOR,
    IndexRequest as IndexRequest,
    describe_text as describe_text,
    index_documents as index_documents,
)
from .length_drift import LengthDrift as LengthDrift, measure_drift as measure_drift
from .searching import open_reader as open_reader, search_collection as search_collection
from .texts import (
    PointTextError as PointTextError,
    TextSource as TextSource,
    TextTemplate as TextTemplate,
    joined_path as joined_path,
    open_texts as open_texts,
)
from .weighing import (
    AUTO as AUTO,
    check_importance as check_importance,
    check_left_out as check_left_out,
    choose_importance as choose_importance,
)
from .writing import (
    Pace as Pace,
    current_stamp as current_stamp,
    make_vectors as make_vectors,
    mark_union as mark_union,
    open_writer as open_writer,
    rewrite_points as rewrite_points,
)
