from outreach.models.directory import (
    SERVICE_ROLES,
    Contact,
    ContactRole,
    Enterprise,
    Notice,
    Official,
    PublicRole,
    Tombstone,
)
from outreach.models.places import Award, Brand, Outpost, Site, Station
from outreach.models.service import (
    CadrePost,
    Handover,
    Holiday,
    Matter,
    Pairing,
    Request,
    RequestStep,
    Rhythm,
    Support,
    TrainingPlan,
    TrainingSession,
    Visit,
    Whom,
)
from outreach.models.work import Activity, Demonstration, DemonstrationStep, DutyPost

__all__ = [
    "SERVICE_ROLES", "Activity", "Award", "Brand", "CadrePost", "Contact", "ContactRole", "Demonstration", "DemonstrationStep",
    "DutyPost", "Enterprise", "Handover", "Holiday", "Matter", "Notice", "Official", "Outpost", "Pairing", "PublicRole", "Request",
    "RequestStep", "Rhythm", "Site", "Station", "Support", "Tombstone", "TrainingPlan", "TrainingSession", "Visit", "Whom",
]  # fmt: skip
