from .confirmation import (
    ReadersRequest as ReadersRequest,
    forget_acknowledgement as forget_acknowledgement,
    settle_readers as settle_readers,
)
from .readers import (
    FOREVER as FOREVER,
    LEASE_SECONDS as LEASE_SECONDS,
    announce_reader as announce_reader,
    look_for_readers as look_for_readers,
    new_reader_name as new_reader_name,
    withdraw_reader as withdraw_reader,
)
from .retention import (
    DEFAULT_CHANNEL as DEFAULT_CHANNEL,
    Waiting as Waiting,
    count_beside as count_beside,
    find_waiting as find_waiting,
    has_known_readers as has_known_readers,
    waiting_rows as waiting_rows,
)
