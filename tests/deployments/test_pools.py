"""prefect.yaml on work pools of each type: job variables that Prefect's workers take, and nothing else changed."""

import pytest
import yaml

from deployments.pools import KINDS, PREFECT_FILE, Pool, base_job_template, deployments_on, write_deployments
from minicoil.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own
CONTAINERS = ("docker", "kubernetes")


def job_variables(kind, **options):
    document = deployments_on(Pool("theirs", kind, **options), kind)
    found = [row["work_pool"] for row in document["deployments"]]
    assert found and all(entry == found[0] for entry in found) and found[0]["name"] == "theirs"
    return found[0]["job_variables"]


def refused(kind, values):
    """What Prefect's own check of job variables against a pool's template says."""
    from prefect.utilities.schema_tools import ValidationError, validate

    try:
        validate(values, base_job_template(kind)["variables"], raise_on_error=True, preprocess=False)
    except ValidationError as error:
        return str(error)
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_job_variables_are_those_that_the_worker_type_takes(kind):
    template = base_job_template(kind)
    values = job_variables(kind)
    assert values.keys() <= template["variables"]["properties"].keys()
    assert refused(kind, values) is None


@pytest.mark.parametrize(("kind", "wrong"), [("docker", "Sometimes"), ("kubernetes", "IfPossible")])
def test_the_check_finds_what_a_worker_type_would_not_take(kind, wrong):
    assert wrong in refused(kind, {**job_variables(kind), "image_pull_policy": wrong})


@pytest.mark.parametrize("kind", CONTAINERS)
def test_an_image_of_somebody_s_own_takes_the_place_of_ours(kind):
    assert job_variables(kind)["image"].startswith("minicoil-service:")
    assert job_variables(kind, image="registry/minicoil:9")["image"] == "registry/minicoil:9"


def test_only_the_pool_differs_and_the_file_says_the_same(tmp_path):
    ours = yaml.safe_load(PREFECT_FILE.read_text())
    write_deployments(Pool("theirs", "docker"), "docker", tmp_path / "prefect.yaml")
    theirs = yaml.safe_load((tmp_path / "prefect.yaml").read_text())
    for document in (ours, theirs):
        for row in document["deployments"]:
            del row["work_pool"]
    assert theirs["deployments"] == ours["deployments"] and ours["pull"] == []


@pytest.mark.parametrize("kind", CONTAINERS)
def test_a_container_copies_nothing_before_it_begins(kind):
    """Without a step Prefect copies the folder that the image starts in, which may be its root."""
    (step,) = deployments_on(Pool("theirs", kind), kind)["pull"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "."}}


def test_the_pool_of_the_file_itself_is_the_one_of_processes():
    rows = yaml.safe_load(PREFECT_FILE.read_text())["deployments"]
    assert deployments_on(Pool(), "process")["deployments"] == rows


def test_an_image_for_processes_is_refused():
    with pytest.raises(UsageError, match="an image is for pools of type docker or kubernetes"):
        Pool("minicoil", "process", "registry/minicoil:9")
