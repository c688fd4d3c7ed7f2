"""`/health` and `/ready` of the whole service, for whoever starts it again or sends it runs; off unless asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from deployments.children import Child
from deployments.listening import Answer, Answers

STUCK_SECONDS = 300.0  # since the watch last looked: it looks every second, and reaping waits for a busy server at most
_ANSWER_SECONDS = 5.0  # of Prefect's server to a probe, which itself is given up after some ten


class ServiceState:
    """What a service knows of itself, told by the thread that runs it and asked by those that answer probes.

    Args:
        api: Of Prefect's server.
        clock: Seconds that only grow.
    """

    def __init__(self, api: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._api, self._clock = api, clock
        self._children: Sequence[Child] = ()
        self._is_serving = False
        self._looked = clock()

    def serving(self, children: Sequence[Child]) -> None:
        """Everything is registered, and these run."""
        self._children, self._is_serving = children, True
        self.look()

    def stopping(self) -> None:
        """No run will be begun any more."""
        self._is_serving = False
        self.look()

    def look(self) -> None:
        """The watch has just looked after its children."""
        self._looked = self._clock()

    def health(self) -> dict[str, Any]:
        """Whether to start the whole service again: only where its watch is stuck, for what dies it restarts itself."""
        seconds = self._clock() - self._looked
        if self._is_serving and seconds > STUCK_SECONDS:
            return {"alive": False, "reason": f"nobody has looked after server and worker for {seconds:.0f} s"}
        return {"alive": True}

    def readiness(self) -> dict[str, Any]:
        """Whether a run that is asked for now would begin, and if not, why."""
        if not self._is_serving:
            return {"ready": False, "reason": "the service is starting or stopping"}
        for child in self._children:
            if child.has_ended():
                return {"ready": False, "reason": f"the {child.name} ended and is being started again; {child.log}"}
        try:
            status = httpx.get(f"{self._api}/ready", timeout=_ANSWER_SECONDS).status_code
        except httpx.HTTPError as error:
            return {"ready": False, "reason": f"the server does not answer ({type(error).__name__})"}
        if status != httpx.codes.OK:
            return {"ready": False, "reason": f"the server answers with status {status}: its database is not reached"}
        return {"ready": True}

    def answers(self) -> Answers:
        """Both questions, with 503 where the answer is no."""
        return {"/health": lambda: _answer(self.health()), "/ready": lambda: _answer(self.readiness())}


def _answer(document: dict[str, Any]) -> Answer:
    return Answer.of(200 if "reason" not in document else 503, document)
