"""What of customers reaches the files, and what does not: names are keyed hashes, texts lose addresses and numbers or stay out."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Desk
from warehouse import privacy
from warehouse.errors import SettingsError
from warehouse.secrets import secret
from warehouse.settings import Privacy

KEY = "a key of more than sixteen characters"
# Words that stand nowhere else and that compression leaves readable: each is the only one of its kind in its column.
NAME, ADDRESS, PHONE = "Quillfeather Zumbrowski", "quill.zumbrowski@postfach.example", "+49 151 70904433"
TICKETS = (
    "ticket_id,created_at,status,customer,subject,Street\n"
    f"T1,2026-01-05T09:00:00Z,open,{NAME},{NAME} asks: write to {ADDRESS} or call {PHONE} about order 10023,Krummgasse 9\n"
    f"T2,bygone,open,{NAME},Refused row of {ADDRESS},Krummgasse 9\n"
    f"T3,2026-01-05T09:00:00Z,open,{NAME},one,too many for,the header\n"
)
MESSAGES = (
    "message_id,ticket_id,sent_at,author,author_kind,body\n"
    f"1,T1,2026-01-05T09:00:00Z,{NAME},customer,Ringelblume says {PHONE}\n"
    "2,T1,2026-01-05T09:20:00Z,Ada,agent,Hollerbusch answers\n"
    f"3,T1,2026-01-05T09:30:00Z,{NAME},unknown,Ringelblume again\n"
)
EVENTS = (
    "ticket_id,happened_at,field,old_value,new_value,actor\n"
    f"T1,2026-01-05T09:01:00Z,requester,{NAME},{ADDRESS},{NAME}\n"
    "T1,2026-01-05T09:02:00Z,status,new,open,Ada\n"
    "T1,2026-01-05T09:03:00Z,description,,Fliederstrauch,system\n"
)
SURVEYS = (
    "response_id,ticket_id,kind,score,sent_at,comment,customer\n"
    f"r1,T1,csat,5,2026-01-06T09:00:00Z,Zumbrowski is glad: {ADDRESS},{NAME.upper()}\n"
)
CALLS = f"call_id,entered_at,customer\n{PHONE},2026-01-05T10:00:00Z,{PHONE}\n"
PERSONAL = ("Quillfeather", "Zumbrowski", "postfach", "70904433", "Krummgasse", "Ringelblume", "Fliederstrauch")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", KEY)


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """A customer who turns up in every kind of row."""
    for name, rows, text in (
        ("tickets", "ticket", TICKETS),
        ("messages", "message", MESSAGES),
        ("events", "event", EVENTS),
        ("surveys", "survey", SURVEYS),
        ("calls", "call", CALLS),
    ):
        desk.source(name, rows, 'part_of = "desk"')
        desk.deliver(f"{name}/a.csv", text)
    return desk


def pseudonym(text: str, key: str = KEY) -> str:
    return "c_" + hmac.new(key.encode(), text.strip().lower().encode(), hashlib.sha256).hexdigest()[:20]


def found_in(folder: Path, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Where words stand in the bytes of a data folder's files, the landing folder apart."""
    paths = [path for path in folder.rglob("*") if path.is_file() and "landing" not in path.relative_to(folder).parts]
    return [(path.name, word) for path in paths for word in words if word.encode().lower() in path.read_bytes().lower()]


@pytest.fixture
def rules() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    privacy.set_up(connection, KEY.encode(), Privacy())
    return connection


def test_nothing_of_a_customer_reaches_a_file_that_is_not_to_be_kept(busy: Desk) -> None:
    assert busy.run().state == "done"
    assert found_in(busy.folder / "data", PERSONAL) == []
    assert busy.ask("select subject from tickets where ticket_id = 'T1'") == [
        ("[name] asks: write to [address] or call [number] about order 10023",)
    ]
    assert busy.ask("select comment from survey_responses") == [("[name] is glad: [address]",)]
    assert set(busy.ask("select body from messages")) == {(None,)}


def test_the_search_finds_what_is_kept(busy: Desk) -> None:
    busy.keep("customer", "message_text", "contact_details", "rejected_rows")
    busy.run()
    found = {word for name, word in found_in(busy.folder / "data", PERSONAL) if name == "warehouse.duckdb"}
    assert found == set(PERSONAL)


def test_a_customer_is_the_same_hash_in_every_kind_of_row_and_load(busy: Desk) -> None:
    busy.run()
    expected = {(pseudonym(NAME),)}
    assert set(busy.ask("select customer from tickets where ticket_id = 'T1'")) == expected
    assert set(busy.ask("select author from messages where author_kind <> 'agent'")) == expected
    assert set(busy.ask("select customer from survey_responses")) == expected
    assert busy.ask("select old_value, new_value, actor from ticket_events where field = 'requester'") == [
        (pseudonym(NAME), pseudonym(ADDRESS), pseudonym(NAME))
    ]
    assert busy.ask("select ticket_id, customer from tickets where channel is null and ticket_id like 'c_%'") == [
        (pseudonym(PHONE), pseudonym(PHONE))
    ]


