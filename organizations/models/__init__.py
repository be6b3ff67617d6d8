from organizations.models.areas import Area, AreaChange, AreaSuccession, AreaVersion, Kind, Level, Series
from organizations.models.attachments import About, AboutQuerySet, Attachment
from organizations.models.coverage import CoverageGoal, FrozenFigures
from organizations.models.placed import (
    FieldOfWork,
    FormerPlace,
    Named,
    Placed,
    PlacedDatedQuerySet,
    PlacedQuerySet,
    Register,
    registers,
    standing_in,
)
from organizations.models.reveals import PhoneReveal, RevealCount
from organizations.models.rosters import (
    Membership,
    Organization,
    Person,
    PersonMerge,
    RequiredPost,
    RosterConfirmation,
)
from organizations.models.standards import Answer, Check, Standard, StandardItem, StandardVersion
from organizations.models.units import Unit

__all__ = [
    "About", "AboutQuerySet", "Answer", "Area", "AreaChange", "AreaSuccession", "AreaVersion", "Attachment", "Check",
    "CoverageGoal", "FieldOfWork", "FormerPlace", "FrozenFigures", "Kind", "Level", "Membership", "Named", "Organization",
    "Person", "PersonMerge", "PhoneReveal", "Placed", "PlacedDatedQuerySet", "PlacedQuerySet", "Register", "RequiredPost",
    "RevealCount", "RosterConfirmation", "Series", "Standard", "StandardItem", "StandardVersion", "Unit", "registers", "standing_in",
]  # fmt: skip
