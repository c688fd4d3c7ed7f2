"""Ids given out again: by hand, and as a law over any life of a vocabulary, its releases and its points."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minicoil.errors import BundleError, VocabularyError, VocabularyFullError
from minicoil.files.stack import append_rows, create_stack, open_stack, rewrite_rows
from minicoil.words.entries import former_word
from minicoil.words.reclaiming import bury_unused, clashing_ids, free_ids, reclaim_ids, retired_ids, reused_ids
from minicoil.words.vocabulary import Vocabulary

WORDS = ["pod", "node", "shard", "lock", "graph", "pool", "bank", "river"]


def test_an_id_comes_back_for_another_word_and_never_for_its_former_one():
    first, _ = Vocabulary.empty(capacity=4).apply({"pod": ["pods"], "node": ["nodes"]})
    second, fresh = first.apply(retrain=["pod"], remove=["node"])
    assert fresh == {"pod": 3} and retired_ids(second) == (1, 2) and free_ids(second, [second], ()) == (1, 2)
    free = reclaim_ids(second, [1, 2])
    assert [free.resolve(token) for token in ("pod", "pods", "node")] == [3, 3, 0]
    third, fresh = free.apply({"node": ["nodes"]}, retrain=["pod"])
    assert fresh == {"pod": 2, "node": 1}  # each the other's, and neither its own
    assert reused_ids(second, third) == (1, 2) and former_word(third.words[2]) == "pod"


def test_what_a_release_does_not_use_is_a_tombstone_again():
    first, _ = Vocabulary.empty(capacity=10).apply({"pod": [], "node": []})
    second, _ = first.apply(remove=["pod", "node"])
    third, _ = reclaim_ids(second, [1, 2]).apply({"shard": []})
    assert bury_unused(third).words[:2] == ("shard", "<retired 2 node>")
    assert bury_unused(second) == second


def test_ids_of_words_that_any_stored_release_has_stay():
    first, _ = Vocabulary.empty(capacity=10).apply({"pod": [], "node": []})
    second, _ = first.apply(retrain=["pod"])
    third, _ = second.apply(remove=["node"])
    assert free_ids(third, [first, second, third], ()) == ()
    assert free_ids(third, [second, third], ()) == (1,)
    assert free_ids(third, [third], {1}) == (2,)


@pytest.mark.parametrize("word_id", [0, 1, 3, 9, 99, -1])
def test_only_retired_ids_can_come_back(word_id):
    vocabulary, _ = Vocabulary.empty(capacity=10).apply({"pod": [], "node": []})
    vocabulary, _ = vocabulary.apply(remove=["node"])
    with pytest.raises(VocabularyError, match="is no retired one"):
        reclaim_ids(vocabulary, [word_id])


def test_a_clash_is_an_id_that_an_older_release_has_a_word_at():
    first, _ = Vocabulary.empty(capacity=10).apply({"pod": [], "node": []})
    assert clashing_ids(first, {1: 7, 2: 3, 5: 7}, since=4) == (1,)
    assert clashing_ids(first, {1: 7, 2: 3}, since=7) == ()


def test_rows_of_words_that_are_gone_change_and_no_other_byte(tmp_path):
    create_stack(tmp_path / "s.npy", 6, 4)
    append_rows(tmp_path / "s.npy", 1, np.arange(72, dtype=np.float32).reshape(3, 6, 4))
    before = np.array(open_stack(tmp_path / "s.npy"))
    layer = np.full((6, 4), 0.5, np.float32)
    rewrite_rows(tmp_path / "s.npy", {2: layer})
    after = open_stack(tmp_path / "s.npy")
    assert np.array_equal(after[2], layer) and np.array_equal(after[[0, 1, 3]], before[[0, 1, 3]])
    for row, wrong in ((0, layer), (4, layer), (2, layer[:5]), (2, layer * np.nan)):
        with pytest.raises(BundleError, match="cannot be given to another word"):
            rewrite_rows(tmp_path / "s.npy", {row: wrong})


class Life:
    """A lineage and one collection, told as the service does it; a meaning is who gave an id out, and to which word."""

    def __init__(self, capacity):
        self.vocabularies = [Vocabulary.empty(capacity=capacity)]  # by release number
        self.meanings = [{}]  # release -> id -> (word, release that gave it out)
        self.reused = [{}]
        self.chains = [()]  # release -> its ancestors
        self.stored, self.restored = {0}, set()
        self.readable, self.current = {0}, 0
        self.points = {}  # name -> (words, {id: meaning}, stamp)
        self.n_reused = 0

    def vector(self, words):
        """The cells of a text in a collection that is read with several releases: the union of theirs."""
        cells = {}
        for release in sorted(self.readable):
            for word in words:
                word_id = self.vocabularies[release].resolve(word)
                if word_id:
                    meaning = self.meanings[release][word_id]
                    assert cells.setdefault(word_id, meaning) == meaning, "one cell, two values"
        return cells

    def write(self, name, words):
        self.points[name] = (words, self.vector(words), max(self.readable))

    def write_late(self, name, words, release):
        """A writer that was asleep, or a snapshot, brings a vector of any release that there ever was; then a sweep."""
        cells = {i: self.meanings[release][i] for word in words if (i := self.vocabularies[release].resolve(word))}
        self.points[name] = (words, cells, release)
        reused = self.reused[max(self.readable)]
        if any(reused.get(word_id, 0) > release for word_id in cells):
            self.write(name, words)

    def restore(self, release):
        """A release comes back from a backup."""
        if release not in self.stored:
            self.restored.add(release)
        self.stored.add(release)

    def extend(self, add, retrain, remove):
        parent = self.vocabularies[self.current]
        held = {word_id for _, cells, _ in self.points.values() for word_id in cells}
        free = free_ids(parent, [self.vocabularies[n] for n in self.stored], held)
        add = {word: [] for word in add if parent.entry_id(word) is None}
        live = [w for w in dict.fromkeys((*retrain, *remove)) if parent.entry_id(w) is not None]
        retrain = [w for w in live if w in retrain]
        remove = [w for w in live if w not in retrain]
        try:
            child, fresh = reclaim_ids(parent, free).apply(add, retrain, remove)
        except VocabularyFullError:
            return
        child, number = bury_unused(child), len(self.vocabularies)
        again = reused_ids(parent, child)
        assert not {*again} & held  # whoever reads these points by whatever release, no id changes under them
        self.n_reused += len(again)
        meanings = {i: m for i, m in self.meanings[self.current].items() if child.words[i - 1] == m[0]}
        meanings |= {word_id: (word, number) for word, word_id in fresh.items()}
        self.vocabularies.append(child)
        self.meanings.append(meanings)
        self.reused.append({**self.reused[self.current], **dict.fromkeys(again, number)})
        self.chains.append((*self.chains[self.current], self.current))
        self.stored.add(number)
        self.promote(number)

    def is_related(self, one, other):
        older, newer = sorted((one, other))
        return older == newer or older in self.chains[newer]

    def promote(self, target):
        if not all(self.goes_with(target, carried) for carried in self.readable):
            return  # refused
        self.readable |= {target}
        self.current = target
        self.rewrite()

    def rewrite(self):
        """All points but those of writers that nobody can tell as late; they keep what they have, and are swept."""
        late = {name: point for name, point in self.points.items() if point[2] not in self.stored}
        for name, (words, cells, stamp) in self.points.items():
            if name not in late or any(self.reused[self.current].get(word_id, 0) > stamp for word_id in cells):
                self.write(name, words)

    def goes_with(self, one, other):
        """Whether one collection may be read with both: of one branch, and no id means two words in them."""
        older, newer = sorted((one, other))
        return self.is_related(older, newer) and not clashing_ids(self.vocabularies[older], self.reused[newer], older)

    def contract(self):
        self.readable = {self.current}
        self.rewrite()

    def prune(self):
        self.stored = {*self.readable, 0}
        self.restored &= self.stored

    def check(self):
        """No vector is read with another meaning than it was written with, by any release that anybody can get.

        One that comes back from a backup is got as well; promoting it is refused where an id means another word by now.
        """
        usable = [n for n in self.stored if all(self.is_related(n, carried) for carried in self.readable)]
        usable = [n for n in usable if n not in self.restored or all(self.goes_with(n, r) for r in self.readable)]
        for _, cells, _ in self.points.values():
            for word_id, meaning in cells.items():
                for release in usable:
                    found = self.meanings[release].get(word_id)
                    assert found is None or found == meaning, (word_id, meaning, release, found)


some = st.lists(st.sampled_from(WORDS[:3]), max_size=2)
text = st.lists(st.sampled_from(WORDS[:3]), min_size=1, max_size=2)
point, place = st.integers(0, 2), st.integers(0, 20)
night = st.tuples(st.just("night"), some, some, some)  # extended, contracted and pruned: ids come back
steps = st.lists(
    st.one_of(
        night,
        night,
        night,
        st.tuples(st.just("extend"), some, some, some),
        st.tuples(st.just("write"), point, text),
        st.tuples(st.just("contract")),
        st.tuples(st.just("prune")),
        st.tuples(st.just("back"), place),
        st.tuples(st.just("late"), point, text, place),
        st.tuples(st.just("restore"), place),
    ),
    min_size=4,
    max_size=30,
)


@settings(max_examples=400, deadline=None)
@given(steps)
def test_no_old_vector_is_ever_read_with_a_new_meaning(life):
    state = Life(capacity=7)
    state.vocabularies[0] = Vocabulary(state.vocabularies[0].words, {}, 32_000 // 8)  # a range that 6 ids fill
    for step in life:
        if step[0] == "extend":
            state.extend(*step[1:])
        elif step[0] == "night":
            state.extend(*step[1:])
            state.contract()
            state.prune()
        elif step[0] == "write":
            state.write(step[1], step[2])
        elif step[0] == "back":
            ancestors = sorted(state.stored - {0})
            if ancestors:
                state.promote(ancestors[step[1] % len(ancestors)])
        elif step[0] == "late":
            served = [*state.chains[state.current], state.current]  # of other branches the stamps are refused
            state.write_late(step[1], step[2], served[step[3] % len(served)])
        elif step[0] == "restore":
            state.restore(step[1] % len(state.vocabularies))
        else:
            getattr(state, step[0])()
        state.check()


def test_the_life_above_does_give_ids_out_again():
    state = Life(capacity=7)
    state.vocabularies[0] = Vocabulary(state.vocabularies[0].words, {}, 32_000 // 8)
    state.extend(["pod", "node", "shard"], [], [])
    state.write("p", ["pod", "node"])
    for _ in range(6):
        state.extend([], ["pod", "node"], [])
        state.contract()
        state.prune()
        state.check()
    assert state.n_reused >= 4
