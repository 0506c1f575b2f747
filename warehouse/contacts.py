"""E-mail addresses and phone numbers inside texts: the patterns that find them, and the SQL that takes them out.

Patterns are RE2's, which DuckDB uses. What looks like an order number, a ticket, a date or a price is left alone.
"""

from __future__ import annotations

from warehouse.sql_text import quoted

ADDRESS, NUMBER, NAME = "[address]", "[number]", "[name]"

# ada@example.com, ada (at) example.com, and as it stands in links: ada%40example.com.
_AT = r"(?:@|%40| ?[\[(] ?(?i:at) ?[\])] ?)"


# Letters of any script without their marks of punctuation: short, as RE2 takes milliseconds to take in what Unicode calls a letter.
LETTER = r"A-Za-z\x{c0}-\x{1fff}\x{2c00}-\x{d7ff}\x{f900}-\x{10ffff}"
EMAIL = rf"[{LETTER}0-9._%+'-]+{_AT}[{LETTER}0-9.-]+\.[{LETTER}]{{2,}}"

# Marks digits that are some other number, while phone numbers are looked for.
_GUARD = "\x01"
_GAP = r"[ \x{a0}\x{202f}().\x{2010}-\x{2015}/-]"
_REFERENCE = (
    r"((?i:order|ticket|case|invoice|bill|parcel|shipment|tracking|reference|ref|article|item|customer|serial|model|error|code|version|id"
    r"|bestellung|auftrag|rechnung|vorgang|kundennummer)(?i:s| ?(?:no|nr|number|id|nummer|code))?[.:#№ ]{0,3}|[#№] ?)([0-9])"
)
# A number is not the end of something else: of a word, an order number, a decimal or a path.
_BEFORE = rf"(^|[^0-9A-Za-z{_GUARD}#_./-])"
_INTERNATIONAL = rf"\+{_GAP}?[1-9](?:{_GAP}{{0,3}}[0-9]){{6,14}}"
_LOCAL = (
    rf"00[1-9](?:{_GAP}{{0,3}}[0-9]){{7,13}}",  # 0049 151 1234567
    rf"\(?0[0-9]{{2,5}}\)?{_GAP}{{1,3}}(?:[0-9]{{5,10}}|[0-9]{{2,4}}(?:[ \x{{a0}}.-][0-9]{{2,5}}){{1,4}})",  # 030 / 123 45 67
    r"0[0-9](?:(?: [0-9]{2}){4}|(?:\.[0-9]{2}){4}|(?:-[0-9]{2}){4}|(?: [0-9]{4}){2})",  # 06 12 34 56 78, 02 9876 5432
    r"\([0-9]{2,5}\) ?[0-9]{3,5}[ .-]?[0-9]{3,4}",  # (555) 010-9999
    r"1?[ .-]?[0-9]{3}(?:(?:-[0-9]{3}[- ]|\.[0-9]{3}\.)[0-9]{4}| [0-9]{3} [0-9]{3,4})",  # 555-010-9999, 612 345 678
    r"[0-9]{3}(?: [0-9]{2}){3}|[0-9]{2}(?: [0-9]{2}){3}|[0-9]{5} [0-9]{5}",  # 612 34 56 78, 12 34 56 78, 98765 43210
    r"(?:0[0-9]|1[0-8]|2[1-9]|[3-9][0-9])[0-9]{8,11}",  # ten to thirteen digits that are no date
)
PHONE = rf"{_BEFORE}(?:{'|'.join(_LOCAL)})\b"
# Where the words say that a number follows, seven digits are enough.
ANNOUNCED = (
    r"(?i)\b(tel|telefon|telephone|phone|phone number|mobile|mobil|handy|cell|fax|whatsapp|call me|call us|call back|ring me|reach me|my number)\b"
    rf"([^0-9\n{_GUARD}]{{0,13}}[ \x{{a0}}:(=+])[0-9](?:{_GAP}{{0,2}}[0-9]){{6,14}}\b"
)
_SIX_DIGITS = rf"[0-9](?:{_GAP}{{0,3}}[0-9]){{5}}"


def macros() -> list[str]:
    """The macro without_contacts(text), the text with addresses and numbers replaced, and those it is made of: each after `create macro`."""
    numbers = _replaced("text", _REFERENCE, rf"\1{_GUARD}\2")
    numbers = _replaced(numbers, _INTERNATIONAL, NUMBER)
    numbers = _replaced(numbers, ANNOUNCED, rf"\1\2{NUMBER}")
    numbers = _replaced(numbers, PHONE, rf"\1{NUMBER}")
    has_digits = f"regexp_matches(text, {quoted(_SIX_DIGITS)})"
    addresses = f"case when contains(text, '@') or regexp_matches(text, {quoted(_AT)}) then {_replaced('text', EMAIL, ADDRESS)} else text end"
    return [
        f"without_numbers(text) as case when {has_digits} then replace({numbers}, chr(1), '') else text end",
        f"without_contacts(text) as without_numbers({addresses})",
    ]


def _replaced(text: str, pattern: str, replacement: str) -> str:
    return f"regexp_replace({text}, {quoted(pattern)}, {quoted(replacement)}, 'g')"
