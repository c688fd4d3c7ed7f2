"""Random lives of a vocabulary, for the laws that hold over any of them."""

from hypothesis import strategies as st

from minicoil.sparse.cells import count_words, unknown_cell
from minicoil.sparse.impact import joined_tokens
from minicoil.text.stemming import stem
from minicoil.words.vocabulary import Vocabulary

WORDS = ["pod", "pods", "node", "nodes", "universe", "university", "run", "runs", "running", "cat"]
# a text may also hold the letters of a stem, which is no word of English and, unlike a word, has another stem again
FORMS = [*WORDS, "univers", "univer"]
STEMS = sorted({stem(word) for word in WORDS} | {"univer"})
TOKENS = [*FORMS, "pod\u2122", "node\u00ae", "\u00a5run", "cat\u00b0", "the", ",", "[CLS]", "dog", "\u20acuniverse"]
steps = st.lists(
    st.tuples(st.sampled_from(["add", "retrain", "remove"]), st.sets(st.sampled_from(STEMS), min_size=1, max_size=4)),
    min_size=1,
    max_size=6,
)
texts = st.lists(st.lists(st.sampled_from(TOKENS), max_size=8), min_size=1, max_size=12)
# a published base: its mapping was made from the stems of its entries, and Snowball is not idempotent
BASE = Vocabulary(("pod", "univers", "run", *(f"<reserved {i}>" for i in range(197))), {"pod": "pod", "univer": "univers", "run": "run"})  # fmt: skip


def walk(history, corpus):
    """Every (old, fresh ids, new) step of a history, from nothing or a base, the corpus's joined tokens given to each."""
    vocabulary = BASE if history[0][0] == "retrain" else Vocabulary.empty(capacity=200)
    joined = joined_tokens(token for text in corpus for token in text)
    for action, words in history:
        live = set(vocabulary.known_words)
        chosen = sorted(words - live if action == "add" else words & live)
        if not chosen:
            continue
        forms = {word: [form for form in FORMS if stem(form) == word] for word in chosen}
        change = {"add": forms} if action == "add" else {action: chosen}
        new, fresh = vocabulary.apply(**change, joined_tokens=joined)
        yield vocabulary, fresh, new
        vocabulary = new


def owned(tokens, vocabulary):
    bag = count_words(tokens, vocabulary)
    return set(bag.word_ids) | {unknown_cell(w, vocabulary.unknown_shift) for w in bag.unknown}
