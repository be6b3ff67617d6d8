"""Every register over the API: it is there, reads and writes as its role may, and no nonsense is a server error."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from organizations.models import PhoneReveal, registers
from organizations.services.standards import default_standards, start_check
from outreach.models import Handover
from portal.accounts.roles import Role
from portal.dashboards.api_urls import urlpatterns
from tests.factories import (
    FOUNDED,
    make_activity,
    make_brand,
    make_county,
    make_membership,
    make_organization,
    make_outpost,
    make_site,
    make_station,
    make_township,
    make_user,
    make_village,
)

NOT_OVER_THE_API = {Handover, PhoneReveal}  # acts of people in the portal, no registers to be exchanged
HUGE = 10**20
NONSENSE: list[Any] = [None, [{}], HUGE, "\x00"]
ASKED = ["x", str(HUGE), "2026-02-30"]


def views() -> Iterator[tuple[str, Any]]:
    """(route without _list, viewset) of every list."""
    for pattern in urlpatterns:
        if (pattern.name or "").endswith("_list"):
            yield pattern.name.removesuffix("_list"), pattern.callback


NAMES = [name for name, _ in views()]
WRITTEN = [name for name, callback in views() if "post" in callback.actions]


@pytest.fixture
def staff(db, client):
    county = make_county()
    township = make_township(parent=county)
    village = make_village(parent=township)
    user = make_user(role=Role.STAFF, area=county)
    organization = make_organization(village)
    make_membership(organization)
    default_standards(county, since=FOUNDED)
    start_check(organization, organization_standard(county), by=user)
    for make, area in ((make_station, township), (make_site, village), (make_brand, village), (make_outpost, village)):
        make(area)
    make_activity(village)
    client.force_login(user)
    client.raise_request_exception = False
    return client


def organization_standard(county):
    return county.standards.get(code="eight_haves")


def test_every_register_is_there_and_in_the_schema(staff):
    over_api = {callback.cls.queryset.model for _, callback in views()}
    assert {model for model in registers() if model not in over_api} == NOT_OVER_THE_API
    schema = staff.get(reverse("api:schema"), {"format": "json"}).json()
    for name in NAMES:
        operations = schema["paths"][reverse(f"api:{name}_list")]
        assert ("post" in operations) == (name in WRITTEN), name
        if name in WRITTEN:
            assert "requestBody" in operations["post"], name


@pytest.mark.parametrize("name", NAMES)
def test_no_filter_falls_over(staff, name):
    url = reverse(f"api:{name}_list")
    filters = dict(views())[name].cls.filterset_class.base_filters
    assert staff.get(url).status_code == 200
    for asked in [*filters, "page", "ordering"]:
        for value in ASKED:
            assert staff.get(f"{url}?{asked}={value}").status_code in {200, 400, 404}, (asked, value)


@pytest.mark.parametrize("name", WRITTEN)
def test_no_field_falls_over(staff, name):
    url = reverse(f"api:{name}_list")
    viewset = dict(views())[name].cls
    stored = next(iter(staff.get(url).json()["results"]), {})
    for body in (None, [], "x", 3, {}, {"version": "x"}):
        assert staff.post(url, body, content_type="application/json").status_code == 400, body
    for field in viewset.serializer_class().fields:
        for value in NONSENSE:
            answer = staff.post(url, {**stored, field: value}, content_type="application/json")
            assert answer.status_code in {201, 400, 403, 409}, (field, value, answer.content)
            if stored:
                one = reverse(f"api:{name}_detail", args=[stored["id"]])
                body = {"version": stored.get("version"), field: value}
                answer = staff.patch(one, body, content_type="application/json")
                assert answer.status_code in {200, 400, 403}, (field, value, answer.content)
                if answer.status_code == 200:
                    stored = answer.json()
