"""Saving through a page: once a form, from the newest version, within one's own areas, in clean text."""

import re
import uuid

import pytest
from django.urls import reverse

from organizations.models import Unit
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_unit, make_user

pytestmark = pytest.mark.django_db
ADD = "/organizations/units/add/"


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def staff(client, county):
    staff = make_user(Role.STAFF, county, name="张三")
    client.force_login(staff)
    return staff


def values(county, **more):
    return {
        "name": "文旅局", "kind": "body", "area": county.pk, "number": 1, "since": "2026-01-01", "until": "",
        "idempotency_key": uuid.uuid4().hex, **more,
    }  # fmt: skip


def hidden(page):
    """The hidden fields of a page's form, as its reader's browser would send them."""
    return dict(re.findall(r'<input type="hidden" name="(version|idempotency_key|base)" value="([^"]*)"', page.text))


def test_a_form_sent_twice_makes_one_row_and_leads_to_the_same_place(client, staff, county):
    form = values(county)
    first, second = client.post(ADD, form), client.post(ADD, form)
    assert Unit.objects.count() == 1
    assert first["Location"] == second["Location"] == Unit.objects.get().get_absolute_url()
    assert AuditEntry.objects.filter(model="organizations.unit").count() == 1


def test_a_refused_form_keeps_its_key_free(client, staff, county):
    form = values(county, name="")
    assert client.post(ADD, form).status_code == 422
    assert client.post(ADD, {**form, "name": "文旅局"}).status_code == 302


def test_another_users_key_is_another_key(client, staff, county):
    form = values(county)
    client.post(ADD, form)
    client.force_login(make_user(Role.STAFF, county))
    client.post(ADD, {**form, "name": "商务局"})
    assert Unit.objects.count() == 2


class TestConflict:
    @pytest.fixture
    def unit(self, county):
        return make_unit(area=county, name="文旅局", number=1)

    @pytest.fixture
    def address(self, unit):
        return reverse("organizations:unit_update", args=[unit.pk])

    def test_a_stale_save_shows_three_columns_and_overwrites_nothing(self, client, staff, county, unit, address):
        opened = hidden(client.get(address))
        other = make_user(Role.STAFF, county, name="李四")
        client.force_login(other)
        client.post(address, values(county, **hidden(client.get(address)), name="文化局"))
        client.force_login(staff)
        page = client.post(address, values(county, **opened, name="旅游局"))
        assert page.status_code == 409
        row = re.search(r'<tr class="differs">.*?</tr>', page.text, re.DOTALL)[0]
        columns = [re.sub(r"\s+", "", text) for text in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        assert columns == ["旅游局", "文化局", "文旅局"]
        assert "李四" in page.text
        unit.refresh_from_db()
        assert (unit.name, unit.version) == ("文化局", 2)

        again = values(county, **{**opened, "version": 2}, name="旅游局")
        assert client.post(address, again).status_code == 302
        unit.refresh_from_db()
        assert (unit.name, unit.version) == ("旅游局", 3)

    def test_the_page_brings_the_version_it_was_made_from(self, client, staff, address):
        assert hidden(client.get(address))["version"] == "1"

    @pytest.mark.parametrize("version", ["0", "2", "-1"])
    def test_a_version_that_is_not_the_stored_one_is_a_conflict(self, client, staff, county, address, version):
        assert client.post(address, values(county, version=version, name="旅游局")).status_code == 409

    @pytest.mark.parametrize("version", ["", "x"])
    def test_a_save_without_a_version_changes_nothing(self, client, staff, county, unit, address, version):
        assert client.post(address, values(county, version=version, name="旅游局")).status_code in {409, 422}
        unit.refresh_from_db()
        assert unit.name == "文旅局"

    def test_a_forged_base_shows_nothing_of_its_own(self, client, staff, county, unit, address):
        page = client.post(address, values(county, version="9", base="伪造", name="旅游局"))
        assert page.status_code == 409
        assert "伪造" not in re.sub(r"<input[^>]*>", "", page.text)


class TestOwnAreas:
    def test_a_foreign_place_cannot_be_chosen(self, client, staff, county):
        assert client.post(ADD, values(make_county())).status_code == 422
        assert not Unit.objects.exists()

    def test_a_row_cannot_be_pushed_out_of_ones_areas(self, client, staff, county):
        unit = make_unit(area=county)
        page = values(make_county(), version=1)
        assert client.post(reverse("organizations:unit_update", args=[unit.pk]), page).status_code == 422
        unit.refresh_from_db()
        assert unit.area == county

    def test_the_lock_holds_where_the_choices_do_not(self, client, staff, county, monkeypatch):
        """Even a form whose choices were not narrowed saves nothing outside (security.md 10)."""
        from portal.kit.scope import ScopedQuerySet

        plain = ScopedQuerySet.permitted
        monkeypatch.setattr(
            "organizations.models.areas.AreaQuerySet.permitted",
            lambda self, user, action="view": self.all(),
            raising=False,
        )
        assert ScopedQuerySet.permitted is plain
        assert client.post(ADD, values(make_county())).status_code == 403
        assert not Unit.objects.exists()


@pytest.mark.parametrize("name", ["文旅\u202e局", "文旅\x00局", "文\u200b旅局", "文旅\x1b局"])
def test_invisible_characters_are_refused_in_words(client, staff, county, name):
    page = client.post(ADD, values(county, name=name))
    assert page.status_code == 422
    assert not Unit.objects.exists()
