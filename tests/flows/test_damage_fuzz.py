"""Commands on damaged homes, stores and corpora: one line that names what is damaged and what to do; nothing is changed.

`MINICOIL_FUZZ=20000 pytest tests/flows/test_damage_fuzz.py` tries more combinations; `MINICOIL_FUZZ_SEED` says which.
"""

import json
import os
import random
import re
import shlex
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import click
import pytest
from click.testing import CliRunner
from command_lines import check_usage
from damaged_homes import KINDS, Command, Damaged, commands, make_home, make_models, strangers

from flows.cli import main
from flows.orchestration import retries
from flows.rendering.failures import UNEXPECTED

COMBINATIONS = int(os.environ.get("MINICOIL_FUZZ", "500"))
SEED = int(os.environ.get("MINICOIL_FUZZ_SEED", "20261128"))
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(max(600, COMBINATIONS * 3))]
# words of a next move that is no command
MOVES = re.compile(
    r"restore|pull the release again|copy the folder again|\bgive\b|\bremove\b|delete|\bset it\b|check the path|roll back|run the same|use another|install|expected|check that|check --qdrant-url"
)


@pytest.fixture(scope="module")
def home(tiny_encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retries, "WAIT_SECONDS", [0.05, 0.05])
        made = make_home(folder / "fuzz", make_models(folder / "models", tiny_encoder), tiny_encoder)
        yield made
        made.stop_engine()


def run(home, command: Command):
    answer = CliRunner().invoke(main, [*command.arguments, "--home", str(home.place.home)], input=command.stdin)
    assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
    return answer


def faults_of(answer, names) -> list[str]:
    """What is wrong with how a command failed."""
    lines = answer.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    others = [line for line in lines if not line.startswith(("error: ", "passed over: ", "  "))]
    faults = []
    if not errors and answer.stdout:  # a verdict: the answer itself says what is wrong
        errors = [" ".join(answer.stdout.splitlines())]
    if len(errors) != 1 or others:
        faults.append("is told in more or less than one line")
    said = " ".join(errors)
    if UNEXPECTED in answer.stderr or "Traceback" in answer.stderr:
        faults.append("is called ours to mend")
    if not any(name in said for name in names):
        faults.append(f"names none of {', '.join(names)}")
    quoted = re.findall(r"`(minicoil [^`]+)`", said)
    if not quoted and not MOVES.search(said):
        faults.append("gives no next move")
    for text in quoted:
        try:
            check_usage(["9" if word in ("N", "X") else word for word in shlex.split(text)[1:]])
        except click.UsageError as error:
            faults.append(f"recommends what does not parse: {text} ({error.format_message()})")
    return faults


class Babbler(BaseHTTPRequestHandler):
    """A server that is no Qdrant: it answers everything in one way."""

    body, status = b"hello", 200

    def answer(self):
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *arguments):
        """Nothing."""


