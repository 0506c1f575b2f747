"""What a topic is, and the channels and teams there are."""

from dataclasses import dataclass, field

EMAIL, CHAT, PHONE, SOCIAL, WEB = "Email", "Chat", "Voice", "Social", "Web"
CHANNELS = (EMAIL, CHAT, PHONE, SOCIAL, WEB)

FRONT_DESK, BILLING, ORDERS = "Front desk", "Billing", "Orders"
TECHNICAL, ACCOUNTS, SOCIAL_CARE = "Technical", "Accounts", "Social care"


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """One thing customers ask about.

    ``weight`` is its share of demand, ``channels`` how much likelier it is on some of them; ``effort`` multiplies the
    time an answer takes, ``ease`` the chance that it settles the matter, ``urgency`` the chance of a high priority.
    Texts may hold {order}, {amount}, {product} and {day}, which are the ticket's own.
    """

    name: str
    team: str
    thing: str
    weight: float
    subjects: tuple[str, ...]
    openings: tuple[str, ...]
    question: str
    detail: str
    solutions: tuple[str, ...]
    channels: dict[str, float] = field(default_factory=dict)
    effort: float = 1.0
    ease: float = 1.0
    urgency: float = 1.0
    incident: bool = False
