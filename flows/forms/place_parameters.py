"""What the forms of all flows share: where a flow works, on which channel, from which encoder; and common fields."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from flows.forms.said import Said
from minicoil.files import Count, Number
from tasks.place import Place
from tasks.rewriting import WINDOW
from tasks.settings import Settings, has_secret

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Specs = Annotated[
    list[str],
    Field(
        min_length=1,
        title="Corpus",
        description="Where text comes from: a file or folder (rows.csv#column where the text of rows is not in text), "
        "s3://bucket/prefix, hf:name#column, qdrant:collection#field, pydocs:package; or var:name, a variable of the "
        "Prefect server",
        examples=[["docs/"], ["pydocs:torch,prefect"]],
    ),
    Said(is_path=True),
]
MAX_WORDS = 5000  # Prefect's server takes 512 KiB of parameters a run
_MOST_LETTERS = 100  # of a word on the average; no vocabulary takes one of more than 40


def _check_number(words: list[str]) -> list[str]:
    if len(words) > MAX_WORDS or sum(map(len, words)) > MAX_WORDS * _MOST_LETTERS:
        raise ValueError(
            f"{len(words):,} words were given and a form takes {MAX_WORDS:,}; write them into a file, one a line, and "
            "give that to extend with --words-file (removing takes several runs)"
        )
    return words


Words = Annotated[list[str], AfterValidator(_check_number), Field(json_schema_extra={"maxItems": MAX_WORDS})]
Sample = Annotated[
    Count | None,
    Field(title="Sample", description="A seeded sample of this many documents; empty: all", examples=[5000]),
]
Collections = Annotated[
    list[Name],
    Field(title="Collections", description="Empty: every collection on the channel", examples=[["docs"]]),
    Said("--collection"),
]


def _check_part(part: str | None) -> str | None:
    if part and int(part.split("/")[0]) > int(part.split("/")[1]):
        raise ValueError(f"part {part}: the first number is at most the second, as in 2/4")
    return part


def read_part(part: str | None) -> tuple[int, int] | None:
    """(index from 0, total) of "2/4"; None of nothing."""
    index, _, total = (part or "1/1").partition("/")
    return (int(index) - 1, int(total)) if part else None


Part = Annotated[
    Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}/[1-9][0-9]{0,3}$")] | None,
    AfterValidator(_check_part),
    Field(
        title="Part",
        description="Only this share of the points, as 2/4: several workers divide the work",
        examples=["2/4"],
    ),
]
PointsBudget = Annotated[
    Count | None,
    Field(
        title="Points budget",
        description="Most points re-encoded in this run; it pauses then, and the next one goes on. Empty: all",
        examples=[2_000_000],
    ),
]
Window = Annotated[
    str | None,
    Field(
        pattern=f"^{WINDOW.pattern}$",
        title="Window",
        description="Hours in UTC in which it may re-encode, as 22:00-06:00; outside it pauses. Empty: at any time",
        examples=["22:00-06:00"],
    ),
]
ApprovalDays = Annotated[
    int,
    Number(1, 365, whole=True),
    Field(title="Days to approve", description="Days that a release which a gate refused waits for you"),
]
Importance = Annotated[
    str,
    Field(
        pattern="^(auto|none|[1-9][0-9]{0,8})$",
        title="Importance",
        description="Weigh words by importance: auto where the release carries it; none; or the number of a release",
        examples=["none"],
    ),
]
RoleModel = Annotated[
    str,
    Field(title="Role model", description="Defines what is close: minilm, a local folder, or a Hugging Face id"),
    Said(is_path=True),
]


# what nearly everybody leaves as it is stands at the end of a form
_LATER = (
    "collections",
    "target",
    "rounding",
    "min_sentences",
    "max_sentences",
    "sample",
    "promote",
    "max_ids",
    "points_budget",
    "window",
    "approval_days",
    "evaluate",
    "judged_sets",
    "judge_at_most",
    "text_in_report",
    "importance",
)
_LAST = ("encoder", "role_model", "dims", "language", "base", "profile", "home", "store", "qdrant_url")


def _order_form(schema: dict[str, Any]) -> None:
    """What must be filled in first, what hardly anybody changes last; a form shows fields in the schema's order."""
    fields, required = schema["properties"], schema.get("required", [])
    rear = [name for name in (*_LATER, *_LAST) if name in fields and name not in required]
    order = [*required, *(name for name in fields if name not in required and name not in rear), *rear]
    schema["properties"] = {name: fields[name] for name in order}


