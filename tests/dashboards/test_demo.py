"""The demonstration: only where it is asked for, and the second time it changes nothing."""

import datetime as dt
from collections import Counter
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Sum
from django.utils import timezone
from PIL import Image

from assessments.models import Indicator, Publication, Quarter, Score, SelfReport
from assessments.scoring import Method
from assessments.services.publications import verify_publication
from organizations.coverage import Coverage
from organizations.models import Area, Attachment, Check, Membership, Organization, Person, Unit
from outreach.models import (
    Activity,
    Contact,
    ContactRole,
    Demonstration,
    Enterprise,
    Official,
    Pairing,
    Request,
    Site,
    Support,
    TrainingPlan,
)
from portal.accounts.models import Grant, User
from portal.audit.models import verify
from portal.dashboards.demo.cast import PASSWORD, ROLES
from portal.kit import files
from portal.papers.models import IssuedPaper, Paper

OURS = ("accounts", "organizations", "outreach", "assessments", "papers", "audit")


def counts():
    return {
        model._meta.label: model.objects.count() for name in OURS for model in apps.get_app_config(name).get_models()
    }


@pytest.mark.django_db
@pytest.mark.parametrize("command", [["load_demo"], ["load_scale", "--counties", "1"]])
def test_refused_on_a_production_database(settings, command):
    settings.DEMO = settings.TESTING = False
    before = counts()
    with pytest.raises(CommandError, match="DEMO=true"):
        call_command(*command)
    assert counts() == before


@pytest.mark.django_db
def test_the_demonstration(settings, client):
    settings.DEMO = True
    said = StringIO()
    call_command("load_demo", stdout=said)
    before = counts()
    call_command("load_demo", stdout=said)
    assert counts() == before

    assert all(code in said.getvalue() for code, _, _ in ROLES) and PASSWORD in said.getvalue()
    two_counties()
    five_quarters()
    figures_of_the_reports()
    titles_have_their_history()
    pictures_are_there()
    service_of_the_reports()
    cells_that_need_no_typing()
    an_issued_bulletin_and_a_draft_letter()
    for suffix in ("", "-dj"):
        for code, _, _ in ROLES:
            assert client.login(username=code + suffix, password=PASSWORD), code
            assert client.get("/").status_code == 200, code
    assert verify() == (before["audit.AuditEntry"], "")


def two_counties():
    villages = Area.objects.filter(level=3, counted=True)
    assert villages.filter(code__startswith="420324").count() == 297  # the report's figures
    assert villages.filter(code__startswith="420381").count() == 234
    assert Area.objects.filter(level=2, counted=True, code__startswith="420381").count() == 20
    for code in ("420324", "420381"):
        assert 58 <= Unit.objects.filter(area__tree_code__startswith=code).count() <= 68
        liaisons = Grant.objects.filter(role="village", area__code__startswith=code)
        assert 0.85 < liaisons.count() / villages.filter(code__startswith=code).count() < 0.95
    names = User.objects.values_list("name", flat=True)
    assert all(len(name) == 3 and name[1] == "某" for name in names)


def figures_of_the_reports():
    """What the two county reports of 2022 count (domain.md), on the last day of 2022."""
    day = dt.date(2022, 12, 31)
    expected = {
        "420324": {"village_organization": (275, 297), "village_site": (260, 297), "township_chamber": (15, 15),
                   "demonstration_sites": (15, 15)},
        "420381": {"chambers": (20, 20), "township_councils": (15, 15), "street_associations": (5, 5), "village_fellowships": (136, 136),
                   "community_fellowships": (21, 21), "zones": (31, 31), "activity_room": (215, 234), "venues": (20, 20),
                   "demonstration_organizations": (10, 10)},
    }  # fmt: skip
    for code, figures in expected.items():
        coverage = Coverage(Area.objects.get(tree_code=code), [day])
        assert {name: coverage.share(name, day) for name in figures} == figures
    kinds = set(Site.objects.in_force(day).exclude(platform="").values_list("platform", flat=True))
    assert kinds == set(Site.Platform.values) - {"", "other"}
    hearings = Activity.objects.filter(kind="hearing", on__year=2022, area__tree_code="420324")
    assert hearings.count() == 5
    zhuxi = Site.objects.filter(area__tree_code__startswith="420324").in_force(day)
    assert {name: zhuxi.filter(platform=name).count() for name in ("enterprise", "culture", "network")} == {
        "enterprise": 2, "culture": 2, "network": 1,
    }  # fmt: skip
    assert Site.objects.filter(area__tree_code__startswith="420381", kind="platform").in_force(day).count() > 20
    for kind in ("intellectuals", "new_strata"):
        assert Organization.objects.filter(kind=kind, since__year=2022, area__level=1).count() == 2
    strata = Membership.objects.filter(organization__kind="new_strata", organization__area__tree_code="420324")
    assert [strata.in_force(on).count() for on in (day, timezone.localdate())] == [110, 110]
    names = Person.objects.values_list("name", flat=True)
    assert all(name[1] == "某" for name in names)


