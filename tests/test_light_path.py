"""The package without extras: encode, search and load where nothing heavier can be imported at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from light_home import make_light_home, make_model
from plain_encoder import WIDTH
from vector_server import VectorServer

import minicoil
from minicoil.extras import EXTRA_OF

ROOT = Path(__file__).parents[1]
BLOCKED = sorted(set(EXTRA_OF) - {"huggingface_hub"})  # which comes with tokenizers, whether anybody asks for it or not


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def light(model_folder, tmp_path_factory):
    """What `light_path.py` found with everything blocked that an extra brings."""
    home = tmp_path_factory.mktemp("light") / "home"
    make_light_home(home, model_folder)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "tests/helpers/light_path.py", model_folder, home, ",".join(BLOCKED)]
    done = subprocess.run([*map(str, command)], env=environment, cwd=home.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_vectors_are_those_of_the_whole_package(light, model_folder):
    model = minicoil.load(model_folder, avg_len=12.0)
    (vector,) = model.embed("a pod is a group of containers")
    assert light["indices"] == vector.indices.tolist() == light["served"]
    assert light["values"] == pytest.approx(vector.values.tolist(), abs=1e-4)
    assert light["query"] == next(iter(model.query_embed("pods of containers"))).indices.tolist()
    assert light["dense"] == WIDTH
    assert [len(row) > 0 for row in light["encoded"]] == [True, True]


def test_a_collection_is_searched(light):
    assert light["searched"]["results"][0]["doc"] == "d0"


@pytest.mark.parametrize("command", ["extend --corpus x", "retrain --corpus x", "try x", "serve", "deploy"])
def test_a_command_that_trains_or_serves_says_in_one_line_what_to_install(light, command):
    status, said = light["refused"][command]
    assert status == 2
    assert len(said.splitlines()) == 1
    assert said.startswith(f"error: `minicoil {command.split()[0]}` needs torch, prefect and ")
    assert said.endswith("pip install 'minicoil-service[train]'")


def test_a_corpus_of_the_hub_says_what_to_install(light):
    status, said = light["refused"]["index n --corpus hf:a::train#b"]
    assert status == 2
    assert said.splitlines()[-1].startswith("error: `minicoil index` needs datasets")
    assert said.endswith("pip install 'minicoil-service[hf]'")


@pytest.mark.parametrize("command", ["serve-embeddings x", "metrics --port 0"])
def test_a_command_that_answers_over_http_says_in_one_line_what_to_install(light, command):
    status, said = light["refused"][command]
    assert status == 2 and len(said.splitlines()) == 1
    assert said.startswith(f"error: `minicoil {command.split()[0]}` needs fastapi, uvicorn and 1 more")
    assert said.endswith("pip install 'minicoil-service[serve]'")


def test_vectors_are_served_with_their_extra_alone(light, model_folder):
    others = ",".join(name for name in BLOCKED if EXTRA_OF[name] != "serve")
    program = (str(ROOT / "tests/helpers/light_service.py"), others)
    with VectorServer(model_folder, "--avg-len", 12, program=program) as server:
        answer = server.post(["a pod is a group of containers"], "document")
    assert server.status == 0 and "heavy: []" in server.said
    assert answer.body["vectors"][0]["indices"] == light["indices"]


def test_nothing_heavy_was_even_tried(light):
    assert light["heavy"] == []
