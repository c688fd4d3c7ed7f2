from .alerting import has_way as has_way, read_memory as read_memory, tell_alerts as tell_alerts
from .channel_state import (
    ChannelStatus as ChannelStatus,
    Look as Look,
    channel_status as channel_status,
)
from .moments import shown_time as shown_time
from .notices import Notice as Notice, in_order as in_order