def titles_have_their_history():
    """Inspected before they were named, reviewed every year since, and one in each county was lost with its reason."""
    for row in Demonstration.objects.filter(named_on__isnull=False).prefetch_related("steps"):
        steps = [step.state for step in row.steps.all()]
        assert steps[:4] == ["applied", "building", "inspected", "named"]
        years = (row.withdrawn_on or row.next_review_on).year - row.named_on.year - 1
        assert steps.count("reviewed") in {years, years + bool(row.withdrawn_on)}, row
        assert Check.objects.done().about(row.subject).filter(on__lte=row.named_on, passed=True).exists(), row
    lost = Demonstration.objects.filter(state="withdrawn")
    assert lost.count() == 2 and all(row.withdrawn_reason for row in lost)


def pictures_are_there():
    """Each county's township and village see a few; they went through the same checks as a photo from a phone."""
    for code in ("420324", "420381"):
        photos = Attachment.objects.photos().filter(area__tree_code__startswith=code)
        assert photos.count() >= 12 and set(photos.values_list("area__level", flat=True)) >= {2, 3}
        assert {"outreach.site", "outreach.station", "outreach.activity"} == set(
            photos.values_list("register", flat=True)
        )
    for photo in Attachment.objects.photos():
        with Image.open(files.path_of(photo.thumbnail)) as small:
            assert max(small.size) == 320


def service_of_the_reports():
    """What the report counts of contacts and service (domain.md), in Zhuxi."""
    day, here = dt.date(2022, 12, 31), {"area__tree_code__startswith": "420324"}
    enterprises = Enterprise.objects.filter(**here).in_force(day)
    assert dict(enterprises.values_list("kind").annotate(n=Count("pk")).order_by()) == {
        "enterprise": 1783,
        "association": 4,
    }
    paired = Official.objects.filter(pairings__in=Pairing.objects.in_force(day), **here).distinct()
    assert [paired.filter(kind=kind).count() for kind in ("leader", "head")] == [28, 27]
    signed_up = Counter(
        ContactRole.objects.filter(contact__area__tree_code__startswith="420324").values_list("role", flat=True)
    )
    assert (signed_up["service_taiwan"], signed_up["service_overseas"]) == (21, 82)
    asked = Request.objects.filter(year=2022, **here)
    assert dict(asked.values_list("channel").annotate(n=Count("pk")).order_by()) == {"online": 9, "offline": 8}
    assert asked.filter(state="closed", answered_on__lte=F("due_on")).count() == 17
    assert Support.objects.filter(on__year=2022, **here).aggregate(yuan=Sum("amount"))["yuan"] == 500_000
    plan = TrainingPlan.objects.get(year=2022, **here)
    assert (plan.planned_people, plan.sessions.aggregate(n=Sum("attended"))["n"]) == (60, 32)
    cadres = plan.posts.aggregate(Sum("holders"), Sum("in_plan"), Sum("trained"), Sum("recommended"))
    assert list(cadres.values()) == [202, 60, 32, 2]
    lead = User.objects.get(username="lead")
    assert Pairing.objects.permitted(lead).filter(official__user=lead).count() == 4
    assert Request.objects.permitted(lead).overdue().count() >= 1
    posts = plan.posts.aggregate(holders=Sum("holders"), recommended=Sum("recommended"))
    assert posts == {"holders": 202, "recommended": 2}
    names = [*Contact.objects.values_list("name", flat=True), *Official.objects.values_list("name", flat=True)]
    assert all(len(name) == 3 and name[1] == "某" for name in names)


def cells_that_need_no_typing():
    """基层减负: at least half of the cells of every quarter were filled by the registers."""
    for quarter in Quarter.objects.all():
        cells = Score.objects.filter(report__quarter=quarter)
        measured = cells.filter(task__indicator__method=Method.MEASURED).exclude(status=Score.Status.BLANK)
        assert measured.count() / cells.count() >= 0.5, quarter


def five_quarters():
    states = Quarter.objects.values_list("state").annotate(n=Count("pk")).order_by("state")
    assert dict(states) == {"published": 8, "review": 2}
    assert Publication.objects.filter(revision=2, quarter__number=2).exclude(reason="").count() == 2
    assert not any(map(verify_publication, Publication.objects.all()))
    totals = Indicator.objects.values("scheme").annotate(*(Sum(f"points_{n}") for n in "123")).order_by()
    assert [set(total.values()) - {total["scheme"]} for total in totals] == [{100}] * 4
    indicators = Indicator.objects.filter(scheme__year=2026, scheme__area__code__startswith="420324")
    assert (indicators.count(), indicators.values("category").distinct().count()) == (20, 5)
    assert set(indicators.values_list("method", flat=True)) == set(Method)
    waiting = SelfReport.objects.filter(quarter__state="review")
    assert set(waiting.values_list("status", flat=True)) == {"draft", "submitted", "returned"}
    first = Score.objects.filter(report__in=waiting, report__unit_class="1")
    assert 0.6 < first.exclude(status="blank").count() / first.count() < 0.95


def an_issued_bulletin_and_a_draft_letter():
    assert [(row.kind, row.quarter.number, row.is_intact) for row in IssuedPaper.objects.all()] == [
        ("bulletin", 4, True)
    ] * 2
    assert [(row.kind, row.state) for row in Paper.objects.filter(kind="letter")] == [("letter", "draft")] * 2
