from .opening import (
    SharedPoints as SharedPoints,
    open_points as open_points,
    server_version as server_version,
)
from .owner_process import wake_engine as wake_engine
from .payload_paths import field_root as field_root, read_field as read_field
from .records import (
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
)
from .server_features import TESTED_VERSION as TESTED_VERSION
