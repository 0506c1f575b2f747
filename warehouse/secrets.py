"""Secrets come from the environment, else from Streamlit's secrets file: never from support.toml, and no message ever quotes one."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from warehouse.errors import SettingsError

# The file that Streamlit itself reads, in the working folder; ours stand in its section [support].
SECRETS_FILE = Path(".streamlit/secrets.toml")
SECTION = "support"


def secret(name: str) -> str | None:
    """The secret `name`: the environment's SUPPORT_NAME, else `name` under [support] of the secrets file; None where neither has it.

    Raises SettingsError where the secrets file cannot be read, or holds something other than text under that name.
    """
    found = os.environ.get(environment_name(name))
    if found and found.strip():
        return found.strip()
    value = _section().get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{SECRETS_FILE}: [{SECTION}] {name} must be a text that is not empty")
    return value.strip()


def long_enough(name: str, value: str, shortest: int) -> str:
    """`value`, or SettingsError where it has fewer than `shortest` characters: it could be guessed."""
    if len(value) < shortest:
        raise SettingsError(
            f"the secret {environment_name(name)} ([{SECTION}] {name} in {SECRETS_FILE}) has {len(value)} characters; at least {shortest}"
            " are needed. Make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return value


def environment_name(name: str) -> str:
    """The environment variable that a secret comes from."""
    return f"SUPPORT_{name.upper()}"


def _section() -> dict[str, object]:
    """[support] of the secrets file; empty where there is none."""
    try:
        content = tomllib.loads(SECRETS_FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{SECRETS_FILE} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # What the parser says may quote what stands there.
        raise SettingsError(f"{SECRETS_FILE} is not valid TOML; a secret must stand in quotes") from None
    section = content.get(SECTION, {})
    if not isinstance(section, dict):
        raise SettingsError(f"{SECRETS_FILE}: {SECTION} must be a section: [{SECTION}]")
    return section
