"""Encode, search and load as somebody does who installed the package without extras; run by another Python.

    python light_path.py MODEL_FOLDER HOME [MODULE,MODULE...]

The modules named are kept from being imported, as if they were not installed. Needs nothing but the package itself;
prints what it found as one JSON document.
"""

import json
import sys
import warnings


class Blocker:
    """A finder that finds none of the modules named, and lets nobody else find them."""

    def __init__(self, names):
        self.names = frozenset(filter(None, names))

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


# what is asked along with a command that would serve until it is stopped, where its extra is here: an address that is
# nobody's (RFC 5737), and something to run that ends
ENDING = {"serve": ("--host", "192.0.2.1"), "metrics --port 0": ("true",)}


def call(*arguments, stdin=None):
    """Exit status, stdout and stderr of one command, in this very process, so that the blocker holds."""
    from click.testing import CliRunner

    from flows.cli import main

    done = CliRunner().invoke(main, [*arguments], input=stdin, prog_name="minicoil")
    return done.exit_code, done.stdout, done.stderr


def look(model_folder, home):
    import minicoil

    model = minicoil.load(model_folder, avg_len=12.0)
    (vector,) = model.embed("a pod is a group of containers")
    (query,) = model.query_embed("pods of containers")
    (both,) = model.embed_hybrid("the banks of a river")
    served = minicoil.load(f"file://{home}/store@production", avg_len=12.0)
    (again,) = served.embed("a pod is a group of containers")
    place = ("--home", home, "--json")
    status, encoded, said = call("encode", "--model", model_folder, "--home", home, stdin="a pod\nrivers\n")
    assert status == 0, said
    status, searched, said = call("search", "docs", "pods of containers", *place)
    assert status == 0, said
    assert call("--help")[0] == 0
    refused = {
        name: call(*name.split(), *place, *ENDING.get(name, ()))
        for name in (
            "extend --corpus x",
            "retrain --corpus x",
            "try x",
            "serve",
            "deploy",
            "serve-embeddings x",
            "metrics --port 0",
            "index n --corpus hf:a::train#b",
        )
    }
    doctor = call("doctor", *place)
    return {
        "indices": vector.indices.tolist(),
        "values": [round(float(v), 5) for v in vector.values],
        "query": query.indices.tolist(),
        "dense": len(both.dense),
        "served": again.indices.tolist(),
        "encoded": [json.loads(line)["indices"] for line in encoded.splitlines()],
        "searched": json.loads(searched),
        "refused": {name: [status, err.strip()] for name, (status, _, err) in refused.items()},
        "doctor": [doctor[0], json.loads(doctor[1])],
        "heavy": sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "prefect", "transformers"}),
    }


if __name__ == "__main__":
    sys.meta_path.insert(0, Blocker(sys.argv[3].split(",") if len(sys.argv) > 3 else ()))
    # what a newer Python or library asks us to stop doing; what libraries do among themselves is theirs
    for kind in (DeprecationWarning, PendingDeprecationWarning):
        warnings.filterwarnings("error", category=kind, module=r"(minicoil|tasks|flows|deployments)(\.|$)")
    print(json.dumps(look(sys.argv[1], sys.argv[2])))
