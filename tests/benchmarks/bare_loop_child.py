"""Queries through the encoder's graph and nothing else, one at a time, on one core: `bare_loop_child.py GRAPH QUERIES SECONDS`.

QUERIES is a JSON file of lists of token ids. Prints queries a second. Cut into tokens beforehand: what a service does
beside the forward pass is all in the ratio.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort


def main(graph, queries, seconds):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = {entry.name for entry in session.get_inputs()}
    feeds = []
    for ids in json.loads(Path(queries).read_text()):
        row = np.asarray([ids], np.int64)
        parts = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        feeds.append({name: parts[name] for name in names})
    for feed in feeds[:20]:
        session.run(None, feed)
    n, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        session.run(None, feeds[n % len(feeds)])
        n += 1
    print(n / (time.perf_counter() - begun))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
