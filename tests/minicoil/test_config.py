"""Settings are checked when they are made, never change, and equal ones have one digest."""

from dataclasses import FrozenInstanceError, asdict, fields, replace
from typing import get_args

import pytest

from minicoil.config import (
    PRIOR_COMPONENTS,
    Bm25Config,
    GateConfig,
    RetrievalGateConfig,
    SamplingConfig,
    Target,
    TrainingConfig,
    TripletConfig,
    config_digest,
)
from minicoil.errors import UsageError

CONFIGS = [Bm25Config, GateConfig, RetrievalGateConfig, SamplingConfig, TrainingConfig, TripletConfig]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Bm25Config, {"k": 0.0}),
        (Bm25Config, {"b": 1.01}),
        (Bm25Config, {"avg_len": float("nan")}),
        (SamplingConfig, {"max_sentences": 0}),
        (TripletConfig, {"margin": -0.1}),
        (TrainingConfig, {"dims": 0}),
        (TrainingConfig, {"steps": 1.5}),
        (GateConfig, {"min_ordering": True}),
        (RetrievalGateConfig, {"margin": float("inf")}),
    ],
)
def test_a_number_out_of_bounds_is_refused_by_its_name(kind, wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=f"^{name}: "):
        kind(**wrong)
    with pytest.raises(UsageError, match=f"^{name}: "):
        replace(kind(), **wrong)


@pytest.mark.parametrize("kind", CONFIGS)
def test_settings_never_change(kind):
    config = kind()
    with pytest.raises(FrozenInstanceError):
        setattr(config, fields(config)[0].name, 1)


@pytest.mark.parametrize("kind", CONFIGS)
def test_equal_settings_have_one_digest_and_every_field_counts(kind):
    config = kind()
    digests = {config_digest(config), config_digest(kind())}
    assert len(digests) == 1
    for name, value in asdict(config).items():
        other = {"target": "ordering", "importance": "digest"}.get(name)
        if other is None:
            other = tuple(reversed(value)) if isinstance(value, tuple) else not value if value is True else value / 2
            other = round(other) or 1 if type(value) is int else other
        digests.add(config_digest(replace(config, **{name: other})))
    assert len(digests) == 1 + len(fields(config))


def test_a_digest_is_of_kinds_too_and_of_no_order():
    one, other = TripletConfig(), GateConfig()
    assert config_digest(one, other) == config_digest(other, one) != config_digest(one)


@pytest.mark.parametrize("target", get_args(Target))
def test_settings_of_a_target_keep_what_was_asked_for_and_only_ordering_orders(target):
    config = TrainingConfig.for_target(target, 8, seed=5)
    assert (config.target, config.dims, config.seed) == (target, 8, 5)
    assert (config.ordering_steps > 0) == (target == "ordering")
    assert config.role_components <= PRIOR_COMPONENTS
    assert TrainingConfig.for_target("saturated", 4) == TrainingConfig()


def test_a_quick_look_names_every_word_that_loses():
    quick, usual = RetrievalGateConfig.at_most(20), RetrievalGateConfig()
    assert (quick.max_queries, quick.max_documents, quick.word_loss, quick.certain) == (20, 20, 0.0, False)
    assert quick.word_queries < usual.word_queries and quick.margin == usual.margin
