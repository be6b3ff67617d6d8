"""What stations, sites, brands and activities answer of a standard by themselves (organizations/standards_facts.py)."""

import datetime as dt

from django.db.models import Count, Max, Q

from organizations.standards_facts import ORGANIZATION, Fact, Known, Look, Source, filled, photos, register
from outreach.models import Activity, Brand, Site

STATION, SITE, BRAND = "outreach.station", "outreach.site", "outreach.brand"
YEAR = dt.timedelta(days=365)


def _activities(link: str) -> Fact:
    """Activities of the last year that name the row."""

    def fact(look: Look) -> Known:
        held = Activity.objects.within(look.on - YEAR, look.on).filter(**{link: look.obj})
        found = held.aggregate(number=Count("pk"), last=Max("on"))
        if not found["number"]:
            return Known(False, "登记册：近一年没有活动记录")
        return Known(True, f"登记册：近一年活动 {found['number']} 场，最近一场 {found['last']}")

    return fact


def _venue(look: Look) -> Known:
    """A venue or an activity room that the organization runs, or that stands in its area."""
    kinds = Site.objects.in_force(look.on).filter(kind__in=[Site.Kind.VENUE, Site.Kind.ROOM])
    sites = kinds.filter(Q(organization=look.obj) | Q(organization=None, area=look.obj.area_id)).order_by("pk")
    names = list(sites.values_list("name", flat=True)[:4])
    if not names:
        return Known(False, "登记册：没有活动场所或活动室")
    return Known(True, f"登记册：{'、'.join(names[:3])}{'等' if len(names) > 3 else ''}"[:200])


def _standing(look: Look) -> Known:
    obj, on = look.obj, look.on
    if not obj.holds_on(on):
        return Known(False, "登记册：已停用" if obj.until and obj.until < on else "登记册：尚未启用")
    where = f"，地址 {obj.address}" if obj.address else ""
    return Known(True, f"登记册：{obj.since} 起使用{where}"[:200])


def _written(name: str) -> Fact:
    def fact(look: Look) -> Known:
        return filled(getattr(look.obj, name), str(Brand._meta.get_field(name).verbose_name))

    return fact


for label, link in ((ORGANIZATION, "organization"), (STATION, "station"), (SITE, "site"), (BRAND, "brand")):
    register(Source.ACTIVITIES, label, _activities(link))
for label in (STATION, SITE):
    register(Source.STANDING, label, _standing)
for label in (STATION, SITE, BRAND):
    register(Source.PHOTO, label, photos)
register(Source.VENUE, ORGANIZATION, _venue)
for name in (Source.GOAL, Source.CARRIER, Source.RESULTS, Source.FEATURES):
    register(name, BRAND, _written(name.value))
