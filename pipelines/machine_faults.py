"""What the machine did to a run, for a person: a full disk, too little memory; what happened, and what to do."""

from __future__ import annotations

import errno
import os

import duckdb

from warehouse.errors import line_of

# As the system says it, which is also how DuckDB passes it on.
_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))


def said_of(error: BaseException) -> str:
    """An error in one line, with what to do where it is the machine's."""
    line = line_of(error)
    if isinstance(error, duckdb.OutOfMemoryException) and not any(full in line for full in _FULL):
        return (
            f"the memory is used up: {line.partition(' Possible solutions')[0]}. Give the pipelines more with memory_limit under [data] of"
            " support.toml, or the machine"
        )
    if any(full in line for full in _FULL):
        return f"the disk is full: {line}. Free some of it: the next run goes on by itself"
    return line
