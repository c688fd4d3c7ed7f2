"""Forms that a word is found by where it is not English: those of the corpus, and the language's frequent ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minicoil.text import WordTokenizer
from minicoil.words import is_usable


def list_forms(tokenizer: WordTokenizer, forms: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """All forms to list for each word: those given, then those among the language's words of 1 per million and more.

    FastEmbed finds a form that is listed and no other, because its stemmer is English. A corpus has not all forms of a
    word, and the next document or query may have the one it lacks.

    Args:
        tokenizer: Of the model; writes words as its tokens are.
        forms: Vocabulary entry -> surface forms of the corpus. For English they are the answer.
    """
    language = tokenizer.language
    answer = {word: dict.fromkeys(given) for word, given in forms.items()}
    if not language.is_english and answer:
        from wordfreq import get_frequency_dict  # a second to load

        for spelled in sorted(get_frequency_dict(language.code, "small")):
            form = tokenizer.fold(spelled)
            if is_usable(form, language) and (found := answer.get(language.stem(form))) is not None:
                found[form] = None
    return {word: tuple(found) for word, found in answer.items()}
