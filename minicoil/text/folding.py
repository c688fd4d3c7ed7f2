"""Words as the index has them, whoever writes them: lower case, without accents, in every script."""

from __future__ import annotations

from tokenizers.normalizers import BertNormalizer

_normaliser = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True)


def fold_text(text: str) -> str:
    r"""Text as the normaliser of BERT's uncased tokenizers leaves it, which nearly all encoders of this kind have.

    Where a model is at hand, its own tokenizer folds: `WordTokenizer.fold`.

    >>> fold_text("Caf\u00e9"), fold_text("CAFE\u0301"), fold_text("\u0130zmir"), fold_text("po\u00add")
    ('cafe', 'cafe', 'izmir', 'pod')
    """
    if text.isascii() and text.isprintable():
        return text.lower()
    return str(_normaliser.normalize_str(text)).strip()
