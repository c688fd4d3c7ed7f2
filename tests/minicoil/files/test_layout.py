"""The names in a model folder are those that FastEmbed looks for, and a child takes from its parent what stays true."""

from fastembed.sparse import minicoil as theirs

from minicoil.files.layout import BundleLayout


def test_the_files_without_which_there_is_no_model_are_those_that_fastembed_loads(tmp_path):
    layout = BundleLayout(tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in layout.required()}
    (known,) = theirs.supported_minicoil_models
    assert {known.model_file, *known.additional_files} <= names
    tokenizer = {"tokenizer.json", "tokenizer_config.json", "config.json", "special_tokens_map.json"}
    assert names - {known.model_file, *known.additional_files} == tokenizer
    assert layout.stack.name == theirs.MINICOIL_MODEL_FILE and layout.vocabulary.name == theirs.MINICOIL_VOCAB_FILE


def test_every_file_has_a_name_of_its_own_inside_the_folder(tmp_path):
    layout = BundleLayout(tmp_path)
    kinds = [name for name, kind in vars(BundleLayout).items() if isinstance(kind, property)]
    paths = {getattr(layout, name) for name in kinds}
    assert len(paths) == len(kinds) and all(path.is_relative_to(tmp_path) for path in paths)
    # external data of a graph may lie beside or below it, and never above
    assert layout.fused.parent == layout.rows.parent == layout.stack.parent == layout.encoder.parent.parent


def test_a_child_carries_all_but_what_is_made_anew_for_it(tmp_path):
    layout = BundleLayout(tmp_path)
    others = ["onnx/model.onnx_data", "ledger/words.json", "LICENSE", "NOTICE.txt", "minicoil_importance.json"]
    own = [layout.stack, layout.vocabulary, layout.fused, layout.head, layout.rows, layout.card]
    stray = [tmp_path / "notes.txt", tmp_path / "cache" / "a.bin"]
    kept = [*layout.required(), layout.facts, *(tmp_path / name for name in others)]
    assert BundleLayout(tmp_path / "nothing here").carried() == []
    for path in {*kept, *own, *stray}:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "LICENSES").mkdir()  # a folder is no file to copy
    assert layout.carried() == sorted({*kept} - {*own})
