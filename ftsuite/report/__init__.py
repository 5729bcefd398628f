"""The report of a run: one self-contained HTML file made from the run folder's files alone."""

from __future__ import annotations

from ftsuite.report.mistakes import Thumbnails
from ftsuite.report.page import REPORT_NAME, write_report
from ftsuite.report.text_parts import findings

__all__ = ["REPORT_NAME", "Thumbnails", "findings", "write_report"]
