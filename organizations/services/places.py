"""Where a user may record: the areas and bodies that a permission reaches."""

from typing import Any

from django.db.models import Q, QuerySet

from organizations.models import Area, Unit
from portal.kit.scope import code_range


def areas_for(user: Any, permission: str) -> QuerySet[Area]:
    """The areas of today for which `user` may record with `permission`; none for a grant on a single unit."""
    reach = user.reach(permission)
    found: QuerySet[Area] = Area.objects.existing().select_related("parent")
    return found if reach.everything else found.filter(below(reach.codes, "tree_code"))


def units_for(user: Any, permission: str) -> QuerySet[Unit]:
    """The county-level bodies for which `user` may record with `permission`, and the units granted to them."""
    reach = user.reach(permission)
    found: QuerySet[Unit] = Unit.objects.in_force().select_related("area")
    if reach.everything:
        return found.filter(kind=Unit.Kind.BODY)
    bodies = Q(kind=Unit.Kind.BODY) & below(reach.codes, "area__tree_code")
    return found.filter(bodies | Q(pk__in=reach.units))


def below(codes: Any, path: str) -> Q:
    """The condition "lies in one of `codes` or below it" for a tree code reached by `path`."""
    found = Q(pk__in=[])
    for code in codes:
        lo, hi = code_range(code)
        found |= Q(**{f"{path}__gte": lo, f"{path}__lt": hi})
    return found
