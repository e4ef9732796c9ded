"""The same ladder under the names of NEMSIS 3.5 `eTimes`: what an ambulance service's report asks for."""

from msgspec import Struct, field

from gateways.neris.records import IncidentLadder, UnitResponse


class ETimes(Struct, frozen=True, kw_only=True):
    """One unit's `eTimes`. What nobody told us is null."""

    incident: str = field(name="eResponse.03")
    unit: str = field(name="eResponse.13")
    psap_call: str | None = field(name="eTimes.01")
    """When the incident was put on the board: the nearest that we know."""
    dispatch_notified: str | None = field(name="eTimes.02")
    unit_notified: str | None = field(name="eTimes.03")
    unit_en_route: str | None = field(name="eTimes.05")
    arrived_on_scene: str | None = field(name="eTimes.06")
    arrived_at_patient: str | None = field(name="eTimes.07")
    left_scene: str | None = field(name="eTimes.09")
    arrived_at_destination: str | None = field(name="eTimes.11")
    transfer_of_care: str | None = field(name="eTimes.12")
    back_in_service: str | None = field(name="eTimes.13")
    cancelled: str | None = field(name="eTimes.14")


def etimes(ladder: IncidentLadder) -> tuple[ETimes, ...]:
    """Return the times of each unit that was dispatched."""
    return tuple(_of(ladder, unit) for unit in ladder.mod_unit_response if unit.time_dispatch is not None)


def _of(ladder: IncidentLadder, unit: UnitResponse) -> ETimes:
    created = ladder.core_mod_dispatch.dispatch_time_call_create
    return ETimes(
        incident=ladder.incident,
        unit=unit.unit_id_reported,
        psap_call=created,
        dispatch_notified=created,
        unit_notified=unit.time_dispatch,
        unit_en_route=unit.time_enroute_to_scene,
        arrived_on_scene=unit.time_on_scene,
        arrived_at_patient=unit.time_at_patient,
        left_scene=unit.time_enroute_hospital,
        arrived_at_destination=unit.time_arrived_hospital,
        transfer_of_care=unit.time_transfer_to_facility,
        back_in_service=unit.time_unit_clear,
        cancelled=unit.time_canceled_enroute,
    )
