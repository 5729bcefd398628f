"""Holds the task to ftsuite's contract; each failure says what to do about it."""

from ftsuite.testing import check_task


def test_the_task_keeps_the_contract() -> None:
    """One line checks it all: options, data, training, saving, stopping and going on."""
    check_task("image-regression")
