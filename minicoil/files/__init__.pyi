from .layout import BundleLayout as BundleLayout
from .numbers import (
    MOST as MOST,
    Bytes as Bytes,
    Count as Count,
    Days as Days,
    DaysFromNow as DaysFromNow,
    Fraction as Fraction,
    Hours as Hours,
    Moment as Moment,
    NotNegative as NotNegative,
    Number as Number,
    Positive as Positive,
    Release as Release,
    ReleaseOrEmpty as ReleaseOrEmpty,
    Size as Size,
    check_number as check_number,
    check_numbers as check_numbers,
)
from .stack import (
    append_rows as append_rows,
    copy_stack as copy_stack,
    create_stack as create_stack,
    open_stack as open_stack,
    read_shape as read_shape,
    release_pages as release_pages,
    rewrite_rows as rewrite_rows,
)
from .strict_json import finite as finite, parse_json as parse_json, write_json as write_json
from .untrusted import ZIP_ERRORS as ZIP_ERRORS, load_array as load_array, read_archive as read_archive
from .whole_files import replacing_folder as replacing_folder, write_whole as write_whole
