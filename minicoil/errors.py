"""Every error the product raises on purpose.

    MiniCoilError
    ├── UsageError                  what a person asked for cannot be understood       (exit status 2)
    │   └── MissingExtraError       it needs an extra of the package that is not installed
    ├── DocumentError               the source of texts failed; names the position it failed at
    │   └── NotTextError            something in it is no text (a TypeError too)
    ├── CorpusError                 a corpus cannot be read at all
    │   └── EmptyCorpusError        it was read and held nothing usable
    ├── TrainingError
    │   ├── TooFewSentencesError    a word has too few sentences to train
    │   ├── NoTripletsError         no pair of sentences is separated by the margin
    │   └── NonFiniteError          an array holds NaN or infinity
    ├── VocabularyError             a word or mapping would break the vocabulary's laws
    │   └── VocabularyFullError     no ids are left
    ├── BundleError                 a model folder is incomplete or contradicts itself
    ├── EncoderError                an encoder or role model cannot be loaded or used
    ├── ParityError                 two implementations of one model disagree
    ├── StoreError                  object storage
    │   ├── ObjectNotFoundError
    │   ├── ConflictError           a conditional write lost the race
    │   └── StoreUnavailableError   transient: retried by tasks
    ├── ReleaseError                a release or channel is missing, damaged or refused
    │   └── DamagedReleaseError     its manifest, or the channel's document, cannot be read
    ├── CollectionError             a Qdrant collection is missing or has the wrong shape
    │   ├── EngineUnavailableError  transient: retried by tasks
    │   └── DamagedRecordError      a collection's record cannot be read
    └── BusyError                   another command holds the home or channel
        └── PausedError             a promotion waits for the next night's budget, and what was asked for waits for it

Messages say what was found, what was expected and the next move. Facts travel as attributes so that
callers never parse a message.
"""

from __future__ import annotations

from collections.abc import Mapping

from minicoil.harmless import harmless


class MiniCoilError(Exception):
    """Base of every error raised on purpose; `facts` holds what the message was made of."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(harmless(message))  # it may quote anybody's text, and is shown wherever it ends up
        self.facts: Mapping[str, object] = facts


class UsageError(MiniCoilError):
    """What was asked for cannot be understood, or two requests contradict each other."""


class MissingExtraError(UsageError):
    """What was asked for needs an extra that is not installed; `facts` has `extra` and `modules`."""


class DocumentError(MiniCoilError):
    """The iterable that texts come from failed; `facts["position"]` counts from 0, what came before was answered."""


class NotTextError(DocumentError, TypeError):
    """Something that texts were expected of is no text."""


class CorpusError(MiniCoilError):
    """A corpus cannot be read at all."""


class EmptyCorpusError(CorpusError):
    """A corpus was read to its end and held nothing usable."""


class TrainingError(MiniCoilError):
    """One word cannot be trained; becomes a row of the report, the run goes on."""


class TooFewSentencesError(TrainingError):
    """A word has fewer sentences than the floor."""


class NoTripletsError(TrainingError):
    """No pair of a word's sentences is separated by the margin."""


class NonFiniteError(TrainingError):
    """An array that must be finite holds NaN or infinity."""


class VocabularyError(MiniCoilError):
    """A word or a mapping would break one of the vocabulary's laws."""


class VocabularyFullError(VocabularyError):
    """No unused ids are left; growing further would move the unknown-word shift."""


class BundleError(MiniCoilError):
    """A model folder is incomplete, damaged or contradicts itself."""


class EncoderError(MiniCoilError):
    """An encoder or role model cannot be found, loaded or used here."""


class ParityError(MiniCoilError):
    """Two implementations of one model disagree by more than the tolerance."""


class StoreError(MiniCoilError):
    """Object storage refused or failed for good."""


class ObjectNotFoundError(StoreError):
    """No object under that key."""


class ConflictError(StoreError):
    """A conditional write found another writer's version."""


class StoreUnavailableError(StoreError):
    """Object storage did not answer, or asked to slow down; worth trying again."""


class ReleaseError(MiniCoilError):
    """A release or channel is missing, damaged, or refuses the move."""


class DamagedReleaseError(ReleaseError):
    """A release's manifest or a channel's document cannot be read; other releases and channels are none the worse."""


class CollectionError(MiniCoilError):
    """A Qdrant collection is missing or has not the shape this service needs."""


class EngineUnavailableError(CollectionError):
    """The Qdrant engine did not answer; worth trying again."""


class DamagedRecordError(CollectionError):
    """A collection's record cannot be read; other collections are none the worse."""


class BusyError(MiniCoilError):
    """Another command holds the lock that this one needs."""


class PausedError(BusyError):
    """A promotion has spent what it may write tonight; what was asked for can begin when it has ended."""
