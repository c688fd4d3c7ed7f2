"""What is more than a form takes is refused with the field and what to give instead, before a server is asked."""

import json

import pytest
from click.testing import CliRunner

from flows.cli import main
from flows.forms.form_size import check_size
from flows.forms.parameters import ExtendParameters, IndexParameters
from minicoil.errors import UsageError

WIDE = ["\u6f22" * 30 + str(i) for i in range(4000)]  # each under every other bound, and 6 bytes a letter


def test_the_bound_is_that_of_the_server(tmp_path):
    from prefect.client.schemas.objects import FlowRun  # noqa: F401  its schemas are what refuses
    from prefect.server.schemas.actions import FlowRunCreate

    parameters = IndexParameters(collection="docs", corpus=["\u00e9" * 100], home=str(tmp_path))
    sent = {"parameters": parameters.model_dump(mode="json")}
    size = len(json.dumps(sent, separators=(",", ":")))
    check_size("index-collection", parameters, size)
    check_size("index-collection", parameters, 0)  # a server without a bound
    with pytest.raises(UsageError, match=f"is {size:,} bytes as a form and Prefect's server takes {size - 1:,}"):
        check_size("index-collection", parameters, size - 1)

    large = {"parameters": {"corpus": ["\u00e9" * 90_000]}}
    with pytest.raises(ValueError, match="must be less than 524,288 bytes"):
        FlowRunCreate(flow_id="0" * 8 + "-0000-0000-0000-" + "0" * 12, parameters=large)


def test_long_words_point_to_a_file_and_hundreds_of_files_to_their_folder(tmp_path):
    words = ExtendParameters(words=WIDE, corpus=["pydocs:json"], home=str(tmp_path))
    with pytest.raises(UsageError, match="most of it is 'Words' .*give that to extend with --words-file"):
        check_size("extend-vocabulary", words, 524_288)
    files = [f"/data/texts of a long year/{i:07}.jsonl" for i in range(20_000)]
    many = IndexParameters(collection="docs", corpus=files, home=str(tmp_path))
    with pytest.raises(UsageError, match="most of it is 'Corpus' .*give the folder of these files"):
        check_size("index-collection", many, 524_288)


def test_the_command_line_says_it_with_status_2_and_starts_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    answer = CliRunner().invoke(main, ["extend", *WIDE, "--corpus", "pydocs:json", "--home", str(tmp_path / "home")])
    assert answer.exit_code == 2 and "--words-file" in answer.stderr and len(answer.stderr.splitlines()) == 1
    assert not (tmp_path / "home").exists()
