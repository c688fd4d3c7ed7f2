"""Numbers that change the model, each default beside its reason. All frozen, all part of a word's digest."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from minicoil.files import Count, Fraction, NotNegative, Positive, Size, check_numbers, write_json

Target = Literal["saturated", "correlation", "ordering"]
Rounding = Literal["none", "float16"]

PRIOR_COMPONENTS = 256  # principal components of the role model that a prior holds; a target may use fewer


@dataclass(frozen=True)
class Bm25Config:
    """What a document's words count beside their meaning; fixed for the life of a collection.

    Attributes:
        k, b: Of term-frequency saturation.
        avg_len: Mean length of a text, in words.
        importance: Digest of the importance that words are weighed by; "" where all count alike, as in BM25.

    Raises:
        UsageError: k or avg_len is not above 0, or b is outside [0, 1].

    Source: FastEmbed's miniCOIL, whose defaults these are.
    """

    k: Positive = 1.2
    b: Fraction = 0.75
    avg_len: Positive = 150.0
    importance: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True)
class SamplingConfig:
    """How much text one word is trained on."""

    max_sentences: Count = 8000  # per word, as in the miniCOIL article
    min_sentences: Count = 25  # below this even the shared prior does not help; the word stays on BM25
    max_snippets: Size = 100  # per word; they cost a forward pass each and serve one word only
    snippet_neighbours: tuple[int, int] = (1, 3)  # words kept on each side of the word
    split: tuple[float, float, float] = (0.8, 0.1, 0.1)  # train, validation, test, by sentence hash
    min_test: Size = 12  # sentences a rare word still holds out: ten make 360 triplets, five only 30
    validated_from: Size = 250  # of fewer sentences the validation share teaches, too: it would choose by luck
    seed: Size = 17

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True)
class TripletConfig:
    """Held-out triplets that judge a layer."""

    margin: NotNegative = 0.1  # role-model cosine gap below which a triplet says nothing (article)
    n_triplets: Size = 1000  # per word and split; enough for a standard error of about one point

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True)
class TrainingConfig:
    """Closed form in a subspace, then a short fit through tanh."""

    dims: Count = 4  # cells per word; 8 is better and twice the postings
    target: Target = "saturated"  # the conservative target: halves the queries that get worse
    role_components: Count = 128  # of the prior's, as regression target; an older prior may hold fewer
    subspace: Count = 32  # eigenvectors of the predicted Gram; one constant direction is added
    ridge: NotNegative = 0.1  # times the mean diagonal of the second moment
    prior_sentences: NotNegative = 1000.0  # weight of the shared prior for a word with few sentences
    prior_full_below: Size = 500  # sentences up to which the prior keeps its whole weight
    steps: Size = 60
    batch: Count = 96  # sentences per step
    learning_rate: NotNegative = 0.02
    ordering_steps: Size = 0  # more steps, on the order of similarities alone, after those of the target
    ordering_steps_per_sentence: NotNegative = 0.25  # a word with few sentences takes fewer of them ...
    ordering_fewest_steps: Size = 200  # ... but at least these
    ordering_dropout: Fraction = 0.15  # of the inputs, left out of a step of a word with next to no sentences ...
    ordering_dropout_below: Size = 600  # ... and less and less up to these; took 200 sentences from .827 to .831
    ordering_batch: Count = 64  # sentences per ordering step
    ordering_rate: NotNegative = 0.02  # learning rate of the ordering steps
    ordering_width: NotNegative = 0.05  # cosine gap scale of the sigmoid that smooths an ordering
    saturation: Fraction = 0.3  # role cosine that counts as "the same meaning" under the saturated target
    closeness: NotNegative = 400.0  # over a word's sentences: decay towards the closed form, per unit of learning rate
    snippet_share: Fraction = 0.5  # share of rows of a step taken from snippets
    checkpoints: Size = 4  # looks at validation triplets; the last layer, or one better than that by more than noise
    words_per_batch: Count = 48  # trained in one tensor; bounds memory, and is what a killed run repeats at most
    seed: Size = 17

    def __post_init__(self) -> None:
        check_numbers(self)

    @staticmethod
    def for_target(target: Target, dims: int, seed: int = 17) -> TrainingConfig:
        """The measured settings of a target.

        Correlation and ordering learn from the whole role vectors; what all words have in common helps even a word with
        thousands of sentences. Ordering then goes on, out of the subspace, to put sentences in the role model's order:
        on the words that the benchmark keeps for choosing settings, these steps take held-out ordering from .80 to .85.
        It is what triplets reward and not what search does: on SciFact the same steps turn a gain of .009 nDCG@10 into
        a loss of .007.
        """
        if target == "saturated":
            return TrainingConfig(dims=dims, target=target, seed=seed)
        orders = target == "ordering"
        return TrainingConfig(
            dims=dims,
            target=target,
            role_components=128 if orders else PRIOR_COMPONENTS,  # the last steps see whole role vectors anyway
            ridge=0.3,
            prior_sentences=2000 if orders else 3000,
            prior_full_below=4000,
            steps=120,
            batch=48,
            subspace=max(12, 2 * dims) if orders else 32,  # the last steps leave it: a small one is the better start
            snippet_share=0.25 if orders else 0.5,
            ordering_steps=340 if orders else 0,
            seed=seed,
        )


@dataclass(frozen=True)
class GateConfig:
    """Floors below which a word stays on BM25. They catch broken training, not weak words."""

    min_ordering: Fraction = 0.60  # held-out ordering accuracy; chance is .50, the usual mean .70 and up
    min_triplets: Size = 30  # fewer held-out triplets judge nothing
    min_improvement: NotNegative = 0.005  # a retrained layer replaces the old one only above this gain ...
    # ... and above so many of its standard errors. On text of their domain words gain .06 on average; two errors turned
    # a third of the better layers away, and with them search did not rise at every step (docs/evaluation.md).
    improvement_errors: NotNegative = 1.0

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True)
class RetrievalGateConfig:
    """When a release may be promoted: what retrieval has to show, and how much of it is looked at."""

    margin: NotNegative = 0.02  # nDCG@10; a loss under it is no more than another tokenizer makes (.690 against .666)
    min_queries: Size = 50  # fewer settle nothing: of 50 queries, five that change rank move the mean by the margin
    max_queries: Size = 300  # of one set; their interval is about +-.014 wide where a whole vocabulary was trained
    max_documents: Size = 1500  # of one set; half a minute of encoding on two cores
    max_sense_words: Size = 60  # words whose senses are looked at, the most frequent first
    sense_sentences: Size = 400  # of one word that are grouped
    sense_queries: Size = 8  # of one word, so that no word carries the set
    word_queries: Size = 8  # a word is judged alone only on this many queries
    word_loss: NotNegative = 0.02  # mean nDCG@10 that a word costs the queries with it before it is named
    season_loss: NotNegative = 0.005  # mean nDCG@10 under the best release ever served, where it is more than noise
    certain: bool = True  # name a word only where that loss is more than noise
    seed: Size = 17

    def __post_init__(self) -> None:
        check_numbers(self)

    @classmethod
    def at_most(cls, n: int) -> RetrievalGateConfig:
        """A quick look: at most `n` queries of a set and as many documents, and every word that loses on them named.

        Of so few queries no word's loss is certain, and a word that is left out too much stays on BM25.
        """
        few = cls(max_queries=n, max_documents=n)
        return replace(few, word_queries=3, word_loss=0.0, certain=False)


def config_digest(*configs: object) -> str:
    """Hex sha256 of the configs' names and values; equal settings give equal digests."""
    parts = {type(config).__name__: asdict(config) for config in configs}  # type: ignore[call-overload]
    return hashlib.sha256(write_json(parts, sort_keys=True, ascii_only=True).encode()).hexdigest()
