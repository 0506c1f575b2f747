"""Chatwoot as its own controllers and views answer (github.com/chatwoot/chatwoot): lists by page number, messages newest first."""

from __future__ import annotations

import time
from typing import Any

from tests.fake_intercom import at
from tests.serving import Asked, FakeService, Reply

TOKEN = "aPiAcCeSsToKeN"
PAGE, MESSAGES, RATINGS = 5, 4, 2  # Chatwoot's own are 25 (an installation may set another), 20 and 25
ADA, BEN = 1, 2
BILLING, ORDERS = 11, 12
NAMES = {ADA: "Ada Lovelace", BEN: "Ben Okri"}
TEAMS = {BILLING: "billing", ORDERS: "orders"}
CUSTOMER, AGENT, ACTIVITY, TEMPLATE = 0, 1, 2, 3
Record = dict[str, Any]


class FakeChatwoot(FakeService):
    """`conversations` by number, each with its `said` messages; `responses` are ratings that were given."""

    def __init__(self) -> None:
        super().__init__()
        self.names, self.teams = dict(NAMES), dict(TEAMS)
        self.conversations: dict[int, Record] = {}
        self.deleted: dict[int, Record] = {}
        self.responses: list[Record] = []
        first_world(self)
        account = "/api/v1/accounts/1"
        self.route("GET", f"{account}/agents", self._agents)
        self.route("GET", f"{account}/teams", self._teams)
        self.route("GET", f"{account}/conversations", self._list)
        self.route("GET", rf"{account}/conversations/(\d+)", self._one)
        self.route("GET", rf"{account}/conversations/(\d+)/messages", self._messages)
        self.route("GET", f"{account}/csat_survey_responses", self._ratings)

    def refuse(self, asked: Asked) -> Reply | None:
        # Rack reads either spelling of the name.
        given = asked.headers.get("api-access-token") or asked.headers.get("api_access_token")
        return None if given == TOKEN else Reply(401, {"error": "Invalid Access Token"})

    def add(
        self, number: int, *said: Record, channel: str = "WebWidget", began: int | None = None, **more: Any
    ) -> Record:
        """A conversation that customer `number` began `number` hours after the world did."""
        began = at(number) if began is None else began
        known: Record = {
            "number": number,
            "began": began,
            "channel": channel,
            "status": "open",
            "said": [],
            "changed": began,
        }
        known |= {"agent": None, "team": None, "priority": None, "labels": [], "subject": None, "replied": 0} | more
        self.conversations[number] = known
        self.say(number, message(CUSTOMER, began, f"Where is order {number}?"), *said)
        return known

    def say(self, number: int, *said: Record, **more: Any) -> None:
        """Adds messages to a conversation, and changes it."""
        known = self.conversations[number]
        for one in said:
            known["said"].append(one | {"id": number * 1000 + len(known["said"]), "conversation_id": number})
            known["said"][-1]["sender"] = self._sender(one, number)
            known["changed"] = max(known["changed"], one["created_at"])
        known |= more

    def rate(self, number: int, score: int, when: int, feedback: str | None = None) -> None:
        """The customer answers the survey of a conversation."""
        asked = next(one for one in self.conversations[number]["said"] if one["content_type"] == "input_csat")
        given = {"rating": score, "feedback_message": feedback}
        asked["content_attributes"] = {"submitted_values": {"csat_survey_response": given}}
        row = {
            "id": 7000 + number,
            "account_id": 1,
            "message_id": asked["id"],
            "conversation_id": number,
            "created_at": when,
        }
        self.responses.append(row | given | {"contact": _contact(number), "assigned_agent": self._agent(ADA)})

    def delete(self, number: int) -> None:
        self.deleted[number] = self.conversations.pop(number)

    def newest(self) -> int:
        return max(one["changed"] for one in self.conversations.values())

    def _sender(self, one: Record, number: int) -> Record | None:
        kind, by = one["message_type"], one["sender"]
        if kind == CUSTOMER:
            return _contact(number) | {"type": "contact"}
        return (
            {"id": by, "name": self.names.get(by, "Bot"), "type": "user" if by in NAMES else "agent_bot"}
            if by
            else None
        )

    def _agent(self, one: int) -> Record:
        who = {"id": one, "account_id": 1, "name": self.names[one], "available_name": self.names[one], "role": "agent"}
        return who | {
            "availability_status": "online",
            "email": f"{one}@example.com",
            "confirmed": True,
            "thumbnail": "",
        }

    def _team(self, one: int) -> Record:
        return {"id": one, "name": self.teams[one], "description": None, "allow_auto_assign": True, "account_id": 1}

    def _agents(self, asked: Asked) -> Any:
        return [self._agent(one) for one in self.names]

    def _teams(self, asked: Asked) -> Any:
        return [self._team(one) for one in self.teams]

    def _list(self, asked: Asked) -> Any:
        chosen = [one for one in self.conversations.values() if asked.query["status"] in ("all", one["status"])]
        if "updated_within" in asked.query:
            since = time.time() - int(asked.query["updated_within"])
            return self._listed([one for one in chosen if one["changed"] > since])
        if asked.query["sort_by"] == "last_activity_at_desc":
            chosen.sort(key=lambda one: (-_activity(one), -one["number"]))
        else:
            chosen.sort(key=lambda one: (one["began"], one["number"]))
        page = int(asked.query["page"])
        return self._listed(chosen[(page - 1) * PAGE : page * PAGE])

    def _listed(self, found: list[Record]) -> Record:
        meta = {"mine_count": 0, "assigned_count": 0, "unassigned_count": 0, "all_count": len(self.conversations)}
        return {"data": {"meta": meta, "payload": [self._conversation(one) for one in found]}}

    def _one(self, asked: Asked, number: str) -> Any:
        known = self.conversations.get(int(number))
        return self._conversation(known) if known else Reply(404, {"error": "Resource could not be found"})

    def _messages(self, asked: Asked, number: str) -> Any:
        known = self.conversations.get(int(number))
        if known is None:
            return Reply(404, {"error": "Resource could not be found"})
        before = int(asked.query.get("before", 10**12))
        older = [one for one in known["said"] if one["id"] < before]
        return {"meta": {"labels": known["labels"], "contact": _contact(known["number"])}, "payload": older[-MESSAGES:]}

    def _ratings(self, asked: Asked) -> Any:
        assert asked.query["sort"] == "created_at"
        since, until, page = (int(asked.query[name]) for name in ("since", "until", "page"))
        found = sorted(
            (one["created_at"], one["id"], one) for one in self.responses if since <= one["created_at"] <= until
        )
        return [one for _, _, one in found[(page - 1) * RATINGS : page * RATINGS]]

    def _conversation(self, known: Record) -> Record:
        meta: Record = {
            "sender": _contact(known["number"]),
            "channel": f"Channel::{known['channel']}",
            "hmac_verified": False,
        }
        meta |= {"assignee": self._agent(known["agent"])} if known["agent"] else {}
        meta |= {"team": self._team(known["team"])} if known["team"] else {}
        attributes = {"mail_subject": known["subject"]} if known["subject"] else {}
        return {
            "meta": meta,
            "id": known["number"],
            "messages": known["said"][-1:],
            "account_id": 1,
            "uuid": f"b1f5d1a6-0000-4000-8000-{known['number']:012d}",
            "additional_attributes": attributes,
            "agent_last_seen_at": 0,
            "assignee_last_seen_at": 0,
            "can_reply": True,
            "contact_last_seen_at": 0,
            "custom_attributes": {},
            "inbox_id": 1,
            "labels": known["labels"],
            "muted": False,
            "snoozed_until": None,
            "status": known["status"],
            "created_at": known["began"],
            "updated_at": known["changed"] + 0.25,
            "timestamp": _activity(known),
            "first_reply_created_at": known["replied"],
            "unread_count": 0,
            "last_non_activity_message": known["said"][0],
            "last_activity_at": _activity(known),
            "priority": known["priority"],
            "waiting_since": 0,
            "sla_policy_id": None,
        }


