from assessments.models.quarters import Quarter, Task, Unlock
from assessments.models.reports import Evidence, SelfReport, SelfReportItem
from assessments.models.results import Publication, Result, ResultLine
from assessments.models.schemes import BonusTier, ClassAssignment, Indicator, Scheme, UnitClass
from assessments.models.scores import Score

__all__ = [
    "BonusTier", "ClassAssignment", "Evidence", "Indicator", "Publication", "Quarter", "Result", "ResultLine",
    "Scheme", "Score", "SelfReport", "SelfReportItem", "Task", "UnitClass", "Unlock",
]  # fmt: skip
