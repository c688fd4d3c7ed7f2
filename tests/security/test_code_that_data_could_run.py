"""No data becomes code: nothing unpickles, no model folder brings code along, no graph reads a stranger's file."""

import ast
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from minicoil.encoder.token_encoder import TokenEncoder
from minicoil.errors import BundleError, EncoderError
from minicoil.files.stack import open_stack
from minicoil.folder.bundle import create_empty_bundle
from minicoil.folder.fused import read_graph
from tasks.models.encoders import RoleModel

ROOT = Path(__file__).parents[2]
ROOMS = ("minicoil", "tasks", "flows", "deployments", "examples")
UNPICKLERS = {"pickle", "cPickle", "_pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal", "pandas"}
# call -> keyword that must be there with this value; None: the call is forbidden
RULES = {
    "np.load": ("allow_pickle", False),
    "torch.load": ("weights_only", True),
    "yaml.load": None,
    "yaml.unsafe_load": None,
    "yaml.full_load": None,
    "eval": None,
    "exec": None,
    "os.system": None,
    "tempfile.mktemp": None,
    ".from_pretrained": ("trust_remote_code", False),
    ".SentenceTransformer": ("trust_remote_code", False),
}


def names_of(function):
    """What a call may be known by: "np.load" and ".load" of one, "eval" of another."""
    if isinstance(function, ast.Name):
        return {function.id, f".{function.id}"}
    if isinstance(function, ast.Attribute):
        owner = [f"{function.value.id}.{function.attr}"] if isinstance(function.value, ast.Name) else []
        return {f".{function.attr}", *owner}
    return set()


def broken_rules(source):
    """What a module does that no module may."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (f"imports {name}" for name in names if name.split(".")[0] in UNPICKLERS)
        if not isinstance(node, ast.Call):
            continue
        values = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        if values.get("trust_remote_code") or values.get("shell") or values.get("allow_pickle"):
            yield f"line {node.lineno}: {values}"
        for name in names_of(node.func) & RULES.keys():
            rule = RULES[name]
            if rule is None or values.get(rule[0]) is not rule[1]:
                yield f"line {node.lineno}: {name} {'is forbidden' if rule is None else f'without {rule[0]}={rule[1]}'}"


def test_no_module_unpickles_evaluates_or_trusts_code_of_others():
    found = {
        str(path.relative_to(ROOT)): problems
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if (problems := list(broken_rules(path.read_text())))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import numpy as np\nnp.load(p)",
        "np.load(p, allow_pickle=True)",
        "torch.load(p)",
        "yaml.load(text)",
        "AutoModel.from_pretrained(p)",
        "f(trust_remote_code=True)",
        "subprocess.run(c, shell=True)",
        "eval(text)",
    ],
)
def test_the_rules_see_what_they_forbid(source):
    assert list(broken_rules(source))


class Bomb:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_under_the_name_of_an_array_is_refused_unread(tmp_path):
    touched = tmp_path / "touched"
    stack = tmp_path / "stack.npy"
    np.save(stack, np.array([Bomb(touched)], dtype=object), allow_pickle=True)
    with pytest.raises(BundleError):
        open_stack(stack)
    stack.write_bytes(pickle.dumps(Bomb(touched)))
    with pytest.raises(BundleError):
        open_stack(stack)
    assert not touched.exists()


CODE = "from pathlib import Path\nPath({path!r}).touch()\nclass Model: pass\n"


@pytest.fixture
def hostile(tiny_encoder, tmp_path):
    """A folder that is a good encoder, with code of its own beside it, and the file that tells whether it ran."""
    folder, touched = tmp_path / "hostile", tmp_path / "touched"
    shutil.copytree(tiny_encoder, folder)
    (folder / "modeling_evil.py").write_text(CODE.format(path=str(touched)))
    config = json.loads((folder / "config.json").read_text())
    config |= {"auto_map": {"AutoModel": "modeling_evil.Model", "AutoConfig": "modeling_evil.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder, touched


@pytest.mark.parametrize("known", [True, False], ids=["known architecture", "unknown architecture"])
def test_an_encoder_that_brings_code_is_loaded_without_it_or_refused(hostile, tmp_path, known):
    folder, touched = hostile
    if not known:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "model_type": "evil"}))
    try:
        create_empty_bundle(folder, tmp_path / "bundle")
    except EncoderError as error:
        assert not known, error
    assert not touched.exists()


def test_a_role_model_that_names_a_class_of_its_own_is_refused(hostile):
    folder, touched = hostile
    modules = [{"idx": 0, "name": "0", "path": "", "type": "modeling_evil.Model"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        RoleModel(str(folder))
    assert not touched.exists()


@pytest.mark.parametrize("load", ["encoder", "role model"])
def test_weights_in_a_pickle_are_refused_unread(tiny_encoder, tmp_path, load):
    folder, touched = tmp_path / "encoder", tmp_path / "touched"
    shutil.copytree(tiny_encoder, folder)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(touched)))
    with pytest.raises(EncoderError):
        create_empty_bundle(folder, tmp_path / "out") if load == "encoder" else RoleModel(str(folder))
    assert not touched.exists()


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "sub/../../secret.bin", "link.bin"])
def test_a_graph_that_reads_a_file_outside_its_folder_is_refused(tmp_path, location):
    (tmp_path / "secret.bin").write_bytes(b"\0" * 64)
    folder = tmp_path / "onnx"
    folder.mkdir()
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 4], data_location=TensorProto.EXTERNAL)
    weights.external_data.add(key="location", value=location)
    taken = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])]
    given = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", taken, given, [weights])
    path = folder / "model.onnx"
    path.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
    assert onnx.load(str(path), load_external_data=False)
    with pytest.raises(BundleError):
        read_graph(path)
        TokenEncoder(path)