def _activity(known: Record) -> int:
    return max(one["created_at"] for one in known["said"])


def _contact(number: int) -> Record:
    """Numbered apart from agents: customer 1 and agent 1 are two people."""
    who = {"id": number, "name": f"Customer {number}", "email": f"c{number}@example.com", "phone_number": None}
    return who | {"identifier": None, "thumbnail": "", "custom_attributes": {}, "availability_status": "offline"}


def message(kind: int, when: int, content: str | None, by: int | None = None, **more: Any) -> Record:
    """A message; its number, conversation and sender come with the conversation."""
    said = {
        "content": content,
        "inbox_id": 1,
        "message_type": kind,
        "content_type": "text",
        "status": "sent",
        "sender": by,
    }
    return said | {"content_attributes": {}, "created_at": when, "private": False, "source_id": None} | more


def reply(when: int, content: str, by: int, **more: Any) -> Record:
    return message(AGENT, when, content, by, **more)


def activity(when: int, content: str, **more: Any) -> Record:
    return message(ACTIVITY, when, content, **more)


def survey(when: int) -> Record:
    return message(TEMPLATE, when, "Please rate the conversation", content_type="input_csat")


def first_world(desk: FakeChatwoot) -> None:
    """Twelve conversations: channels, every status, one with more than a page of messages, surveys answered and not."""
    desk.add(1)
    desk.add(
        2,
        reply(at(2.5), "On its way.", ADA),
        agent=ADA,
        team=BILLING,
        channel="Email",
        subject="Order 2",
        labels=["delivery"],
    )
    desk.add(
        3,
        reply(at(3.1), "Done.", ADA),
        activity(at(3.2), "Conversation was marked resolved by Ada Lovelace"),
        survey(at(3.2) + 1),
        agent=ADA,
        status="resolved",
        replied=at(3.1),
    )
    desk.rate(3, 5, at(3.5), "Quick!")
    desk.add(4, activity(at(4.2), "Conversation was snoozed by Ben Okri"), agent=BEN, status="snoozed")
    desk.add(5, message(AGENT, at(5.1), "Have you read our articles?", 99), status="pending")
    desk.add(6, reply(at(6.1), "A regular.", BEN, private=True), channel="Whatsapp", priority="urgent", agent=BEN)
    desk.add(
        7,
        reply(at(7.5), "Here you are.", BEN),
        activity(at(7.6), "Conversation was marked resolved by Ben Okri"),
        message(CUSTOMER, at(9.5), "It came broken."),
        activity(at(9.5), "System reopened the conversation due to a new incoming message."),
        reply(at(9.7), "A new one is on its way.", BEN),
        reply(at(9.8), "Here is its number.", BEN),
        channel="FacebookPage",
        agent=BEN,
    )
    desk.add(8, channel="Sms", team=ORDERS, priority="medium")
    desk.add(9, message(TEMPLATE, at(9) + 5, "Acme typically replies in a few hours."))
    desk.add(10, channel="Telegram", agent=ADA)
    done = {"activity": {"type": "conversation_status_changed", "status": "resolved"}}
    desk.add(
        11,
        reply(at(11.5), "Erledigt.", ADA),
        activity(at(12), "Ada Lovelace hat das Gespräch gelöst", content_attributes=done),
        survey(at(12) + 1),
        agent=ADA,
        status="resolved",
    )
    desk.add(12, message(CUSTOMER, at(12.2), None))