def test_agents_and_the_system_stay_who_they_are(busy: Desk) -> None:
    busy.run()
    actors = busy.ask(
        "select field, actor from ticket_events where field in ('status', 'description') and not is_inferred"
    )
    assert set(actors) == {("status", "Ada"), ("description", "system")}
    assert busy.ask("select author from messages where author_kind = 'agent'") == [("Ada",)]


def test_of_rejected_rows_only_what_is_harmless_is_kept(busy: Desk) -> None:
    busy.run()
    rows = busy.ask("select reason, delivered from rejected_rows order by reason")
    assert rows[0] == (
        "created_at: bygone is not a date such as 2026-01-31T10:30:00",
        '{"ticket_id":"T2","created_at":"bygone","status":"open","customer":"…","subject":"…","Street":"…"}',
    )
    length = len(TICKETS.splitlines()[3])
    assert rows[1] == ("the line has more columns than the header", f"… {length} characters")


def test_a_name_in_the_wrong_column_is_not_quoted(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.deliver("tickets/a.csv", f"ticket_id,created_at\nT1,{NAME}\nT2,2026-01-05T09:00:00Z\n")
    desk.run()
    assert desk.ask("select reason from rejected_rows") == [
        ("created_at: … is not a date such as 2026-01-31T10:30:00",)
    ]


def test_a_file_without_a_header_is_not_quoted(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.deliver("tickets/a.csv", f"1,{NAME},{ADDRESS}\n")
    desk.run()
    assert found_in(desk.folder / "data", PERSONAL) == []
    ((reason,),) = desk.ask("select reason from files")
    assert reason.startswith("a.csv has no column 'ticket_id': its first row holds data, not names")


def test_an_unreadable_json_line_is_its_length(desk: Desk) -> None:
    desk.source("tickets", "ticket")
    desk.deliver(
        "tickets/a.jsonl", f'{{"ticket_id": "T1", "customer": "{NAME}"\n{{"ticket_id": "T2", "customer": "{NAME}"}}\n'
    )
    desk.run()
    assert desk.ask("select delivered from rejected_rows where reason like '%JSON'") == [
        (f"… {len(NAME) + 34} characters",)
    ]
    kept = desk.ask(
        "select delivered->>'ticket_id', contains(delivered, 'customer') from rejected_rows where reason like 'created%'"
    )
    assert kept == [("T2", False)]


def test_a_key_made_of_the_customer_is_hashed(desk: Desk) -> None:
    desk.source("surveys", "survey", 'key = ["customer", "sent_at"]')
    desk.deliver("surveys/a.csv", f"response_id,customer,kind,sent_at\n1,{NAME},csat,2026-01-05T09:00:00Z\n")
    desk.run()
    assert desk.ask("select split_part(key, chr(31), 1) from store.survey_rows") == [(pseudonym(NAME),)]


def test_what_is_no_longer_kept_is_gone_from_every_file_and_version(busy: Desk) -> None:
    busy.keep("customer", "message_text", "contact_details", "rejected_rows")
    busy.run()
    busy.sections[0] = '[privacy]\nkeep = ["message_text"]\n'
    busy.run()
    found = found_in(busy.folder / "data", PERSONAL)
    assert {word for _, word in found} == {"Ringelblume", "Fliederstrauch"}
    assert len(list((busy.folder / "data").glob("warehouse-*.duckdb"))) == 1
    assert busy.ask("select customer from tickets where ticket_id = 'T1'") == [(pseudonym(NAME),)]


def test_another_key_gives_other_hashes(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    busy.run()
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "another key, as long as the first")
    busy.run()
    expected = pseudonym(NAME, "another key, as long as the first")
    assert busy.ask("select customer from tickets where ticket_id = 'T1'") == [(expected,)]
    assert found_in(busy.folder / "data", (pseudonym(NAME),)) == []


def test_the_key_stands_in_no_file_and_no_macro(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    busy.run()
    pads = tuple(bytes(byte ^ mask for byte in KEY.encode()).decode("latin-1") for mask in (0x36, 0x5C))
    assert found_in(busy.folder / "data", (KEY,)) == []
    for path in (busy.folder / "data").glob("*.duckdb"):
        assert not any(pad.encode("latin-1") in path.read_bytes() for pad in pads)
    assert busy.ask("select count(*) from duckdb_functions() where function_name = 'pseudonym'") == [(0,)]


def test_without_a_key_one_is_made_that_only_its_owner_can_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPPORT_PRIVACY_KEY")
    desk.source("tickets", "ticket")
    desk.deliver("tickets/a.csv", f"ticket_id,created_at,customer\nT1,2026-01-05T09:00:00Z,{NAME}\n")
    desk.run()
    path = desk.folder / "data" / "privacy.key"
    made = path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(made) == 64
    assert desk.ask("select customer from tickets") == [(pseudonym(NAME, made),)]
    desk.run()
    assert path.read_text().strip() == made


def test_a_secret_comes_from_the_environment_then_from_the_secrets_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert secret("some_key") is None
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text('[support]\nsome_key = "from the file"\n')
    assert secret("some_key") == "from the file"
    monkeypatch.setenv("SUPPORT_SOME_KEY", "from outside")
    assert secret("some_key") == "from outside"


@pytest.mark.parametrize(
    "content", ["[support]\nsome_key = swordfish", "[support]\nsome_key = 7", "support = 'swordfish'"]
)
def test_a_bad_secrets_file_is_told_without_what_stands_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(content)
    with pytest.raises(SettingsError, match=r"secrets\.toml") as raised:
        secret("some_key")
    assert "swordfish" not in str(raised.value)


def test_a_key_that_could_be_guessed_is_refused_without_being_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPORT_PRIVACY_KEY", "swordfish")
    with pytest.raises(
        SettingsError, match=r"SUPPORT_PRIVACY_KEY .* has 9 characters; at least 16 are needed"
    ) as raised:
        privacy.privacy_key(tmp_path)
    assert "swordfish" not in str(raised.value)


@settings(deadline=None, max_examples=40)
@given(text=st.text(st.characters(codec="ascii", exclude_categories=["Cc"])), key=st.binary(min_size=16, max_size=100))
def test_a_hash_is_hmac_sha256_of_the_trimmed_lower_case_text(text: str, key: bytes) -> None:
    with duckdb.connect() as connection:
        privacy.set_up(connection, key, Privacy())
        found = connection.execute("select pseudonym($text)", {"text": text}).fetchone()
    assert found == ("c_" + hmac.new(key, text.strip(" ").lower().encode(), hashlib.sha256).hexdigest()[:20],)


NUMBERS = [
    *("+49 151 2345678", "+49 (0)30 / 123 45-67", "0049 151 2345678", "030/1234567", "(030) 1234567", "0151 23456789"),
    *("+1 (555) 010-9999", "(555) 010-9999", "555-010-9999", "555.010.9999", "1-555-010-9999", "5550109999"),
    *(
        "06 12 34 56 78",
        "06.12.34.56.78",
        "020 7946 0018",
        "612 345 678",
        "98765 43210",
        "02 9876 5432",
        "(11) 91234-5678",
    ),
    *(
        "tel: 1234567",
        "call me on 555-1234",
        "my number is 4412 345",
        "+44\u00a020\u00a07946\u00a00018",
        "0301234567 0307654321",
    ),
]
OTHERS = [
    *("order 1002345678", "Order no. 10023456789", "#1002345678", "ORD-0012345678", "T-10001", "ticket 20260105"),
    *(
        "2026-01-05 09:00:00",
        "2026-01-05T09:00:00.000Z",
        "05/01/2026 09:00",
        "05.01.2026 10:30",
        "24.12.2025-31.12.2025",
    ),
    *(
        "1,234.56 EUR",
        "1.234.567,89",
        "1 000 000",
        "100-200-300",
        "10:30-12:45",
        "As discussed on the phone: R-4829137",
        "ISBN 978-3-16-148410-0",
        "20260105090000",
    ),
]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_phone_number_is_taken_out(rules: duckdb.DuckDBPyConnection, number: str) -> None:
    ((text,),) = rules.execute("select as_words($text)", {"text": f"Please {number}, thanks"}).fetchall()
    assert "[number]" in text
    assert not any(character.isdigit() for character in text)


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_phone_number_stays(rules: duckdb.DuckDBPyConnection, other: str) -> None:
    text = f"about {other} please"
    assert rules.execute("select as_words($text)", {"text": text}).fetchall() == [(text,)]


@settings(deadline=None, max_examples=40)
@given(at=st.datetimes(), order=st.integers(1, 9_999_999), cents=st.integers(1, 99_999_999))
def test_dates_orders_and_prices_stay(at: object, order: int, cents: int) -> None:
    text = f"On {at:%Y-%m-%d %H:%M} order {order} for {cents / 100:,.2f} EUR, paid {at:%d.%m.%Y}"
    with duckdb.connect() as rules:
        privacy.set_up(rules, KEY.encode(), Privacy())
        assert rules.execute("select as_words($text)", {"text": text}).fetchall() == [(text,)]


@settings(deadline=None, max_examples=40)
@given(
    name=st.from_regex(r"[a-z][a-z0-9._+-]{0,20}", fullmatch=True),
    host=st.from_regex(r"[a-z]{1,9}(\.[a-z]{2,9}){1,2}", fullmatch=True),
)
def test_an_address_is_taken_out(name: str, host: str) -> None:
    with duckdb.connect() as rules:
        privacy.set_up(rules, KEY.encode(), Privacy())
        ((text,),) = rules.execute("select as_words($text)", {"text": f"Mail <{name}@{host}>, please"}).fetchall()
    assert text == "Mail <[address]>, please"


def test_files_of_the_key_are_never_half_written(tmp_path: Path) -> None:
    os.environ.pop("SUPPORT_PRIVACY_KEY")
    first = privacy.privacy_key(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["privacy.key"]
    assert privacy.privacy_key(tmp_path) == first
