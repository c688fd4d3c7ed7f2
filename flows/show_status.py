"""The flow `show-status`: the state of the service as an artifact, and alerts to whoever is to know of it."""

from __future__ import annotations

from flows.forms import StatusParameters
from flows.orchestration import PrefectServer, flow, server_address, show_markdown
from flows.outcomes import StatusOutcome
from flows.stages import report_status, status_page
from minicoil.errors import StoreError


@flow(name="show-status", description="What is served, stuck, due; with alerts where something is wrong.")
def show_status(parameters: StatusParameters) -> StatusOutcome:
    """Look at everything once, show it on the run's page, deliver what is new where that was asked for.

    Raises:
        StoreError: an alert was not delivered; the page is there all the same.
    """
    address = server_address()
    server = PrefectServer(address, "this run") if address else None
    status = report_status(parameters.place(), server, parameters.alert)
    show_markdown(status_page(status), key="status", description="What is served, stuck, due")
    if any(delivery["error"] for delivery in status.get("delivered", ())):
        raise StoreError(f"not everybody was told: {status['message']}")
    return StatusOutcome.of(status)
