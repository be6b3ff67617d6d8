"""Who may see and do what to which rows: the one place where the access rule is written (security.md 7)."""

from dataclasses import dataclass
from typing import Any, Self

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q

LEVEL_LENGTHS = (6, 9, 12)  # digits of a tree code at county, township and village level


def code_range(code: str) -> tuple[str, str]:
    """(lo, hi) such that lo <= tree_code < hi holds for `code` and everything below it, in any collation."""
    return code, str(int(code) + 1).zfill(len(code))


def ancestor_codes(code: str) -> list[str]:
    """The codes above `code` and `code` itself, county first."""
    return [code[:length] for length in LEVEL_LENGTHS if length <= len(code)]


@dataclass(frozen=True)
class Reach:
    """What one permission of one user reaches: everything, areas with all below them, single assessed units."""

    everything: bool = False
    codes: tuple[str, ...] = ()
    units: frozenset[int] = frozenset()
    above: frozenset[str] = frozenset()  # tree codes above or at the grants, for rows shared downwards

    def __bool__(self) -> bool:
        return self.everything or bool(self.codes or self.units)

    def covers(self, code: str) -> bool:
        """Whether an area with this tree code lies in reach."""
        return self.everything or any(lo <= code < hi for lo, hi in map(code_range, self.codes))


def permission_for(model: Any, action: str) -> str:
    """`assessments.view_score` for (Score, "view")."""
    meta = model._meta
    return f"{meta.app_label}.{action}_{meta.model_name}"


class ScopedQuerySet(models.QuerySet):
    """Rows that belong to an area or an assessed unit; `permitted` is the only place the access rule is written.

    area_lookup: path from the row to its Area ("" for Area itself, None for rows that lie in no area).
    unit_lookup: path to its Unit, where a grant on a single unit reaches it.
    code_lookup: path to the tree code, where it is not the area's.
    shared_down: condition under which a row may be *viewed* by everyone at or below its area.
    own_lookup: path to the account that a row is about and that may *view* it wherever it stands.
    """

    area_lookup: str | None = "area"
    unit_lookup: str | None = None
    code_lookup: str | None = None
    shared_down: Q | None = None
    own_lookup: str | None = None

    @classmethod
    def code_path(cls) -> str:
        """The look-up of the row's tree code."""
        return cls.code_lookup or "__".join(filter(None, [cls.area_lookup, "tree_code"]))

    def permitted(self, user: Any, action: str = "view") -> Self:
        """The rows to which `user` may do `action`; none for a stranger."""
        reach = user.reach(permission_for(self.model, action)) if hasattr(user, "reach") else Reach()
        if reach.everything:
            return self.all()
        if not reach:
            return self.none()
        condition = self._in_reach(reach, action)
        if self.own_lookup and action == "view":
            condition |= Q(**{self.own_lookup: user.pk})
        return self.filter(condition)

    def in_area(self, area: Any) -> Self:
        """The rows of `area` and of everything below it."""
        return self.filter(self._within(area.tree_code))

    def _within(self, code: str) -> Q:
        lo, hi = code_range(code)
        return Q(**{f"{self.code_path()}__gte": lo, f"{self.code_path()}__lt": hi})

    def _in_reach(self, reach: Reach, action: str) -> Q:
        condition = Q(pk__in=[])
        for code in reach.codes:
            condition |= self._within(code)
        if self.unit_lookup and reach.units:
            condition |= Q(**{f"{self.unit_lookup}__in": reach.units})
        if self.shared_down is not None and action == "view":
            condition |= Q(**{f"{self.code_path()}__in": reach.above}) & self.shared_down
        return condition


def require(user: Any, action: str, obj: models.Model) -> None:
    """Refuse unless `user` may do `action` to the saved `obj`; call it inside the transaction, after the save."""
    if not user.has_perm(permission_for(obj, action), obj):
        raise PermissionDenied("保存后的记录不在您的权限范围内，已全部撤回。")
