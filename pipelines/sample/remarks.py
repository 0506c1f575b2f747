"""What somebody at the made-up help desk would note on its charts: a release, an incident, a campaign and a holiday."""

from datetime import UTC, datetime

from pipelines.sample.demand import Demand, Incident
from pipelines.sample.people import DAY, HOUR
from pipelines.sample.records import Row, iso
from pipelines.sample.topics import SOCIAL

ANNOTATION_COLUMNS = ("annotation_id", "happened_at", "ended_at", "kind", "label", "body", "channel", "author")
AUTHOR = "Support operations"
INCIDENTS = {
    "Payment failed": ("Outage: card payments", "The payment provider declines cards."),
    "Late delivery": ("Carrier delays", "Parcels are stuck in the carrier's hub."),
    "Login problem": ("Outage: login codes", "Codes by text message do not arrive."),
    "App error": ("Outage: the app", "The app closes by itself since the update."),
}
HOLIDAYS = {
    (1, 1): "New Year's Day",
    (5, 1): "Labour Day",
    (8, 15): "Assumption Day",
    (11, 1): "All Saints' Day",
    (12, 25): "Christmas Day",
}


def annotations(demand: Demand) -> list[Row]:
    """Rows for what the history of this demand really holds; its last public holiday, where it has one."""
    incidents = sorted(demand.incidents(), key=lambda incident: incident.began_at)
    rows = [_release(demand, incidents), _campaign(demand)]
    if incidents:
        rows.append(_incident(max(incidents, key=lambda incident: incident.strength), demand.end))
    rows += _holidays(demand)[-1:]
    return sorted(rows, key=lambda row: str(row[1]))


def _release(demand: Demand, incidents: list[Incident]) -> Row:
    """An hour before customers first write of errors in the app; where they do not, two thirds into the history."""
    broken = (incident.began_at for incident in incidents if incident.topic.name == "App error")
    calm = demand.start + (demand.end - demand.start) * 2 // 3 // HOUR * HOUR
    at = max(demand.start, next(broken, calm) - HOUR)
    return ("release", iso(at), "", "release", "App 5.2", "New version in both stores.", "", AUTHOR)


def _campaign(demand: Demand) -> Row:
    """Posts become more all the time; the campaign covers the second half of the history."""
    began_at = max(demand.start, (demand.start + demand.end) // 2 // DAY * DAY)
    body = "Adverts ask customers to write to us on social media."
    return ("campaign", iso(began_at), iso(demand.end), "campaign", "Social campaign", body, SOCIAL, AUTHOR)


def _incident(incident: Incident, end: int) -> Row:
    label, body = INCIDENTS[incident.topic.name]
    ended_at = iso(incident.ended_at) if incident.ended_at <= end else ""
    return ("incident", iso(incident.began_at), ended_at, "incident", label, body, "", AUTHOR)


def _holidays(demand: Demand) -> list[Row]:
    """The public holidays of the history, UTC days."""
    days = range(-(-demand.start // DAY) * DAY, demand.end, DAY)
    dates = [(day, datetime.fromtimestamp(day, UTC)) for day in days]
    return [
        ("holiday", iso(day), iso(day + DAY), "holiday", HOLIDAYS[date.month, date.day], "", "", AUTHOR)
        for day, date in dates
        if (date.month, date.day) in HOLIDAYS
    ]
