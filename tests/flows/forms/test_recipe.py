"""The command that makes a release again, out of what was asked for."""

import shlex

from flows.forms import ExtendParameters, RemoveParameters, RetrainParameters, spell_recipe


def test_what_differs_from_the_defaults_is_spelled_and_nothing_of_this_machine(tmp_path):
    texts = tmp_path / "my texts"
    texts.mkdir()
    asked = ExtendParameters(
        home=str(tmp_path / "home"),
        corpus=[str(texts), "hf:ag_news:train#text"],
        common=50,
        words_file=str(texts),
        judged_sets=["beir:scifact"],
        base="Qdrant/minicoil-v1",
        evaluate=False,
        target="correlation",
        promote=False,
        collections=["docs"],
    )
    spelled = spell_recipe(asked)
    assert str(tmp_path) not in spelled and "docs" not in spelled
    words = shlex.split(spelled)
    assert words[:2] == ["minicoil", "extend"] and "--no-evaluate" in words
    pairs = set(zip(words, words[1:], strict=False))
    assert pairs >= {
        ("--corpus", "my texts"),
        ("--corpus", "hf:ag_news:train#text"),
        ("--common", "50"),
        ("--words-file", "my texts"),
        ("--evaluate", "beir:scifact"),
        ("--base", "Qdrant/minicoil-v1"),
        ("--target", "correlation"),
    }


def test_what_is_spelled_is_understood_by_the_command():
    import click

    from flows.cli import extend, remove, retrain

    for command, asked in (
        (extend, ExtendParameters(words=["pod", "c#"], corpus=["texts"], sample=5, evaluate=False)),
        (retrain, RetrainParameters(corpus=["texts"], below=0.7)),
        (remove, RemoveParameters(words=["pod"], home="elsewhere")),
    ):
        _, name, *arguments = shlex.split(spell_recipe(asked))
        with click.Context(command) as context:
            command.parse_args(context, list(arguments))
        assert name == command.name
        for field in ("words", "corpus", "sample", "evaluate", "below"):
            if hasattr(asked, field):
                given, expected = context.params[field], getattr(asked, field)
                assert (list(given) if isinstance(expected, list) else given) == expected


def test_many_words_are_counted():
    asked = ExtendParameters(words=[f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(200)], corpus=["texts"])
    assert spell_recipe(asked) == "minicoil extend 200 WORDS, those below --corpus texts"