class PlaceParameters(BaseModel):
    """Where a flow works. Secrets come from the environment and never pass through here."""

    # a refused address is not repeated: whoever put a secret into it would find it in the log
    model_config = ConfigDict(extra="forbid", json_schema_extra=_order_form, hide_input_in_errors=True)

    home: str | None = Field(
        None,
        min_length=1,
        title="Home folder",
        description="Embedded shards, caches, the default store; empty: the worker's MINICOIL_HOME, else .minicoil",
        examples=["/var/lib/minicoil"],
    )
    store: str | None = Field(
        None,
        title="Object store",
        description="file:///path or s3://bucket/prefix; empty: the worker's MINICOIL_STORE, else inside home",
        examples=["s3://bucket/minicoil"],
    )
    qdrant_url: str | None = Field(
        None,
        title="Qdrant server",
        description="Empty: the worker's MINICOIL_QDRANT_URL, else the embedded engine in home",
        examples=["http://qdrant:6333"],
    )

    @field_validator("store", "qdrant_url")
    @classmethod
    def _refuse_secrets(cls, address: str | None) -> str | None:
        """Parameters are kept in run histories: an address with a secret in it ends before it gets there."""
        if address is not None and has_secret(address):
            raise ValueError("carries a user name, password or key; secrets come from the environment alone")
        return address

    def place(self) -> Place:
        """The addresses, defaults filled in."""
        return Place.at(Path(self.home) if self.home else Settings().home, self.store, self.qdrant_url)


class ChannelParameters(PlaceParameters):
    """A flow that reads or moves a channel."""

    channel: Name = Field(
        "production", title="Channel", description="Named pointer to the release that is served", examples=["staging"]
    )


# those of `minicoil.text.SNOWBALL`, spelled out for the form
LanguageCode = Literal[
    "en", "ar", "da", "de", "el", "es", "fi", "fr", "hu", "it", "nb", "nl", "pt", "ro", "ru", "sv", "tr"
]


# names for settings that belong together; a value given by hand wins
PROFILES: dict[str, dict[str, str]] = {
    # the article's models; the base brings its own encoder, jina-embeddings-v2-small-en, along
    "minicoil-v1": {"base": "Qdrant/minicoil-v1", "role_model": "mixedbread-ai/mxbai-embed-large-v1"},
}


class EncoderParameters(ChannelParameters):
    """A flow that may start a model: from an encoder alone, or from a published base."""

    encoder: Annotated[str, Said(is_path=True)] = Field(
        "minilm", title="Encoder", description="minilm, a local folder, or a Hugging Face id"
    )
    dims: Literal[4, 8, 16] = Field(
        4,
        title="Dimensions per word",
        description="Numbers per word of a first release without a base; 8 rank better and take twice the postings",
    )
    language: LanguageCode | None = Field(
        None,
        title="Language",
        description="Of a channel's first collection or release, and so of all that follow; empty: the channel's own, "
        "English where it has none. For others give an encoder that knows the language",
    )
    base: Annotated[str | None, Said(is_path=True)] = Field(
        None,
        title="Base",
        description="Model to start from: a folder that FastEmbed loads or that make base packed, "
        "hf:owner/name@revision, or a Hugging Face id",
        examples=["Qdrant/minicoil-v1", "hf:acme/terms@7"],
    )
    profile: Literal["minicoil-v1"] | None = Field(
        None, title="Profile", description="minicoil-v1: Qdrant's published model and the article's role model"
    )

    @model_validator(mode="after")
    def _fill_from_profile(self) -> Self:
        for name, value in PROFILES.get(self.profile or "", {}).items():
            known = type(self).model_fields.get(name)
            if known is not None and getattr(self, name) == known.default:
                setattr(self, name, value)
        return self