def babbling(status, body):
    handler = type("One", (Babbler,), {"body": body, "status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


PLACES = {
    "home is a file": ("--home", "{file}"),
    "home lies in a file": ("--home", "{file}/home"),
    "store is a file": ("--home", "{home}", "--store", "file://{file}"),
    "store lies in a file": ("--home", "{home}", "--store", "file://{file}/store"),
    "store of no kind": ("--home", "{home}", "--store", "ftp://host/x"),
    "store without a bucket": ("--home", "{home}", "--store", "s3://"),
    "no server": ("--home", "{home}", "--qdrant-url", "http://127.0.0.1:9"),
    "a server of words": ("--home", "{home}", "--qdrant-url", "{words}"),
    "a server of JSON": ("--home", "{home}", "--qdrant-url", "{json}"),
    "a server that fails": ("--home", "{home}", "--qdrant-url", "{fails}"),
    "no address": ("--home", "{home}", "--qdrant-url", "not an address"),
    "a port beyond all ports": ("--home", "{home}", "--qdrant-url", "http://127.0.0.1:99999999"),
}


@pytest.fixture(scope="module")
def servers():
    made = {
        "words": babbling(200, b"hello"),
        "json": babbling(200, b'{"hello": [1, NaN]}'),
        "fails": babbling(500, b""),
    }
    yield {name: f"http://127.0.0.1:{server.server_port}" for name, server in made.items()}
    for server in made.values():
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_none_is_named(home, servers, tmp_path, monkeypatch, place):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # patience is tested elsewhere
    (tmp_path / "file").write_text("no folder")
    words = [word.format(file=tmp_path / "file", home=home.place.home, **servers) for word in PLACES[place]]
    tree, found = home.tree(home.inputs), {}
    for command in commands(home, tmp_path / "out"):
        answer = CliRunner().invoke(main, [*command.arguments, *words], input=command.stdin)
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        faults = (
            []
            if answer.exit_code == 0
            else faults_of(answer, [words[-1].removeprefix("file://"), words[-1], words[-2]])
        )
        for fault in faults:
            found.setdefault(
                f"{' '.join(command.arguments[:2])}: {fault}", answer.stderr.strip().splitlines()[-1][:500]
            )
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert (tmp_path / "file").read_text() == "no folder" and strangers(tree, home.tree(home.inputs)) == []
    assert not found, "\n".join(f"{what}\n    {said}" for what, said in sorted(found.items()))


SETTINGS = [
    "MINICOIL_ENCODE_SHARDS",
    "MINICOIL_TRAIN_SHARDS",
    "MINICOIL_READ_SHARDS",
    "MINICOIL_READ_PROCESSES",
    "MINICOIL_SENTENCE_CACHE_BYTES",
    "MINICOIL_EMBEDDING_CACHE_BYTES",
    "MINICOIL_SHARD_RUNNER",
]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_is_none_is_named(home, tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "NaN")
    for command in commands(home, tmp_path / "out"):
        answer = run(home, command)
        assert answer.exit_code == 2 and faults_of(answer, [name]) == [], answer.stderr


def test_every_command_is_content_with_a_sound_home(home, tmp_path):
    tree, points = home.tree(home.inputs), home.points()
    for command in commands(home, tmp_path / "out"):
        answer = run(home, command)
        assert answer.exit_code == 0, (command.arguments, answer.stderr)
    assert strangers(tree, home.tree(home.inputs)) == [] and strangers(points, home.points()) == []


def test_damage_is_named_with_the_way_out_and_nothing_is_changed(home, tmp_path):
    rng, out = random.Random(SEED), tmp_path / "out"
    pairs = [(command, name) for command in commands(home, out) for name in command.objects]
    points, found = home.points(), {}
    n_refused = 0
    for number in range(COMBINATIONS):
        command, name = rng.choice(pairs)
        kind = rng.choice(KINDS)
        path = home.objects[name]
        is_engine = name == "engine's schema"
        if is_engine:
            if number % 8:  # each costs a start of the engine
                continue
            home.stop_engine()
        before = home.tree(path)
        what = f"{' '.join(command.arguments[:2])} | {name} | {kind}"
        with Damaged(path, kind, rng):
            try:
                answer = run(home, command)
            except AssertionError as error:
                found.setdefault(f"{what}: {error}", "")
                continue
            if is_engine:
                home.stop_engine()
            changed = strangers(before, home.tree(path))
            if command.arguments[0] == "index" and name == "record":  # which mends it, and keeps what was there
                changed = [key for key in changed if not key.startswith("damaged/")]
        faults = [f"changes {', '.join(changed[:3])}"] if changed else []
        if answer.exit_code:
            n_refused += 1
            faults += faults_of(answer, home.names[name])
            if answer.exit_code not in (1, 2):
                faults.append(f"ends with status {answer.exit_code}")
        elif UNEXPECTED in answer.stderr:
            faults.append("is called ours to mend, and goes on")
        shutil.rmtree(out, ignore_errors=True)
        for fault in faults:
            found.setdefault(
                f"{what}: {fault}", answer.stderr.strip().splitlines()[-1][:600] if answer.stderr.strip() else ""
            )
    assert strangers(points, home.points()) == []
    assert not found, "\n".join(f"{what}\n    {said}" for what, said in sorted(found.items()))
    assert n_refused > COMBINATIONS // 8


# what the messages recommend, taken at its word; these change the home and come last


def recommended(answer, begins):
    """The first command of a message that begins so."""
    return next(text for text in re.findall(r"`minicoil ([^`]+)`", answer.stderr) if text.startswith(begins))


def test_the_command_that_a_damaged_record_names_mends_it(home, tmp_path):
    path = home.objects["record"]
    document = json.loads(path.read_bytes())
    search = Command(("search", "docs", "pods and the node", "--json"), ())
    found = json.loads(run(home, search).stdout)["results"]
    path.unlink()
    path.write_text(json.dumps({**document, "avg_len": None}))
    others = run(home, Command(("search", "other", "pods", "--json"), ()))
    assert others.exit_code == 0
    answer = run(home, search)
    command = recommended(answer, "index docs")
    assert command == "index docs --corpus SPEC --avg-len X"
    words = [
        *command.replace("SPEC", str(home.inputs / "c.jsonl")).replace("X", str(document["avg_len"])).split(),
        "--encoder",
        str(home.encoder),
    ]
    answer = run(home, Command(tuple(words), ()))
    assert answer.exit_code == 0 and "is whole again" in answer.stdout, answer.stderr
    assert json.loads(path.read_bytes()) == document
    assert json.loads(run(home, search).stdout)["results"] == found


def test_the_command_that_a_damaged_registration_names_mends_it(home):
    path = home.objects["registration"]
    path.unlink()
    path.write_text("[]")
    answer = run(home, Command(("release", "readers"), ()))
    command = recommended(answer, "release readers --register shop").replace(" N", " 1")
    assert run(home, Command(tuple(command.split()), ())).exit_code == 0
    assert "passed over" not in run(home, Command(("release", "readers"), ())).stderr


def test_the_command_that_a_damaged_note_names_promotes_the_release(home):
    path = home.objects["note"]
    path.unlink()
    path.write_text("{")
    command = recommended(run(home, Command(("release", "waiting"), ())), "release promote")
    answer = run(home, Command(tuple(command.split()), ()))
    assert answer.exit_code == 0, answer.stderr
    assert not path.exists() and "passed over" not in run(home, Command(("release", "waiting"), ())).stderr


def test_the_command_that_a_damaged_channel_names_begins_it_anew(home):
    path = home.objects["channel"]
    before = path.read_bytes()
    path.unlink()
    path.write_bytes(before[:40])
    answer = run(home, Command(("search", "docs", "pods"), ()))
    assert answer.exit_code == 1
    command = recommended(answer, "release promote").replace(" N ", " 3 ")
    answer = run(home, Command((*command.split(), "--json"), ()))
    assert answer.exit_code == 0 and "damaged document of channel 'production' is kept at" in answer.stdout, (
        answer.stderr
    )
    assert json.loads(path.read_bytes())["current"] == 3
    assert run(home, Command(("search", "docs", "pods"), ())).exit_code == 0
