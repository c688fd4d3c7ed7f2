"""Questions over HTTP: each path its answer, a failure as one, and nothing that ends who answers."""

import httpx
import pytest

from deployments.listening import Answer, answering
from minicoil.errors import UsageError


def fail():
    raise RuntimeError("a secret of the inside")


ANSWERS = {
    "/good": lambda: Answer.of(200, {"good": True}),
    "/text": lambda: Answer(200, b"x 1\n", "text/plain"),
    "/bad": fail,
}


def ask(port, path, host="127.0.0.1"):
    return httpx.get(f"http://{host}:{port}{path}", timeout=60)


def test_each_path_has_its_answer_and_others_are_told_which_there_are():
    with answering(ANSWERS, "127.0.0.1", 0, "--port") as port:
        assert ask(port, "/good").json() == {"good": True}
        assert ask(port, "/good?x=1").status_code == 200
        assert ask(port, "/text").text == "x 1\n" and ask(port, "/text").headers["content-type"] == "text/plain"
        nothing = ask(port, "/nothing")
        assert nothing.status_code == 404 and "GET /good and GET /text" in nothing.json()["error"]


def test_an_answer_that_fails_is_a_500_that_says_nothing_of_the_inside_and_the_next_one_is_given(caplog):
    with answering(ANSWERS, "127.0.0.1", 0, "--port") as port:
        failed = ask(port, "/bad")
        assert failed.status_code == 500 and "secret" not in failed.text and "secret" in caplog.text
        assert ask(port, "/good").status_code == 200


def test_a_port_that_is_taken_is_said_with_the_option_it_came_from():
    taken = pytest.raises(UsageError, match="give another --some-port")
    with (
        answering(ANSWERS, "127.0.0.1", 0, "--port") as port,
        taken,
        answering(ANSWERS, "127.0.0.1", port, "--some-port"),
    ):
        pass


def test_nobody_listens_any_more_when_the_body_has_ended():
    with answering(ANSWERS, "127.0.0.1", 0, "--port") as port:
        pass
    with pytest.raises(httpx.ConnectError):
        ask(port, "/good")
