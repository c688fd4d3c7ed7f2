from .embedded import EmbeddedPoints as EmbeddedPoints
from .owner_process import wake_engine as wake_engine
from .payload_paths import field_root as field_root, read_field as read_field
from .records import (
    CELLS_PER_PROBE as CELLS_PER_PROBE,
    CollectionSchema as CollectionSchema,
    CollectionShape as CollectionShape,
    Hit as Hit,
    Point as Point,
    PointFilter as PointFilter,
    PointId as PointId,
    PointStore as PointStore,
    Vector as Vector,
    VectorUpdate as VectorUpdate,
    id_order as id_order,
    not_found as not_found,
    probes as probes,
)
