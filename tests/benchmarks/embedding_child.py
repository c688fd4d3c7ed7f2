"""One command of this tree or an older one, in a process of its own: `embedding_child.py JOB`, the tree on PYTHONPATH.

JOB is JSON: `task` and what it needs. The answer, JSON on the last line, has seconds of wall and CPU, what the task
answers, how often texts went through each encoder, and the CPU of encoding each of them once.
"""

import json
import resource
import sys
import time
from collections import Counter

try:
    from minicoil.encoder.token_encoder import TokenEncoder
except ModuleNotFoundError:  # an older tree, whose floors are flat
    from minicoil.encoder import TokenEncoder
try:
    from flows import forms
except ImportError:
    from flows import parameters as forms

PARITY = (
    "check_parity",
    "_seconds_per_token",
    "time_a_text",
    "_encode_sample",
)  # run implementations or a clock, not texts of a corpus


def cpu_seconds():
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


class Watch:
    """Every text that goes through an encoder, by encoder: the same in every tree, by the one door they all have."""

    def __init__(self):
        self.encoders, self.texts, self.times = {}, {}, Counter()

    def __enter__(self):
        self.real = real = TokenEncoder._in_batches
        watch = self

        def counted(encoder, texts, work):
            watch.note(encoder, texts)
            return real(encoder, texts, work)

        TokenEncoder._in_batches = counted
        return self

    def __exit__(self, *error):
        TokenEncoder._in_batches = self.real

    def note(self, encoder, texts):
        frame, names = sys._getframe(), set()
        while frame is not None:
            names.add(frame.f_code.co_name)
            frame = frame.f_back
        if names & {*PARITY}:
            return
        kind = "training" if "_encode_fresh" in names else "vectors"
        self.encoders[kind] = encoder
        for text in texts:
            key = (kind, text.ids.tobytes())
            self.times[key] += 1
            self.texts[key] = text

    def answer(self):
        row = {}
        for kind, encoder in self.encoders.items():
            texts = [text for (name, _), text in self.texts.items() if name == kind]
            begun = cpu_seconds()
            for _ in encoder.encode(texts):
                pass
            times = [n for (name, _), n in self.times.items() if name == kind]
            row[kind] = {
                "n_texts": len(texts),
                "n_passes": sum(times),
                "n_twice": sum(n > 1 for n in times),
                "cpu_once": round(cpu_seconds() - begun, 2),
            }
        return row


def index(job):
    from flows.index_collection import index_collection

    return index_collection(forms.IndexParameters(**job["parameters"]))


def extend(job):
    from flows.extend_vocabulary import extend_vocabulary

    answer = extend_vocabulary(forms.ExtendParameters(**job["parameters"]))
    kept = ("release", "promoted", "words", "collections", "retrieval_gate", "seconds", "message")
    return {key: answer[key] for key in kept if key in answer}


def evaluate(job):
    from flows.evaluate_retrieval import evaluate_retrieval

    answer = evaluate_retrieval(forms.EvaluateParameters(**job["parameters"]))
    return {key: answer[key] for key in ("bm25", "minicoil", "parent")}


def main(job):
    begun, cpu = time.perf_counter(), cpu_seconds()
    with Watch() as watch:
        answer = {"index": index, "extend": extend, "evaluate": evaluate}[job["task"]](job)
    spent = {"wall": round(time.perf_counter() - begun, 2), "cpu": round(cpu_seconds() - cpu, 2)}
    print("\n" + json.dumps({**spent, "answer": answer, "encoders": watch.answer()}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
