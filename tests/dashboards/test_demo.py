"""The demonstration: only where it is asked for, and the second time it changes nothing."""

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import Count, Sum

from assessments.models import Indicator, Publication, Quarter, Score, SelfReport
from assessments.scoring import Method
from assessments.services.publications import verify_publication
from organizations.models import Area, Unit
from portal.accounts.models import Grant, User
from portal.audit.models import verify
from portal.dashboards.demo.cast import PASSWORD, ROLES

OURS = ("accounts", "organizations", "assessments", "audit")


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
