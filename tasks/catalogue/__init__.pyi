from .adoption import ADDED_FIELDS as ADDED_FIELDS, ADDED_INDEXES as ADDED_INDEXES, Adoption as Adoption
from .approvals import (
    WaitingRelease as WaitingRelease,
    check_approval as check_approval,
    finish_waiting as finish_waiting,
    hold_release as hold_release,
    list_waiting as list_waiting,
    look_for_waiting as look_for_waiting,
    read_waiting as read_waiting,
)
from .best import BestServed as BestServed, keep_best as keep_best, list_bests as list_bests, read_best as read_best
from .channels import (
    GRACE_HOURS as GRACE_HOURS,
    ChannelState as ChannelState,
    begin_anew as begin_anew,
    channel_names as channel_names,
    drop_pending as drop_pending,
    finish_contraction as finish_contraction,
    list_channels as list_channels,
    move_current as move_current,
    point_back as point_back,
    read_channel as read_channel,
    set_pending as set_pending,
)
from .gating import decide_promotion as decide_promotion, parity_fact as parity_fact
from .manifest import (
    MANIFEST as MANIFEST,
    FileEntry as FileEntry,
    Manifest as Manifest,
    change_manifest as change_manifest,
    content_digest as content_digest,
    importance_of as importance_of,
    parse_manifest as parse_manifest,
    read_manifest as read_manifest,
    read_sound as read_sound,
    release_key as release_key,
)
from .naming import (
    choose_named as choose_named,
    find_named as find_named,
    open_named as open_named,
    resolve_name as resolve_name,
    resolve_names as resolve_names,
)
from .payload_fields import (
    HASH_FIELD as HASH_FIELD,
    JOINED_FIELD as JOINED_FIELD,
    KEYS_FIELD as KEYS_FIELD,
    NO_UNION as NO_UNION,
    SOURCE_FIELD as SOURCE_FIELD,
    STAMP_FIELD as STAMP_FIELD,
    SYMBOLS_FIELD as SYMBOLS_FIELD,
    UNION_FIELD as UNION_FIELD,
)
from .registry import (
    RECORD_VERSION as RECORD_VERSION,
    CollectionRecord as CollectionRecord,
    DamagedRecord as DamagedRecord,
    collections_aside as collections_aside,
    list_collections as list_collections,
    open_record as open_record,
    read_collection_record as read_collection_record,
    read_registry as read_registry,
    register_collection as register_collection,
    remove_collection as remove_collection,
    replace_damaged as replace_damaged,
    salvage_record as salvage_record,
    served_release as served_release,
    update_collection as update_collection,
)
from .release_names import find_release as find_release
from .releases import (
    CLAIM as CLAIM,
    REPORT as REPORT,
    Publication as Publication,
    claim_release as claim_release,
    describe_file as describe_file,
    folder_to_fill as folder_to_fill,
    language_fact as language_fact,
    language_of as language_of,
    open_release as open_release,
    publish_release as publish_release,
    pull_release as pull_release,
    release_numbers as release_numbers,
    role_model_of as role_model_of,
    verify_release as verify_release,
)
from .reports import write_report as write_report
from .requests import file_digests as file_digests, find_request as find_request, request_digest as request_digest
