"""The raw tables of a Zendesk account, as a fake of the account that they were taken from."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.fake_zendesk import FakeZendesk, epoch, new_ticket

METRICS = {
    "first_reply_time": "reply_time",
    "next_reply_time": "reply_time",
    "agent_work_time": "agent_work_time",
    "requester_wait_time": "requester_wait_time",
    "periodic_update_time": "periodic_update_time",
}
CHANGES = ("status", "priority", "group_id", "assignee_id")
Row = dict[str, Any]


def account_of_tables(folder: Path, now: int) -> FakeZendesk:
    """An account that says by its API what the tables in `folder` say, as far as the API says it."""
    service = FakeZendesk(now=now)
    service.users = [_person(row) for row in _table(folder, "user")]
    for row in _table(folder, "group"):
        service.group(int(row["id"]), row["name"])
    _add_tickets(service, folder)
    _add_audits(service, folder)
    _add_promises(service, folder)
    _add_schedules(service, folder)
    return service


def _table(folder: Path, name: str) -> list[Row]:
    """A table's rows, empty fields as None."""
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [{column: value or None for column, value in row.items()} for row in csv.DictReader(file)]


def _at(text: str) -> int:
    return epoch(f"{text}+00:00")


def _number(value: str | None) -> int | None:
    return int(value) if value else None


def _person(row: Row) -> Row:
    return {"id": int(row["id"]), "name": row["name"], "role": row["role"], "updated_at": row["updated_at"]}


def _add_tickets(service: FakeZendesk, folder: Path) -> None:
    for row in _table(folder, "ticket"):
        number = int(row["id"])
        ticket = new_ticket(number, _at(row["created_at"]), int(row["requester_id"]), row["via_channel"])
        ticket |= {"group_id": _number(row["group_id"]), "assignee_id": _number(row["assignee_id"])}
        ticket |= {
            "generated_timestamp": _at(row["updated_at"]),
            "updated_at": row["updated_at"],
            "subject": row["subject"],
        }
        service.tickets[number] = ticket | {"status": row["status"], "priority": row["priority"]}


def _add_audits(service: FakeZendesk, folder: Path) -> None:
    """Changes, comments and schedules of a ticket at one second by one person are an audit."""
    found: dict[tuple[int, int, int], list[Row]] = defaultdict(list)
    for row in _field_history(folder, CHANGES):
        found[int(row["ticket_id"]), _at(row["updated"]), int(row["user_id"])].append(_change(service, row))
    for row in _table(folder, "ticket_comment"):
        found[int(row["ticket_id"]), _at(row["created"]), int(row["user_id"])].append(_comment(row))
    for row in _table(folder, "ticket_schedule"):
        told = {"previous_schedule_id": None, "new_schedule_id": row["schedule_id"], "event_type": "ScheduleAssignment"}
        found[int(row["ticket_id"]), _at(row["created_at"]), -1].append({"id": service.next_id()} | told)
    service.audits = [service.audit(ticket, at, by, children) for (ticket, at, by), children in found.items()]


def _field_history(folder: Path, fields: tuple[str, ...]) -> list[Row]:
    """Rows of these fields in order, each with the value before it."""
    rows = [row for row in _table(folder, "ticket_field_history") if row["field_name"] in fields]
    rows.sort(key=lambda row: (row["ticket_id"], row["field_name"], row["updated"]))
    for _, of_field in groupby(rows, key=lambda row: (row["ticket_id"], row["field_name"])):
        before = None
        for row in of_field:
            row["before"], row["is_first"], before = before, before is None, row["value"]
    return rows


def _change(service: FakeZendesk, row: Row) -> Row:
    is_id = row["field_name"].endswith("_id")
    before, value = (_number(row[name]) if is_id else row[name] for name in ("before", "value"))
    told = {"id": service.next_id(), row["field_name"]: value}
    return told | ({"event_type": "Create"} if row["is_first"] else {"previous_value": before, "event_type": "Change"})


def _comment(row: Row) -> Row:
    told = {
        "id": int(row["id"]),
        "author_id": int(row["user_id"]),
        "body": row["body"],
        "public": row["public"] == "true",
    }
    return told | {"created_at": f"{row['created']}+00:00", "event_type": "Comment"}


def _add_promises(service: FakeZendesk, folder: Path) -> None:
    """A target is put on by apply_sla; what takes one off is the fulfilling of its metric."""
    policy: dict[str, str] = {}
    instances: Counter[str] = Counter()
    history = [row for row in _table(folder, "ticket_field_history") if row["field_name"] in (*METRICS, "sla_policy")]
    for row in sorted(history, key=lambda row: (row["updated"], row["field_name"] != "sla_policy")):
        if row["field_name"] == "sla_policy":
            policy[row["ticket_id"]] = row["value"]
            continue
        ticket, at, metric = int(row["ticket_id"]), _at(row["updated"]), METRICS[row["field_name"]]
        instances[row["ticket_id"]] += row["field_name"] == "next_reply_time" and row["value"] is not None
        instance = 1 + (instances[row["ticket_id"]] if row["field_name"] == "next_reply_time" else 0)
        if row["value"] is None:
            service.measure(ticket, at, metric, "fulfill", instance)
            continue
        target = json.loads(row["value"])
        told = {"policy": policy[row["ticket_id"]], "business_hours": target["in_business_hours"]}
        service.promise(ticket, at, metric, target["minutes"], instance, **told)


def _add_schedules(service: FakeZendesk, folder: Path) -> None:
    hours: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for row in _table(folder, "schedule"):
        hours[row["id"], row["name"], row["time_zone"], row["created_at"]].append(
            (int(row["start_time"]), int(row["end_time"]))
        )
    for (number, name, zone, made), intervals in hours.items():
        service.schedule(int(number), name, zone, intervals, _at(made))
    for row in _table(folder, "schedule_holiday"):
        told = {"id": int(row["id"]), "name": row["name"], "start_date": row["start_date"], "end_date": row["end_date"]}
        service.holidays.setdefault(int(row["schedule_id"]), []).append(told)
