"""One measurement in a process of its own, so that memory and CPU time are its own: `encoder_child.py JOB`.

JOB is JSON: `task`, `folder`, `texts` (a JSON file of strings), and what the task needs. The answer is JSON too.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path


def peak_mb():
    # not ru_maxrss, which a child inherits from whoever started it
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


INTERPRETER_MB = peak_mb()


def cpu_seconds():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def timed(run):
    cpu, wall = cpu_seconds(), time.perf_counter()
    answer = run()
    return answer, {"cpu_seconds": cpu_seconds() - cpu, "wall_seconds": time.perf_counter() - wall}


def fastembed(job, texts):
    from fastembed import SparseTextEmbedding

    model = SparseTextEmbedding("Qdrant/minicoil-v1", specific_model_path=job["folder"], threads=1)
    list(model.embed(texts[:2]))
    vectors, spent = timed(lambda: list(model.embed(texts, batch_size=job["batch_size"])))
    return vectors, spent


def ours(job, texts):
    from minicoil.sparse.model import MiniCoil

    model = MiniCoil.load(job["folder"], threads=job.get("threads", 1))
    list(model.embed(texts[:2]))
    texts = texts * job.get("times", 1)
    return timed(lambda: list(model.embed(texts, parallel=job.get("parallel"))))


def take_turns(job, texts):
    """CPU seconds of each in turn, the least of some rounds: other programs on the machine only ever add."""
    from fastembed import SparseTextEmbedding

    from minicoil.sparse.model import MiniCoil

    model = MiniCoil.load(job["folder"], threads=1)
    theirs = SparseTextEmbedding("Qdrant/minicoil-v1", specific_model_path=job["folder"], threads=1)
    runs = {
        "ours": lambda: list(model.embed(texts)),
        "fastembed_4": lambda: list(theirs.embed(texts, batch_size=4)),
        "fastembed_256": lambda: list(theirs.embed(texts, batch_size=256)),
    }
    list(model.embed(texts[:2])), list(theirs.embed(texts[:2]))
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(job["rounds"]):
        for name, run in runs.items():
            least[name] = min(least[name], timed(run)[1]["cpu_seconds"])
    return [], least


def load(job, texts):
    from minicoil.sparse.model import MiniCoil

    model, spent = timed(lambda: MiniCoil.load(job["folder"]))
    _, first = timed(lambda: model.encoder)
    vectors = list(model.embed(texts[0]))
    answer = {name: spent[name] for name in spent} | {f"encoder_{name}": value for name, value in first.items()}
    return vectors, answer | {"n_words": len(model.vocabulary.known_words)}


def post_processing(job, texts):
    """CPU time a text outside the tokenizer and the forward pass: the pass answers from memory."""
    from minicoil.sparse.model import MiniCoil

    model = MiniCoil.load(job["folder"], threads=1)
    encoder, seen = model.encoder, {}
    session = encoder._rows

    class Remembered:
        def run(self, outputs, feed):
            key = b"".join(feed[name].tobytes() for name in sorted(feed))
            if key not in seen:
                seen[key] = session.run(outputs, feed)
            return seen[key]

    encoder._rows = Remembered()
    vectors = list(model.embed(texts))

    def least(run):
        return min(timed(run)[1]["cpu_seconds"] for _ in range(9))

    everything = least(lambda: list(model.embed(texts)))
    tokenizing = least(lambda: model.tokenizer._tokenizer.encode_batch_fast(texts))
    return vectors, {"ms_a_text": (everything - tokenizing) / len(texts) * 1000}


if __name__ == "__main__":
    job = json.loads(sys.argv[1])
    texts = json.loads(Path(job["texts"]).read_text())
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    vectors, answer = globals()[job["task"]](job, texts)
    if "vectors" in job:
        import numpy as np

        lengths = [len(vector.indices) for vector in vectors]
        arrays = [np.concatenate([getattr(v, name) for v in vectors]) for name in ("indices", "values")]
        np.savez(job["vectors"], lengths=lengths, indices=arrays[0], values=arrays[1])
    sys.stdout.write(json.dumps({**answer, "peak_mb_above_interpreter": peak_mb() - INTERPRETER_MB}))
