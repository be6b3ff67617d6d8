from organizations.models.areas import Area, AreaChange, AreaSuccession, AreaVersion, Kind, Level, Series
from organizations.models.units import Unit

__all__ = ["Area", "AreaChange", "AreaSuccession", "AreaVersion", "Kind", "Level", "Series", "Unit"]
