from .opening import SharedPoints as SharedPoints, open_points as open_points, server_version as server_version
from .server_features import TESTED_VERSION as TESTED_VERSION
