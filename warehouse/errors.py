"""Everything that can be said to a person as one clear line, one class a cause, printed in one place (each main)."""

from __future__ import annotations


def line_of(error: BaseException) -> str:
    """An error in one line."""
    return " ".join(str(error).split()) or type(error).__name__


class SupportError(Exception):
    """What is wrong, where, and what to do, in one line."""


class SettingsError(SupportError):
    """support.toml cannot be used as it is."""


class FolderError(SupportError):
    """A folder or file of the data folder is missing, not writable, or held by another process."""


class FolderInUse(FolderError):
    """Another process holds the data folder."""


class CopyDamaged(FolderError):
    """A copy of the writer's file does not hold what that holds, or cannot be read."""


class BackupRefused(SupportError):
    """A backup is cut or altered, or the folder to restore it into holds something."""


class NobodyFound(SupportError):
    """Of a customer to erase there is nothing."""


class NoWarehouse(SupportError):
    """Nothing has been published yet."""


class OtherSchema(SupportError):
    """A file was written by a version of the product whose files this one cannot use."""


class TooMuch(SupportError):
    """A question takes more memory than questions of pages may."""


class UnknownQuestion(SupportError):
    """A question was asked that warehouse/questions/ does not hold."""


# How a refusal for want of a column begins, after the file's name: by it a source that stands still is told.
MISSING_COLUMN = "has no column "


class FileRefused(SupportError):
    """A delivered file cannot be read at all; the rest of the run goes on."""


class SourceError(SupportError):
    """A service cannot be pulled from now. What was pulled before stays, other sources go on, and the next pull goes on from there."""


class AccessRefused(SourceError):
    """A service refuses the credentials (401, 403): only a person can mend that."""


class SourceUnreachable(SourceError):
    """A service did not answer well however often it was asked: time-outs, 5xx, cut answers, 429 without end."""


class AnswerRefused(SourceError):
    """An answer that must not be used: too large, of another shape, or a redirect that would carry a secret to another host.

    `status` is that of an answer that says no for good, such as 404; None where something else is wrong with it.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RowNotWritten(SupportError):
    """What somebody wrote in the dashboard is not complete or not right, or cannot be put into its folder."""


class CheckFailed(SupportError):
    """A check of severity error found something: the last good version stays in place."""


class QueryRefused(SupportError):
    """Ad-hoc SQL was not run, did not finish, or was stopped. The text is one line for the person who wrote it.

    `line` and `column` are the place in their text, from 1, where it is known. `limit` says what stopped it: time, memory, temp space,
    size (of the result), at once, length (of the text), lease (its page is gone) or stopped (by the visitor); None: none of them.
    """

    def __init__(
        self, message: str, line: int | None = None, column: int | None = None, limit: str | None = None
    ) -> None:
        super().__init__(message)
        self.line, self.column, self.limit = line, column, limit
