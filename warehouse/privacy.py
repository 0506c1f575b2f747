"""What becomes of customer data on its way into the warehouse: names become keyed hashes, texts lose addresses and numbers or stay out.

The rules are temporary SQL macros of the writer's connection and the key a variable of it: neither is kept in a file. What a field may
hold of a customer is said in `warehouse.rows`; where the macros are called, in `warehouse.staging`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

import duckdb

from warehouse.contacts import LETTER, NAME, macros
from warehouse.durable import UNFINISHED
from warehouse.errors import FolderError
from warehouse.secrets import long_enough, secret
from warehouse.settings import Privacy
from warehouse.sql_text import quoted

KEY_NAME = "privacy_key"
KEY_FILE = "privacy.key"
SHORTEST_KEY = 16
_BLOCK = 64  # bytes of a block of SHA-256, by which HMAC (RFC 2104) is defined
# A pseudonym is this and twenty hex digits: 80 bits, so that two customers of a hundred million do not meet.
PSEUDONYM = r"c_[0-9a-f]{20}"
# Stands in a landed file where the name of somebody erased was part of what tells rows apart.
ERASED = r"erased_[0-9a-f]{20}"
# Actors that are no person, and fields of a ticket whose values name no customer.
_NOBODY = "customer requester end-user user agent admin system automation automatic bot trigger workflow macro api import web email unknown anonymous"
HARMLESS_CHANGES = "status agent team priority channel schedule policy topic type kind group assignee supervisor manager tags language sla"
_NAMING_CHANGE = r"customer|requester|caller|submitter|sender|recipient|contact|\bcc|name|mail|phone|mobile|fax|address|street|city|zip|post.?code|birth|iban"
_TELLING_CHANGE = r"description|comment|body|message|note|text"
_WORD = f"[^{LETTER}0-9]"


def privacy_key(folder: Path) -> bytes:
    """The key of the pseudonyms: the secret `privacy_key`, else that of the data folder, which is made where there is none.

    Raises SettingsError where it is too short, FolderError where the folder cannot be read or written.
    """
    found = secret(KEY_NAME) or _key_of(folder)
    return long_enough(KEY_NAME, found, SHORTEST_KEY).encode()


def _key_of(folder: Path) -> str:
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise FolderError(f"{path} cannot be read or made: {error.strerror}") from error


def _make_key(path: Path) -> None:
    """Written whole under another name, then linked: of two processes at once, one key holds."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(descriptor)
    with suppress(FileExistsError):
        os.link(unfinished, path)
    unfinished.unlink()


def fingerprint(key: bytes, settings: Privacy) -> str:
    """Changes when rows would be staged differently; says nothing of the key."""
    said = f"fingerprint {sorted(set(settings.keep))}"
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()[:20]


