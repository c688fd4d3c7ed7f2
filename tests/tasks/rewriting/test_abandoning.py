"""A promotion that is given up leaves nothing of it, and what was there before stays."""

from dataclasses import replace

import pytest
from promotions import (
    affected_ids,
    as_dict,
    contents,
    index,
    model_of,
    publish_sibling,
    serve,
    stored,
)

from minicoil.errors import CollectionError
from minicoil.folder.bundle import check_bundle
from tasks.catalogue.channels import read_channel, set_pending
from tasks.catalogue.payload_fields import STAMP_FIELD, UNION_FIELD
from tasks.catalogue.registry import read_collection_record
from tasks.catalogue.releases import verify_release
from tasks.models.bundles import open_model
from tasks.points import VectorUpdate
from tasks.rewriting.abandoning import abandon_promotion
from tasks.rewriting.promotion import contract_channel, promote, roll_back_channel
from tasks.rewriting.reencoding import ExpansionOptions


@pytest.mark.parametrize(
    "how", ["stopped at missing text", "a share", "written but not stamped", "one of two expanded"]
)
def test_a_promotion_that_is_given_up_leaves_nothing_of_it(place, points, texts, tmp_path, how):
    serve(place, 1)
    index(place, points, texts)
    before, names = {"docs": stored(points)}, ["docs"]
    if how == "one of two expanded":
        index(place, points, texts[:60], "more")
        before["more"], names = stored(points, "more"), ["docs", "more"]
        answer = promote(place, "production", 2, ["docs"])
        assert not answer["promoted"] and answer["behind"] == ["more"]
    elif how == "a share":
        promote(place, "production", 2, options=ExpansionOptions(part=(0, 2)))
    elif how == "written but not stamped":
        set_pending(place.objects(), "production", 2, 1)
        some = sorted(affected_ids(place, before["docs"], 1, 2), key=str)[:5]
        union = [both for _, both in model_of(place, 2).embed_union([before["docs"][i].payload["text"] for i in some],
                 check_bundle(open_model(place, 1, "minilm", 4))[1])]  # fmt: skip
        points.write_vectors("docs", [VectorUpdate(i, {"minicoil": v}, {}) for i, v in zip(some, union, strict=True)])
    else:
        gone = sorted(affected_ids(place, before["docs"], 1, 2))[0]
        (point,) = points.get("docs", [gone], vectors=True)
        kept = {name: value for name, value in point.payload.items() if name != "text"}
        points.upsert("docs", [replace(point, payload=kept)])
        with pytest.raises(CollectionError, match="minicoil release abandon"):
            promote(place, "production", 2)
        before["docs"].pop(gone)
    assert read_channel(place.objects(), "production").pending == 2

    answer = abandon_promotion(place, "production")
    assert answer["abandoned"] == 2 and answer["release"] == 1
    state = read_channel(place.objects(), "production")
    assert (state.current, state.pending, state.phase) == (1, None, "idle") and state.history[-1].action == "abandon"
    for name in names:
        after = stored(points, name)
        for i, point in before[name].items():
            assert as_dict(after[i].vectors["minicoil"]) == pytest.approx(as_dict(point.vectors["minicoil"]), abs=1e-4)
            assert after[i].payload[STAMP_FIELD] == 1 and after[i].payload[UNION_FIELD] == -1
        assert read_collection_record(place.objects(), name).previous is None
    assert abandon_promotion(place, "production")["abandoned"] is None  # nothing to do
    verify_release(place.objects(), 2)

    # and the next release, whose new word has the id of one that was given up, is not mistaken for it
    options = ExpansionOptions(allow_missing_text=True)
    assert promote(place, "production", publish_sibling(place, tmp_path), options=options)["promoted"]
    contract_channel(place, "production")
    texts_there = [p for p in stored(points).values() if "text" in p.payload]
    model = model_of(place, read_collection_record(place.objects(), "docs").release)
    for point, vector in zip(texts_there, model.embed([p.payload["text"] for p in texts_there]), strict=True):
        assert as_dict(point.vectors["minicoil"]).keys() == as_dict(vector).keys()


def test_giving_up_after_a_rollback_keeps_the_cells_that_were_there_before(place, points, texts):
    serve(place, 1)
    index(place, points, texts)
    promote(place, "production", 2)
    roll_back_channel(place, "production")
    set_pending(place.objects(), "production", 2, 1)
    assert abandon_promotion(place, "production")["abandoned"] == 2
    state = read_channel(place.objects(), "production")
    assert (state.current, state.previous, state.phase) == (1, 2, "switched")
    assert promote(place, "production", 2)["promoted"] and read_channel(place.objects(), "production").current == 2


def test_a_stuck_promotion_of_another_branch_is_given_up_without_touching_a_point(place, points, texts, tmp_path):
    """As an earlier version left it: announced, and refused at the first collection."""
    serve(place, 1)
    index(place, points, texts)
    sibling = publish_sibling(place, tmp_path)
    promote(place, "production", 2)
    set_pending(place.objects(), "production", sibling, 2)
    before = contents(points)
    assert abandon_promotion(place, "production")["abandoned"] == sibling
    assert contents(points) == before and read_channel(place.objects(), "production").phase == "switched"
