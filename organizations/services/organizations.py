"""Grassroots organizations: what their lists say of them, how they are dissolved and brought back."""

import datetime as dt

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from organizations.models import Membership, Organization, RequiredPost


def lacking_posts(on: dt.date) -> Q:
    """The condition "a required post is not filled on `on`" for organizations."""
    lacking = Q(pk__in=[])
    for post in RequiredPost.objects.in_force(on).select_related("area"):
        lo, hi = post.area.code_range()
        held = Membership.objects.in_force(on).filter(organization=OuterRef("pk"), post=post.post)
        number = held.order_by().values("organization").annotate(number=Count("pk")).values("number")
        here = Organization.objects.filter(kind=post.kind, area__tree_code__gte=lo, area__tree_code__lt=hi)
        short = here.annotate(number=Coalesce(Subquery(number), 0)).filter(number__lt=post.minimum)
        lacking |= Q(pk__in=short.order_by().values("pk"))
    return lacking


def described(queryset: QuerySet, on: dt.date) -> QuerySet:
    return queryset
