from assessments.workbooks.ranking import rank_change, ranking_sheets

__all__ = ["rank_change", "ranking_sheets"]
