"""Who reads what, for how long, and whose cells wait for whom is told on one page."""

import re
import time

from flows.outcomes.reader_outcomes import ReadersOutcome
from tasks.readers.readers import FOREVER

READER = {"name": "shop", "channel": "production", "release": 3, "registered": True}
ROW = {"collection": "docs", "channel": "production", "release": 3, "beside": [1, 2], "n_points": 1200, "message": ""}


def lines_of(capsys, readers=(), collections=(), **values):
    ReadersOutcome.of({"readers": readers, "collections": collections, **values}).show()
    return capsys.readouterr().out.splitlines()


def test_readers_stay_for_ever_for_days_or_for_the_rest_of_a_lease(capsys):
    now = time.time()
    readers = [
        {**READER, "until": FOREVER},
        {**READER, "name": "cron", "until": now + 2.5 * 86_400 + 30},
        {**READER, "name": "api", "registered": False, "until": now + 61},
    ]
    lines = lines_of(capsys, readers)
    assert [" ".join(line.split()[3:]) for line in lines[1:3]] == ["registered", "registered for 2.5 days"]
    assert re.search(r"lease of 6[01] s$", lines[3].rstrip())


def test_nobody_is_told_too(capsys):
    assert lines_of(capsys, message="nothing to confirm") == [
        "nothing to confirm",
        "nobody follows a channel right now, and nobody is registered",
    ]


def test_collections_say_what_is_beside_and_whether_all_readers_are_known(capsys):
    rows = [
        {**ROW, "all_readers_known": False, "message": "cells of release 1 wait"},
        {**ROW, "collection": "drafts", "beside": [], "all_readers_known": True},
    ]
    lines = lines_of(capsys, [], rows)
    assert lines[2].split() == ["docs", "production", "3", "1,", "2", "1,200", "not", "all", "known"]
    assert lines[3].split() == ["drafts", "production", "3", "-", "1,200", "all", "known"]
    assert lines[4:] == ["cells of release 1 wait"]
