"""The end of every `--help`: examples that can be copied, and what the exit status says."""

from __future__ import annotations

from collections.abc import Iterator

import click

STATUS = "Exit status: 0 done, also when there was nothing to do; 1 refused, failed or interrupted; 2 bad usage."

# by the words after `minicoil`; "" is the program itself
EXAMPLES: dict[str, tuple[str, ...]] = {
    "": (
        "minicoil try ./texts                            # a minute, no settings: both rankings on your own text",
        "minicoil index docs --corpus ./texts            # make ./texts searchable",
        "minicoil extend --common 1000 --corpus ./texts  # train its most frequent words, publish, re-encode",
        'minicoil search docs "pool of workers" --compare',
    ),
    "try": (
        "minicoil try ./texts",
        "minicoil try tickets.csv#body",
        "minicoil try pydocs:networkx --home /tmp/first-look",
    ),
    "index": (
        "minicoil index docs --corpus ./texts",
        "minicoil index docs --corpus ./texts --delete-missing     # what left ./texts leaves docs",
        "minicoil index docs --corpus may.jsonl --on-duplicate keep-last   # rows of may replace those of april",
        "minicoil index docs --corpus 'hf:ag_news::train#text' --sample 5000",
    ),
    "extend": (
        "minicoil extend --common 1000 --corpus ./texts            # a first release",
        "minicoil extend --ambiguous 50 --corpus ./texts           # words this text uses in several meanings",
        "minicoil extend --corpus ./new-texts                      # the 200 words that stand out most",
        "minicoil extend pod taint --corpus ./texts --dry-run      # what it would touch and cost",
        "minicoil extend --base Qdrant/minicoil-v1 --corpus ./texts",
    ),
    "retrain": (
        "minicoil retrain --corpus ./texts",
        "minicoil retrain --corpus ./texts --below 0.65 --no-promote",
    ),
    "remove": ("minicoil remove pod taint",),
    "reencode": (
        "minicoil reencode                     # finish what was interrupted, sweep for late points",
        "minicoil reencode docs --dry-run",
        "minicoil reencode --part 1/4          # one of four workers",
        "minicoil reencode --contract          # drop the previous release's cells now",
    ),
    "rebuild": (
        "minicoil rebuild docs docs-2 --alias docs-live",
        "minicoil rebuild docs docs-2 --alias docs-live --back    # searches use docs again",
    ),
    "attach": (
        "minicoil attach docs --vector minicoil --text '{title}\\n{body}' --qdrant-url http://localhost:6333",
        "minicoil attach docs --vector minicoil --corpus corpus.jsonl --join doc_id",
    ),
    "adopt": (
        "minicoil adopt docs --text '{title}\\n{body}' --dry-run      # what it would add and cost",
        "minicoil adopt docs --text '{title}\\n{body}' --points-per-second 200",
        "minicoil adopt docs --part 1/4                            # one of four workers",
        "minicoil adopt docs --undo                                # all of it gone again",
    ),
    "detach": ("minicoil detach docs              # whoever owned docs deleted it; promotions go on without it",),
    "search": (
        'minicoil search docs "pool of workers"',
        'minicoil search docs "pool of workers" --compare --limit 5',
        'minicoil search docs "pool of workers" --explain 17',
    ),
    "words": ("minicoil words", "minicoil words pool", "minicoil words --json"),
    "evaluate": (
        "minicoil evaluate sets/scifact",
        "minicoil evaluate --collection docs --proxy      # no labels needed",
    ),
    "compare": ("minicoil compare 6 7 docs --queries log.txt",),
    "encode": (
        "minicoil encode --collection docs < texts.txt > vectors.jsonl",
        "minicoil encode --model ./release-7 --query --dense --output q.parquet < queries.jsonl",
    ),
    "forget": (
        "minicoil forget --doc manual/intro.md --dry-run",
        "minicoil forget --doc manual/intro.md --collection docs",
    ),
    "status": (
        "minicoil status",
        "minicoil status --alert                           # from cron, every half hour: who is to know is told",
        "minicoil status --json | jq .next",
    ),
    "doctor": (
        "minicoil doctor",
        "minicoil doctor --documents 1000000 --qdrant-url http://localhost:6333",
        "minicoil doctor --json | jq .fix",
    ),
    "serve": (
        "minicoil serve --corpus ./texts",
        "minicoil serve --port 4300 --home /var/lib/minicoil",
        "minicoil serve --health-port 4201 --metrics-port 4201",
    ),
    "serve-embeddings": (
        "minicoil serve-embeddings s3://models/minicoil@production --host 0.0.0.0   # moves when the channel does",
        "minicoil serve-embeddings file:///srv/minicoil/store@production --collection docs",
        "minicoil serve-embeddings ./release-7 --avg-len 44",
    ),
    "metrics": (
        "minicoil metrics --port 9464 prefect worker start --pool minicoil   # a worker, counted",
        "minicoil metrics --port 9464 --home /var/lib/minicoil               # beside commands that a timer runs",
    ),
    "deploy": ("PREFECT_API_URL=http://server:4200/api minicoil deploy --corpus /data/texts --channel staging",),
    "release": ("minicoil release list", "minicoil release rollback"),
    "release list": ("minicoil release list",),
    "release show": ("minicoil release show production", "minicoil release show 7 --json"),
    "release push": (
        "minicoil release push hf:acme/terms                # what the channel production serves, private",
        "minicoil release push hf:acme/terms --release 7    # read it as hf:acme/terms@7",
    ),
    "release pull": (
        "minicoil release pull production ./model",
        "minicoil release pull hf:acme/terms@7 ./model      # without a folder: into the cache of the hub's client",
    ),
    "release verify": ("minicoil release verify production",),
    "release promote": ("minicoil release promote 7", "minicoil release promote 7 --points-per-second 500"),
    "release publish": ("minicoil release publish ./model --promote no",),
    "release waiting": ("minicoil release waiting",),
    "release abandon": ("minicoil release abandon --channel production",),
    "release rollback": ("minicoil release rollback --channel production",),
    "release prune": ("minicoil release prune --dry-run", "minicoil release prune --keep 5"),
    "release readers": (
        "minicoil release readers                                  # who reads what, and what waits for them",
        "minicoil release readers --ack 6                          # nobody reads release 6 any more",
        "minicoil release readers --register shop-api --release 7  # stock FastEmbed, with release 7 in its image",
        "minicoil release readers --known --collection docs        # all who read docs are on this list",
    ),
    "release audit": ("minicoil release audit", "minicoil release audit --json"),
}


def every_command(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """The command itself under "", and each below it under its words: "release list"."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            yield from every_command(child, (*path, name))


def add_examples(program: click.Group) -> None:
    """Give every command its examples and the exit status as the end of its help."""
    for path, command in every_command(program):
        lines = "\n".join(f"  {line}" for line in EXAMPLES.get(path, ()))
        command.epilog = f"\b\nExamples:\n{lines}\n\n{STATUS}"
