"""What a person may ask of the flow that shows the state of the service."""

from __future__ import annotations

from pydantic import Field

from flows.forms.place_parameters import PlaceParameters


class StatusParameters(PlaceParameters):
    """Look at every channel, run and schedule; write nothing but the run's page."""

    alert: bool = Field(
        False,
        title="Alert",
        description="Tell people of what is wrong, as the worker's settings say",
    )
