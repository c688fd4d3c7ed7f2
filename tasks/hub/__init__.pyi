from .address import HubAddress as HubAddress, is_hub_address as is_hub_address
from .pulling import find_folder as find_folder, pull_from_hub as pull_from_hub
from .pushing import push_release as push_release