def set_up(connection: duckdb.DuckDBPyConnection, key: bytes, settings: Privacy) -> None:
    """Gives the connection the key and the macros by which rows are staged."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    for name, mask in (("privacy_inner", 0x36), ("privacy_outer", 0x5C)):
        connection.execute(f"set variable {name} = $pad", {"pad": bytes(byte ^ mask for byte in block)})
    for statement in (*macros(), *_macros(settings)):
        connection.execute(f"create or replace temp macro {statement}")


def pseudonyms(connection: duckdb.DuckDBPyConnection, texts: list[str]) -> dict[str, str]:
    """The pseudonym of each text; one that is a pseudonym already stays. The connection must be set up."""
    rows = connection.execute(
        f"select text, case when regexp_full_match(text, {quoted(PSEUDONYM)}) then text else pseudonym(text) end"
        " from (select distinct unnest($texts::varchar[]) as text)",
        {"texts": texts},
    ).fetchall()
    return dict(rows)


def erased_texts(connection: duckdb.DuckDBPyConnection, texts: list[str]) -> dict[str, str]:
    """What stands for each text where it told rows apart and somebody was erased: always the same, and leading back to nobody."""
    rows = connection.execute(
        "select text, 'erased_' || keyed_hash('erased' || chr(31) || text) from (select unnest($texts::varchar[]) as text)",
        {"texts": texts},
    ).fetchall()
    return dict(rows)


def _macros(settings: Privacy) -> list[str]:
    """What is kept of a value, one macro a rule. An argument may be used many times: it is a column, never an expression of its own."""
    keep = settings.keep
    return [
        "keyed_hash(value) as left(sha256(getvariable('privacy_outer')"
        " || unhex(sha256(getvariable('privacy_inner') || encode(value)))), 20)",
        "pseudonym(value) as 'c_' || keyed_hash(lower(trim(value, chr(9) || chr(10) || chr(13) || ' ')))",
        f"is_erased(value) as starts_with(value, 'erased_') and regexp_full_match(value, {quoted(ERASED)})",
        "without_erased(value) as case when not is_erased(value) then value end",
        f"as_customer(value) as {'without_erased(value)' if 'customer' in keep else 'pseudonym(without_erased(value))'}",
        # In what tells rows apart, somebody erased is told apart, too.
        f"as_id(value) as {'value' if 'customer' in keep else 'pseudonym(value)'}",
        f"as_actor(value) as case when lower(value) in {_one_of(_NOBODY)} then value else as_customer(value) end",
        f"as_words(text) as {'text' if 'contact_details' in keep else 'without_contacts(text)'}",
        f"as_message(text) as {'text' if 'message_text' in keep else 'null::varchar'}",
        f"is_harmless_change(field) as coalesce(field in {_one_of(HARMLESS_CHANGES)}, false)",
        f"""as_change(value, field) as case
            when is_harmless_change(field) then value
            when is_erased(value) then value
            when regexp_matches(field, {quoted(_NAMING_CHANGE)}) then as_customer(value)
            when regexp_matches(field, {quoted(_TELLING_CHANGE)}) then as_words(as_message(value))
            else as_words(value)
        end""",
        # What is part of a key and mapped to no field: an id, unless it looks like a person.
        f"as_key(value) as {'value' if 'customer' in keep else _key_of_nobody()}",
        *_own_name("customer" in keep),
        *_rejected("rejected_rows" in keep),
    ]


def _rejected(are_kept: bool) -> list[str]:
    """Of rejected rows: the row as delivered, or what is harmless of it; a value that is quoted in a reason, and the reason as a whole."""
    if are_kept:
        return ["as_rejected(whole, harmless) as whole", "as_quoted(value) as value", "as_reason(text) as text"]
    # A capitalised word in the wrong place may be a name: in a row whose columns slipped, say.
    return [
        "as_rejected(whole, harmless) as harmless",
        f"as_quoted(value) as case when length(value) > 40 or regexp_matches(value, '@|[^ -@\\[-~][{LETTER}]{{2}}') then '…' else value end",
        "as_reason(text) as without_contacts(text)",
    ]


def _own_name(is_kept: bool) -> list[str]:
    """own_words(customer, text): what of a customer's own name stands in their text, the whole of it and its words of three letters or
    more; without_words(text, words): the text without them, where they are whole words."""
    parts = f"string_split_regex(split_part(lower(customer), '@', 1), {quoted(_WORD + '+')})"
    names = f"list_append(list_filter({parts}, lambda word: regexp_matches(word, '^[{LETTER}]{{3}}')), lower(customer))"
    found = f"list_filter({names}, lambda word: length(word) > 2 and contains(lower(text), word))"
    one = "(?:' || array_to_string(list_transform(words, lambda word: regexp_escape(word)), '|') || ')"
    pattern = f"'(?i)(^|{_WORD}){one}(?:{_WORD}{{1,3}}{one})*($|{_WORD})'"
    marked = quoted(rf"\1{NAME}\2")
    return [
        f"own_words(customer, text) as {'null::varchar[]' if is_kept else found}",
        f"without_words(text, words) as case when len(words) > 0 then regexp_replace(text, {pattern}, {marked}, 'g') else text end",
    ]


def _key_of_nobody() -> str:
    """A value as it is, or hashed where it looks like a person; the signs of one are looked for first, as that is quick."""
    has_sign = "(contains(value, '@') or contains(value, '+') or contains(value, ' '))"
    looks = rf"regexp_matches(value, '@|^ *\+|[{LETTER}] [{LETTER}]')"
    return f"case when {has_sign} and {looks} then as_id(value) else value end"


def _one_of(words: str) -> str:
    return f"({', '.join(quoted(word) for word in words.split())})"
