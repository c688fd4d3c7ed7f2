"""A Hugging Face encoder folder turned into the files that FastEmbed and this library load."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

from minicoil.errors import EncoderError
from minicoil.files import BundleLayout

OPSET = 17


def export_encoder(model_folder: Path, layout: BundleLayout) -> None:
    """Write the folder's ONNX encoder; an `onnx/model.onnx` that is there already is taken as it is.

    Raises:
        EncoderError: the weights cannot be loaded, or need code of their own to run.
    """
    layout.encoder.parent.mkdir(parents=True, exist_ok=True)
    ready = model_folder / "onnx" / "model.onnx"
    if ready.exists():
        shutil.copyfile(ready, layout.encoder)
        return
    import torch
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # it loads in a second; the bar would break into ours

    try:
        # eager attention: about 1.2x cheaper in ONNX Runtime than the fused kind (measured)
        model = AutoModel.from_pretrained(
            str(model_folder),
            attn_implementation="eager",
            trust_remote_code=False,
            local_files_only=True,
            use_safetensors=True,  # a .bin is a pickle
        )
    except (OSError, ValueError, ImportError) as error:
        raise EncoderError(
            f"{model_folder}: the encoder cannot be loaded ({error}); expected are config.json and weights in "
            "model.safetensors, or onnx/model.onnx: download the model again, or give another --encoder"
        ) from error
    model.eval().float()
    example = torch.ones((2, 8), dtype=torch.int64)
    part = layout.encoder.with_suffix(".part")
    axes = {0: "batch", 1: "sequence"}
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the legacy exporter announces its age; it is chosen on purpose
        torch.onnx.export(
            _hidden_states(model),
            (example, example, torch.zeros_like(example)),
            str(part),
            input_names=["input_ids", "attention_mask", "token_type_ids"],
            output_names=["last_hidden_state"],
            dynamic_axes={n: axes for n in ("input_ids", "attention_mask", "token_type_ids", "last_hidden_state")},
            opset_version=OPSET,
            dynamo=False,
        )
    part.replace(layout.encoder)


def _hidden_states(model: Any) -> Any:
    """A module whose only output is the last hidden state; made late, so that importing this file is cheap."""
    import torch

    class HiddenStates(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            return self.model(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state

    return HiddenStates()


def write_tokenizer_files(model_folder: Path, layout: BundleLayout) -> None:
    """Write tokenizer files that give FastEmbed and this library the same words.

    Padding and truncation are emptied in tokenizer.json (MiniLM ships a fixed 128 of both, which FastEmbed would
    obey), and `model_max_length` is set to the encoder's real limit.

    Raises:
        EncoderError: a file is missing or damaged, or the tokenizer is not WordPiece.
    """
    try:
        tokenizer = json.loads((model_folder / "tokenizer.json").read_text("utf-8"))
        config = json.loads((model_folder / "config.json").read_text("utf-8"))
        settings = _read_optional(model_folder / "tokenizer_config.json")
        specials = _read_optional(model_folder / "special_tokens_map.json")
        kind = tokenizer["model"]["type"]
        limits = [config.get("max_position_embeddings"), settings.get("model_max_length")]
        limit = min(n for n in limits if type(n) is int and 0 < n < 1_000_000)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EncoderError(
            f"{model_folder}: not an encoder folder ({error}); it needs tokenizer.json and config.json, and in its "
            "files the longest text it takes (max_position_embeddings, model_max_length); give another --encoder"
        ) from error
    if kind != "WordPiece":
        raise EncoderError(
            f"{model_folder}: its tokenizer is {kind}; miniCOIL needs WordPiece, as BERT-like encoders have"
        )
    tokenizer["padding"] = tokenizer["truncation"] = None
    settings["model_max_length"] = limit
    settings.pop("max_length", None)
    if not specials:
        specials = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "sep", "pad", "cls", "mask")}
    layout.folder.mkdir(parents=True, exist_ok=True)
    for path, document in (
        (layout.tokenizer, tokenizer),
        (layout.tokenizer_config, settings),
        (layout.special_tokens, specials),
        (layout.config, {**config, "pad_token_id": config.get("pad_token_id", 0)}),
    ):
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _read_optional(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def pools_by_mean(folder: Path) -> bool:
    """Whether a model's sentence vector is the unit mean of its token embeddings, all of them.

    Raises:
        EncoderError: the files that say so are damaged.
    """
    pooling, modules = folder / "1_Pooling" / "config.json", folder / "modules.json"
    if not pooling.is_file() or not modules.is_file():
        return False
    try:
        config = dict(json.loads(pooling.read_text("utf-8")))
        kinds = [entry["type"].rsplit(".", 1)[-1] for entry in json.loads(modules.read_text("utf-8"))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EncoderError(f"{folder}: its files on pooling cannot be read ({error}); copy the folder again") from error
    others = [
        key for key, value in config.items() if key.startswith("pooling_mode") and value and "mean_tokens" not in key
    ]
    is_mean = config.get("pooling_mode_mean_tokens") is True and not [key for key in others if key != "pooling_mode"]
    return is_mean and set(kinds) <= {"Transformer", "Pooling", "Normalize"}
