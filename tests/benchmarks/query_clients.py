"""Clients of a service in a process of their own: `query_clients.py HOST PORT QUERIES SECONDS CLIENTS RATE`.

QUERIES is a JSON file of texts. With a RATE above 0, requests of one query each begin at random moments, so many a second,
whether earlier ones are answered or not, and a request's time runs from the moment when it should have begun. With RATE
0 every client sends its next query when it has an answer. Prints JSON.
"""

import http.client
import json
import random
import sys
import threading
import time
from pathlib import Path

import numpy as np

HEADERS = {"Content-Type": "application/json"}


def main(host, port, queries, seconds, n_clients, rate):
    bodies = [json.dumps({"texts": [q], "kind": "query"}).encode() for q in json.loads(Path(queries).read_text())]
    rng = random.Random(3)
    moments = []
    while rate and (not moments or moments[-1] < seconds):
        moments.append((moments[-1] if moments else 0.0) + rng.expovariate(rate))
    lock, waits, failed, taken = threading.Lock(), [], [], 0
    begun = time.perf_counter() + 0.5  # every client has its connection by then

    def client():
        nonlocal taken
        connection = http.client.HTTPConnection(host, port, timeout=60)
        connection.connect()
        while True:
            with lock:
                number, taken = taken, taken + 1
            if rate and number >= len(moments):
                return
            due = begun + (moments[number] if rate else 0.0)
            time.sleep(max(due - time.perf_counter(), 0.0))
            started = due if rate else time.perf_counter()
            if not rate and started - begun > seconds:
                return
            connection.request("POST", "/embed", bodies[number % len(bodies)], HEADERS)
            answer = connection.getresponse()
            answer.read()
            waits.append(time.perf_counter() - started)
            if answer.status != 200:
                failed.append(answer.status)

    threads = [threading.Thread(target=client) for _ in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    p50, p99 = (1000 * float(np.percentile(waits, p)) for p in (50, 99))
    answered = len(waits) - len(failed)
    print(
        json.dumps({"n": answered, "failed": len(failed), "per_second": answered / took, "p50_ms": p50, "p99_ms": p99})
    )


if __name__ == "__main__":
    host, port, queries, seconds, n_clients, rate = sys.argv[1:]
    main(host, int(port), queries, float(seconds), int(n_clients), float(rate))
