"""What people write: openings, replies, notes and survey comments, put together from the topic's own words."""

from random import Random

from pipelines.sample.people import FIRST_NAMES
from pipelines.sample.topics import CHAT, EMAIL, SOCIAL, Topic

PRODUCTS = ("thermostat", "door sensor", "hub", "smoke alarm", "camera", "light switch", "window contact", "wall plug")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
BOT = "Assistant"

GREETINGS = ("Hello,", "Hi,", "Good day,", "Dear team,", "Hello there,")
FAREWELLS = ("Kind regards,", "Thanks,", "Best wishes,", "Many thanks in advance,")
NUDGES = (
    "Is anybody there? I have not heard from you yet.",
    'Any news on this? I would be glad of a short answer, even "not yet".',
    "Hello, I am still waiting for an answer.",
)
COME_BACKS = (
    "Sorry, it is still not right: {thing} is as before.",
    "That worked for a day, and now it is the same again.",
    "I am afraid this did not help. Can somebody else have a look, please?",
    'You wrote "solved", but for me it is not.',
)
QUESTIONS = (
    "Thank you. Since when is it like this, and did anything change around that time?",
    "Thanks for that. One more thing: does it happen every time, or only now and then?",
    "Could you send me a photo, or a screenshot, so that I see what you see?",
)
ANSWERS = (
    "Since {day}, and nothing has changed here that I know of.",
    "Every time, I am afraid.",
    'Please find the picture attached. It\'s the "{product}", on the left.',
)
CALLED_BACK_ON = "As discussed on the phone: {said}"
LATER_BY_EMAIL = "I have to look into this and will write to you by email. One question first: {said}"
BOT_GREETING = "Thank you for your message. One moment please, a colleague will be with you shortly."
PASSED_ON = ("I have passed this to our specialists, with all you told us. They will write to you.",)
PROMISES = (
    "As promised on the phone, here is what I found out.\n{solution}",
    "Following up on our talk: {solution}",
)
HOLDS = (
    "I have asked the carrier and will write as soon as I hear from them.",
    "Our workshop is looking into it, and I will come back to you tomorrow at the latest.",
)
NOTES = (
    "Customer has written about {thing} before, see history.",
    "Checked order {order}: paid, shipped, no remarks.",
    "Called the warehouse, they look into it.\nAsk again tomorrow.",
    'Careful, customer is upset; "last chance", he says.',
)
HANDOVERS = (
    "Not ours, passing it to {team}.",
    "{team}, could you take this one? I have checked order {order}, all fine on our side.",
)
GOOD_COMMENTS = (
    "Quick and friendly, thank you.",
    "{agent} knew at once what to do about {thing}.",
    "Very good, no complaints.",
    'Solved in one go, "chapeau"!',
    "Friendly, competent, fast.",
)
MIDDLING_COMMENTS = (
    "All right in the end, but it took some asking.",
    "OK.",
    "Answer was fine, could have been clearer about {thing}.",
    "Helpful, but I had to explain everything twice.",
)
BAD_COMMENTS = (
    "My question about {thing} was not really answered.",
    "Standard reply, nobody read what I wrote.",
    "Disappointing, I expected more.",
)
SLOW_COMMENTS = (
    "Far too long a wait for a simple question about {thing}.",
    "Waited and waited. The answer itself was fine, but much too late.",
    "Nobody answered for ages.",
)
REOPENED_COMMENTS = (
    'Had to come back because {thing} was "solved" when it was not.',
    "Second attempt, and only then did somebody look into {thing}.",
)


def customer_name(customer: str) -> str:
    """The first name a customer signs with, always the same for the same customer."""
    return FIRST_NAMES[int(customer[2:]) * 7 % len(FIRST_NAMES)]


def details(random: Random) -> dict[str, str]:
    """What one ticket is about: an order, an amount, a product and a day."""
    return {
        "order": str(random.randrange(200_000, 999_999)),
        "amount": f"{random.randrange(9, 400)}.{random.choice(('00', '50', '90', '95'))}",
        "product": random.choice(PRODUCTS),
        "day": random.choice(DAYS),
    }


def opening(random: Random, topic: Topic, channel: str, customer: str, facts: dict[str, str]) -> str:
    """The customer's first message, in the manner of the channel."""
    said = random.choice(topic.openings).format(**facts)
    if channel == EMAIL:
        return f"{random.choice(GREETINGS)}\n\n{said}\n\n{random.choice(FAREWELLS)}\n{customer_name(customer)}"
    if channel == SOCIAL:
        return f"@support {said}"
    return f"Hi! {said}" if channel == CHAT else said


def reply(said: str, channel: str, customer: str, agent: str) -> str:
    """An agent's words in the form of a letter, except where people are brief."""
    first_name = agent.split()[0]
    if channel == CHAT:
        return said
    if channel == SOCIAL:
        return f"Hi {customer_name(customer)}! {said} /{first_name}"
    return f"Hello {customer_name(customer)},\n\n{said}\n\nBest wishes,\n{first_name}"
