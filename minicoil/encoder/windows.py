"""Texts from any source, in windows that are encoded together; memory holds one window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from minicoil.errors import DocumentError, NotTextError

WINDOW = 1024  # texts sorted by length together; more gains nothing, and answers wait for the window
WINDOW_CHARACTERS = 2**21  # of one window, so that a thousand books do not come at once


def read_windows(documents: str | Iterable[str], size: int | None = None) -> Iterator[list[str]]:
    """Lists of at most `size` texts, in order; what came before a failure is given out first.

    Args:
        documents: One text, or anything that gives texts.
        size: Most texts of a window; None for `WINDOW`.

    Raises:
        NotTextError: something is no string, or holds a lone surrogate; its position is named.
        DocumentError: the source itself raised; its error is the cause.
    """
    size = WINDOW if size is None else max(size, 1)
    window: list[str] = []
    characters = n_read = 0
    failure: DocumentError | None = None
    cause: Exception | None = None
    source = _open(documents)
    while failure is None:
        try:
            text = next(source)
        except StopIteration:
            break
        except Exception as error:  # whatever the caller's own code raises is kept as the cause
            failure, cause = _source_failed(error, n_read), error
            break
        failure = _check_text(text, n_read)
        if failure is not None:
            break
        window.append(text)
        n_read += 1
        characters += len(text)
        if len(window) == size or characters >= WINDOW_CHARACTERS:
            yield window
            window, characters = [], 0
    if window:
        yield window
    if failure is not None:
        raise failure from cause


def _open(documents: str | Iterable[str]) -> Iterator[str]:
    try:
        return iter([documents] if isinstance(documents, str) else documents)
    except TypeError as error:
        raise NotTextError(
            f"documents are {type(documents).__name__}; a string or an iterable of strings was expected"
        ) from error


def _source_failed(error: Exception, position: int) -> DocumentError:
    return DocumentError(
        f"the source of documents raised {type(error).__name__} at document {position}: {error}; "
        f"the {position} before it were answered",
        position=position,
    )


def _check_text(text: object, position: int) -> NotTextError | None:
    if not isinstance(text, str):
        return NotTextError(
            f"document {position} is {type(text).__name__}, a string was expected; the {position} before it were "
            "answered",
            position=position,
        )
    try:
        if not text.isascii():
            text.encode()  # a tokenizer takes Unicode only, and refuses a whole batch without naming the text
    except UnicodeEncodeError as error:
        return NotTextError(
            f"document {position} holds a lone surrogate at character {error.start}, which is no text; decode it "
            'with errors="replace"',
            position=position,
        )
    return None
