"""What a pull itself reads of answers: where to go on, what to ask for next, and what is there no longer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.sources.http import Answer, Http
from pipelines.sources.pull import Pull
from warehouse.errors import AnswerRefused
from warehouse.texts import one_line


def field(answer: Answer, found: Any, name: str) -> Any:
    """A field of an object within an answer. Raises AnswerRefused where there is none, saying what there is instead."""
    if isinstance(found, dict) and name in found:
        return found[name]
    place = answer.address.partition("?")[0]
    has = f"it has: {', '.join(found)}" if isinstance(found, dict) else "it is no object"
    raise AnswerRefused(
        f"{place} answers without {name!r} ({one_line(has)[:200]}). Look whether `address` is that of the service"
    )


def found(http: Http, path: str, parameters: Mapping[str, Any] | None = None) -> Answer | None:
    """What is asked for; None where it is there no longer."""
    try:
        return http.get(path, parameters)
    except AnswerRefused as refused:
        if refused.status == 404:
            return None
        raise


def deleted(address: str, one: str | int, noticed_at: datetime) -> Answer:
    """What to keep of a conversation that was there and is answered with 404: that it is deleted, and when that was noticed."""
    body = {"id": one, "object": "conversation", "deleted": True, "noticed_at": int(noticed_at.timestamp())}
    return Answer(address, 404, {}, json.dumps(body).encode(), noticed_at)


def keep_if_other(pull: Pull, endpoint: str, answers: Sequence[Answer], told: Any) -> None:
    """Keeps a list that cannot be asked what is new, where what it tells (as JSON) is another than last time."""
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    is_other = digest != pull.cursor(endpoint).get("told")
    pull.keep(endpoint, answers if is_other else [], {"told": digest}, pull.started_at)


def keep_names(pull: Pull, endpoint: str, answer: Answer, listed: Any) -> None:
    """Keeps a list of agents or teams where a name is another than before: whether somebody is away is of no interest."""
    names = {str(field(answer, one, "id")): field(answer, one, "name") for one in listed}
    keep_if_other(pull, endpoint, [answer], names)
