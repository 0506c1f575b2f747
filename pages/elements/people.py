"""Who a visitor is: their role and what they may see of agents, from what their login says. Decides alone; asks nobody."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warehouse.scope import EVERYTHING, Scope
from warehouse.settings import Access, Role, RoleName

NOBODY_BY_NAME = Scope(())


@dataclass(frozen=True)
class Person:
    """A visitor with a role."""

    name: str
    address: str
    role: RoleName
    scope: Scope


# Without [access] everyone who reaches the address may see everything.
ANYONE = Person("", "", "admin", EVERYTHING)


def claims_of_login(access: Access, said: Mapping[str, object], now: float | None = None) -> dict[str, object]:
    """What a login says; nothing where there is none, or it was made longer ago than a session lasts."""
    made = said.get("iat")
    is_old = not isinstance(made, int | float) or (time.time() if now is None else now) - made > access.session
    return {} if is_old or said.get("is_logged_in") is not True else dict(said)


def claims_of_headers(access: Access, headers: Mapping[str, str]) -> dict[str, object]:
    """What the proxy says; the door takes these headers off whatever comes from anywhere else."""
    address = headers.get(access.header)
    if not address:
        return {}
    listed = {claim: headers.get(name, "") for claim, name in access.claim_headers.items()}
    return {"email": address} | {claim: [part.strip() for part in text.split(",")] for claim, text in listed.items()}


def person(access: Access, claims: Mapping[str, object]) -> Person | None:
    """The person whose login makes these claims, with the first role that names them; None: none does."""
    address = _address(claims)
    role = next((role for role in access.roles if _names(role, address, claims)), None)
    if role is None:
        return None
    return Person(str(claims.get("name") or address), address, role.role, _scope(role, claims))


def _address(claims: Mapping[str, object]) -> str:
    """The address of the login in small letters; empty where there is none, or the provider says that nobody has checked it."""
    address = claims.get("email")
    is_unchecked = str(claims.get("email_verified", True)).lower() == "false"
    return "" if is_unchecked or not isinstance(address, str) or address.count("@") != 1 else address.strip().lower()


def _names(role: Role, address: str, claims: Mapping[str, object]) -> bool:
    domain = address.partition("@")[2]
    return (
        bool(address and address in map(str.lower, role.addresses))
        or bool(domain and domain in map(str.lower, role.domains))
        or bool(role.claim and set(_values(claims, role.claim)) & set(role.values))
    )


def _scope(role: Role, claims: Mapping[str, object]) -> Scope:
    if role.role in ("admin", "analyst"):
        return EVERYTHING
    if role.role == "executive":
        return NOBODY_BY_NAME
    return Scope(tuple(sorted({*role.teams, *(_values(claims, role.teams_claim) if role.teams_claim else ())})))


def _values(claims: Mapping[str, object], name: str) -> Sequence[str]:
    """What a claim says: one text, or a list of them."""
    said = claims.get(name)
    if isinstance(said, str):
        return [said]
    return [value for value in said if isinstance(value, str)] if isinstance(said, list | tuple) else []
