"""A made-up help desk that keeps writing exports: for the first start, for trying things out, and for the tests.

Nothing here is drawn but what customers and agents do; how long anybody waits comes out of how many arrive and how many
agents are there to answer.
"""

from pipelines.sample.desk import HelpDesk
from pipelines.sample.exports import DEFAULT_END, run_live, write_changes, write_history
from pipelines.sample.records import COLUMNS

__all__ = ["COLUMNS", "DEFAULT_END", "HelpDesk", "run_live", "write_changes", "write_history"]
