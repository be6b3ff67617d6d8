"""The workbooks of figures that the portal hands out: pure builders of sheets, one module a subject."""

from portal.exchange.reports import coverage, ledger, results, rosters, standards
from portal.exchange.reports.base import Params, Report

REPORTS: dict[str, Report] = {
    report.name: report
    for report in (
        coverage.REPORT, rosters.REPORT, ledger.REPORT, standards.REPORT, results.QUARTER, results.YEAR,
    )
}  # fmt: skip

__all__ = ["REPORTS", "Params", "Report"]
