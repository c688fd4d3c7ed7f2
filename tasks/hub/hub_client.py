"""The hub's own client, and what it raises told as one line: what happened, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from minicoil.errors import MiniCoilError, ReleaseError
from tasks.hub.address import HubAddress

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_TOKEN = "set HF_TOKEN, or log in with `hf auth login`"
_NOT_TAKEN, _FORBIDDEN, _MISSING, _RACED = 401, 403, 404, 412


def open_client() -> HfApi:
    """A client of the hub at HF_ENDPOINT, with the token of HF_TOKEN or of `hf auth login`; it shows no bars."""
    from huggingface_hub import HfApi
    from huggingface_hub.utils import logging as hub_logging
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # they would break into ours
    hub_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    return HfApi(library_name="minicoil-service")


@contextmanager
def telling(address: HubAddress) -> Iterator[None]:
    """Errors of the client in the body as errors of ours.

    Raises:
        ReleaseError: the hub is not reached, takes no token, or has no such repository or revision.
    """
    try:
        yield
    except MiniCoilError:
        raise
    except Exception as error:  # the client raises its own classes, httpx's and Python's
        message = _message(address, error)
        if message is None:
            raise
        raise ReleaseError(message) from error


def _message(address: HubAddress, error: BaseException) -> str | None:
    """What a person is told of an error; None of one that nobody foresaw."""
    import httpx
    from huggingface_hub import errors

    if isinstance(error, RuntimeError):  # so it wraps whatever stopped an upload, and Xet has no other
        told = None if error.__cause__ is None else _message(address, error.__cause__)
        return told or f"{address}: the transfer stopped ({error}); run the same command again"
    if isinstance(error, errors.RevisionNotFoundError):
        return (
            f"{address}: the repository has no such revision; give the number of a release that was pushed, a branch "
            "or a commit, or leave @REVISION out for what was pushed last"
        )
    if isinstance(error, errors.GatedRepoError):
        return f"{address}: its owner has to let you in first; ask for access on its page"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"{address}: no such repository, or it is private and your token may not see it; check the name, and "
            f"{_TOKEN}"
        )
    if isinstance(error, errors.HfHubHTTPError):
        return _refused(address, error.response.status_code, str(error.server_message or ""))
    if isinstance(error, errors.LocalEntryNotFoundError):  # what a download says when nothing answers
        return _unreachable(address)
    if isinstance(error, httpx.HTTPError | errors.OfflineModeIsEnabled | ConnectionError | TimeoutError):
        said = " ".join(str(error).split())[:200]
        return f"{_unreachable(address)} ({type(error).__name__}{said and f': {said}'})"
    if isinstance(error, OSError):
        return f"{address}: {error}; free some disk, or set HF_HOME to a folder that can be written"
    if isinstance(error, ValueError):  # the hub's judgement of the card's front matter, or an answer that is none
        return f"{address}: {' '.join(str(error).split())[:300]}"
    return None


def _unreachable(address: HubAddress) -> str:
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return f"{address}: HF_HUB_OFFLINE is set, and it is not in the cache; unset it, or give a local folder"
    return (
        f"{address}: the hub at {constants.ENDPOINT} does not answer; check the network and HF_ENDPOINT, run it again"
    )


def _refused(address: HubAddress, status: int, said: str) -> str:
    if status == _NOT_TAKEN:
        return f"{address}: the hub does not take this token, or asks for one; {_TOKEN}"
    if status == _FORBIDDEN:
        return f"{address}: your token may not do that there; give one that may write, to an owner that you belong to"
    if status == _RACED:
        return f"{address}: somebody else pushed meanwhile; run the same command again"
    return f"{address}: the hub answered {status}{f' ({said[:200]})' if said else ''}; run the same command again"
