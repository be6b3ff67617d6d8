from outreach.models.places import Award, Brand, Outpost, Site, Station
from outreach.models.work import Activity, Demonstration, DemonstrationStep, DutyPost

__all__ = ["Activity", "Award", "Brand", "Demonstration", "DemonstrationStep", "DutyPost", "Outpost", "Site", "Station"]
