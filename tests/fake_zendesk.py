"""A Zendesk account: its exports and lists as https://developer.zendesk.com/api-reference/ says, and a little desk work to fill them with.

with FakeZendesk() as account:
    account.open(1, at=START, by=900, group=20, priority="high", comment="It broke")
    account.update(1, at=START + 60, by=10, comment="Sorry", status="solved")
"""

from __future__ import annotations

import base64
from bisect import bisect_left
from datetime import UTC, datetime
from typing import Any

from tests.serving import Asked, FakeService, Quota, Reply

USER, TOKEN = "robot@example.com", "a token"
BASIC = "Basic " + base64.b64encode(f"{USER}/token:{TOKEN}".encode()).decode()
Row = dict[str, Any]


class FakeZendesk(FakeService):
    """`now` is the account's own time: exports leave out its last minute. `events_page` is how many events a page holds at least."""

    def __init__(self, now: int = 4_000_000_000, events_page: int = 1000, authorization: str = BASIC) -> None:
        super().__init__()
        self.now, self.events_page, self.authorization = now, events_page, authorization
        self.users: list[Row] = []
        self.groups: list[Row] = []
        self.tickets: dict[int, Row] = {}
        self.audits: list[Row] = []
        self.metric_events: list[Row] = []
        self.ratings: list[Row] = []
        self.schedules: list[Row] = []
        self.holidays: dict[int, list[Row]] = {}
        self.policies: list[Row] = []
        self._last_id = 500_000_000_000
        self._add_routes()

    def _add_routes(self) -> None:
        self.route("GET", r"/api/v2/incremental/tickets/cursor\.json", self._ticket_export)
        self.route("GET", r"/api/v2/incremental/(ticket_events|ticket_metric_events)\.json", self._export)
        self.route("GET", r"/api/v2/users\.json", self._users)
        self.route("GET", r"/api/v2/groups\.json", lambda asked: self._listed(asked, "groups", self.groups))
        self.route("GET", r"/api/v2/satisfaction_ratings\.json", self._ratings)
        self.route("GET", r"/api/v2/business_hours/schedules\.json", self._schedules)
        self.route("GET", r"/api/v2/business_hours/schedules/(\d+)/holidays\.json", self._holidays)
        self.route("GET", r"/api/v2/slas/policies\.json", self._policies)

    # Desk work

    def person(self, number: int, name: str, role: str = "end-user", at: int = 1_700_000_000) -> None:
        self.users.append(_user(number, name, role, at))

    def group(self, number: int, name: str, at: int = 1_700_000_000) -> None:
        times = {"created_at": iso(at), "updated_at": iso(at)}
        self.groups.append({"id": number, "name": name, "description": "", "default": False, "deleted": False} | times)

    def open(self, number: int, at: int, by: int, comment: str | None = None, via: str = "email", **more: Any) -> Row:
        """A new ticket; `more`: requester, group, assignee, priority, subject, status, tags."""
        ticket = new_ticket(number, at, more.pop("requester", by), via)
        self.tickets[number] = ticket
        given = {"status": "new", "priority": None, "group": None, "assignee": None} | more
        self.update(number, at, by, comment, event_type="Create", **given)
        return ticket

    def update(
        self,
        number: int,
        at: int,
        by: int,
        comment: str | None = None,
        public: bool = True,
        event_type: str = "Change",
        **changes: Any,
    ) -> Row:
        """Changes of a ticket at one moment: an audit, and the ticket as it is then."""
        ticket = self.tickets[number]
        children = [] if comment is None else [self._comment(at, by, comment, public)]
        for name, value in changes.items():
            field = {"group": "group_id", "assignee": "assignee_id"}.get(name, name)
            if event_type == "Create" or ticket.get(field) != value:
                children.append(self._change(field, ticket.get(field), value, event_type))
            ticket[field] = value
        ticket |= {"updated_at": iso(at), "generated_timestamp": at}
        self.audits.append(self.audit(number, at, by, children))
        return ticket

    def audit(self, ticket: int, at: int, by: int, children: list[Row]) -> Row:
        told = {"id": self.next_id(), "ticket_id": ticket, "timestamp": at, "created_at": iso(at), "updater_id": by}
        return (
            told
            | {"via": "Web form", "system": {"client": "a browser", "ip_address": "192.0.2.1"}, "metadata": {}}
            | {
                "event_type": "Audit",
                "child_events": children,
            }
        )

    def _comment(self, at: int, by: int, text: str, public: bool) -> Row:
        said = {"type": "Comment", "author_id": by, "body": text, "html_body": f"<p>{text}</p>", "plain_body": text}
        via = {"via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}}, "via_reference_id": None}
        rest = {"public": public, "attachments": [], "audit_id": self._last_id, "created_at": iso(at)}
        return {"id": self.next_id()} | via | said | rest | {"event_type": "Comment"}

    def _change(self, field: str, old: Any, new: Any, event_type: str) -> Row:
        before = {"previous_value": old} if event_type == "Change" else {}
        via = {"via": "Web form", "via_reference_id": None}
        return {"id": self.next_id()} | via | {field: new} | before | {"event_type": event_type}

    def measure(self, ticket: int, at: int, metric: str, type: str, instance: int = 1, **more: Any) -> None:
        """An event of a ticket's metric, such as apply_sla with `sla`."""
        told = {"id": self.next_id(), "ticket_id": ticket, "metric": metric, "instance_id": instance, "type": type}
        self.metric_events.append(told | {"time": iso(at), "deleted": False} | more)

    def promise(self, ticket: int, at: int, metric: str, minutes: int, instance: int = 1, **more: Any) -> None:
        policy = {"id": 77, "title": more.get("policy", "Gold"), "description": None}
        sla = {
            "target": minutes,
            "target_in_seconds": 60 * minutes,
            "business_hours": more.get("business_hours", False),
        }
        self.measure(ticket, at, metric, "apply_sla", instance, sla=sla | {"policy": policy})

    def rate(self, ticket: int, at: int, score: str, comment: str | None = None) -> None:
        """An offer or an answer: Zendesk makes a rating of each."""
        whole = self.tickets[ticket]
        who = {
            "assignee_id": whole["assignee_id"],
            "group_id": whole["group_id"],
            "requester_id": whole["requester_id"],
        }
        told = {"ticket_id": ticket, "score": score, "comment": comment, "reason": None, "reason_id": None}
        times = {"created_at": iso(at), "updated_at": iso(at)}
        number = self.next_id()
        self.ratings.append({"id": number, "url": f"https://x.example/{number}.json"} | who | told | times)

    def schedule(self, number: int, name: str, time_zone: str, hours: list[tuple[int, int]], at: int = 0) -> None:
        intervals = [{"start_time": begins, "end_time": ends} for begins, ends in hours]
        times = {"created_at": iso(at), "updated_at": iso(at)}
        self.schedules.append({"id": number, "name": name, "time_zone": time_zone, "intervals": intervals} | times)

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    # Answers

    def refuse(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == self.authorization:
            return None
        return Reply(401, {"error": "Couldn't authenticate you"})

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        said = {"limit": quota.limit.requests, "remaining": quota.remaining}
        headers = {f"x-rate-limit{'-remaining' * (name == 'remaining')}": str(value) for name, value in said.items()}
        named = {f"ratelimit-{name}": str(value) for name, value in said.items()}
        return headers | named | {"ratelimit-reset": f"{quota.resets_in:.3f}"}

    def _ticket_export(self, asked: Asked) -> Any:
        if "cursor" in asked.query:
            at, number = _cursor_parts(asked.query["cursor"])
        elif self._is_too_new(asked):
            return _too_new()
        else:
            at, number = int(asked.query["start_time"]), -1
        settled = sorted(self.tickets.values(), key=_ticket_order)
        found = [
            one for one in settled if (at, number) < _ticket_order(one) and self._is_settled(_ticket_order(one)[0])
        ]
        page = found[: min(int(asked.query.get("per_page", 1000)), 1000)]
        after = _cursor(*_ticket_order(page[-1])) if page else asked.query.get("cursor")
        url = after and f"{self.address}/api/v2/incremental/tickets/cursor.json?cursor={after}"
        if asked.query.get("include") == "metric_sets":
            solved = self._solved()
            page = [ticket | {"metric_set": _metric_set(ticket["id"], solved.get(ticket["id"]))} for ticket in page]
        ends = {"after_url": url, "before_url": None, "after_cursor": after, "before_cursor": None}
        return {"tickets": page} | ends | {"end_of_stream": len(page) == len(found)}

    def _solved(self) -> dict[int, str]:
        """When tickets were solved last."""
        return {
            audit["ticket_id"]: audit["created_at"]
            for audit in sorted(self.audits, key=_audit_at)
            if any(child.get("status") == "solved" for child in audit["child_events"])
        }

    def _export(self, asked: Asked, name: str) -> Any:
        """Events from a second on, in whole seconds; the last page ends with the second of its last event."""
        if self._is_too_new(asked):
            return _too_new()
        rows, at_of = (self.audits, _audit_at) if name == "ticket_events" else (self.metric_events, _metric_at)
        start = int(asked.query["start_time"])
        found = sorted(
            (row for row in rows if at_of(row) >= start and self._is_settled(at_of(row))),
            key=lambda row: (at_of(row), row["id"]),
        )
        size = self.events_page
        while size < len(found) and at_of(found[size]) == at_of(found[size - 1]):
            size += 1
        page, is_end = found[:size], size >= len(found)
        end = at_of(found[size]) if not is_end else at_of(page[-1]) if page else None
        url = end and f"{self.address}/api/v2/incremental/{name}.json?start_time={end}"
        ended = {"end_of_stream": is_end} if name == "ticket_events" else {}
        return {name: page, "next_page": url, "count": len(page), "end_time": end} | ended

    def _users(self, asked: Asked) -> Any:
        roles = [value for name, value in asked.pairs if name == "role[]"]
        return self._listed(asked, "users", [user for user in self.users if user["role"] in roles])

    def _ratings(self, asked: Asked) -> Any:
        since = int(asked.query["start_time"])
        return self._listed(
            asked, "satisfaction_ratings", [one for one in self.ratings if epoch(one["created_at"]) >= since]
        )

    def _listed(self, asked: Asked, name: str, rows: list[Row]) -> Any:
        """Cursor pagination: by number."""
        rows = sorted(rows, key=lambda row: row["id"])
        begins = bisect_left([row["id"] for row in rows], int(asked.query.get("page[after]", -1)) + 1)
        page = rows[begins : begins + int(asked.query["page[size]"])]
        has_more = begins + len(page) < len(rows)
        after = str(page[-1]["id"]) if page else None
        return {
            name: page,
            "meta": {"has_more": has_more, "after_cursor": after, "before_cursor": None},
            "links": {"next": None, "prev": None},
        }

    def _schedules(self, asked: Asked) -> Any:
        return {"schedules": self.schedules, "url": f"{self.address}{asked.path}"}

    def _holidays(self, asked: Asked, schedule: str) -> Any:
        return {"holidays": self.holidays.get(int(schedule), []), "url": f"{self.address}{asked.path}"}

    def _policies(self, asked: Asked) -> Any:
        return {"sla_policies": self.policies, "next_page": None, "previous_page": None, "count": len(self.policies)}

    def _is_settled(self, at: int) -> bool:
        return at <= self.now - 60

    def _is_too_new(self, asked: Asked) -> bool:
        return int(asked.query["start_time"]) > self.now - 60


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _too_new() -> Reply:
    return Reply(
        422, {"error": "StartTimeTooRecent", "description": "start_time must be at least one minute in the past"}
    )


def _ticket_order(ticket: Row) -> tuple[int, int]:
    return ticket["generated_timestamp"], ticket["id"]


def _audit_at(audit: Row) -> int:
    return int(audit["timestamp"])


def _metric_at(event: Row) -> int:
    return epoch(event["time"])


def _metric_set(ticket: int, solved_at: str | None) -> Row:
    return {"id": ticket + 9_000_000, "ticket_id": ticket, "solved_at": solved_at}


def _cursor(at: int, number: int) -> str:
    return base64.b64encode(f"{at}.0||{number}|".encode()).decode()


def _cursor_parts(cursor: str) -> tuple[int, int]:
    at, _, number, _ = base64.b64decode(cursor).decode().split("|")
    return int(float(at)), int(number)


def new_ticket(number: int, at: int, requester: int, via: str) -> Row:
    """A ticket with every key that Zendesk sends."""
    empty = (
        "external_id",
        "type",
        "priority",
        "recipient",
        "assignee_id",
        "organization_id",
        "group_id",
        "forum_topic_id",
        "problem_id",
        "due_at",
    )
    lists = (
        "collaborator_ids",
        "follower_ids",
        "email_cc_ids",
        "tags",
        "custom_fields",
        "sharing_agreement_ids",
        "fields",
        "followup_ids",
    )
    text = {"subject": f"Subject {number}", "raw_subject": f"Subject {number}", "description": f"Description {number}"}
    return (
        {
            "url": f"https://x.zendesk.com/api/v2/tickets/{number}.json",
            "id": number,
            "via": {"channel": via, "source": {"from": {}, "to": {}, "rel": None}},
            "created_at": iso(at),
            "updated_at": iso(at),
            "status": "new",
            "requester_id": requester,
            "submitter_id": requester,
            "has_incidents": False,
            "is_public": True,
            "satisfaction_rating": None,
            "custom_status_id": 6130830355738,
            "ticket_form_id": 6130830344474,
            "brand_id": 6130830354842,
            "allow_channelback": False,
            "allow_attachments": True,
            "from_messaging_channel": False,
            "generated_timestamp": at,
        }
        | text
        | dict.fromkeys(empty)
        | {name: [] for name in lists}
    )


def _user(number: int, name: str, role: str, at: int) -> Row:
    """A user with every key that Zendesk sends."""
    empty = (
        "phone",
        "shared_phone_number",
        "photo",
        "organization_id",
        "external_id",
        "alias",
        "last_login_at",
        "two_factor_auth_enabled",
    )
    empty += ("signature", "details", "notes", "role_type", "custom_role_id", "ticket_restriction", "default_group_id")
    no = (
        "verified",
        "shared",
        "shared_agent",
        "moderator",
        "only_private_comments",
        "restricted_agent",
        "suspended",
        "report_csv",
    )
    times = {"created_at": iso(at), "updated_at": iso(at), "time_zone": "London", "iana_time_zone": "Europe/London"}
    place = {
        "url": f"https://x.zendesk.com/api/v2/users/{number}.json",
        "locale_id": 1,
        "locale": "en-US",
        "active": True,
    }
    told = {"id": number, "name": name, "email": f"u{number}@example.com", "role": role, "tags": [], "user_fields": {}}
    return told | times | place | dict.fromkeys(empty) | dict.fromkeys(no, False)
