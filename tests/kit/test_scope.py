"""The access rule, written once: areas with all below them, single units, rows shared downwards, everything."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from assessments.models import Quarter, Scheme
from organizations.models import Area, Unit
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.kit.scope import ancestor_codes, code_range, permission_for, require
from tests.factories import make_county, make_township, make_unit, make_user, make_village

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def township(county):
    return make_township(county)


def seen(queryset, user, action="view"):
    return set(queryset.permitted(user, action))


def test_an_area_reaches_all_below_it_and_nothing_beside_or_above(county, township):
    village, other, foreign = make_village(township), make_township(county), make_county()
    assert seen(Area.objects.all(), make_user(Role.STAFF, county)) == {county, township, village, other}
    assert seen(Area.objects.all(), make_user(Role.VILLAGE, township)) == {township, village}
    assert foreign not in seen(Area.objects.all(), make_user(Role.STAFF, county))


def test_codes_that_begin_alike_are_not_below(county):
    first = make_township(county, tree_code=f"{county.tree_code}019")
    second = make_township(county, tree_code=f"{county.tree_code}020")
    assert seen(Area.objects.all(), make_user(Role.VILLAGE, first)) == {first}
    assert seen(Area.objects.all(), make_user(Role.VILLAGE, second)) == {second}
    assert code_range("420324") == ("420324", "420325")
    assert code_range("099") == ("099", "100")
    assert ancestor_codes("420324100201") == ["420324", "420324100", "420324100201"]


def test_a_grant_on_a_unit_reaches_that_unit_alone(county):
    unit, other = make_unit(area=county), make_unit(area=county)
    user = make_user(Role.COMMITTEE, unit=unit)
    assert seen(Unit.objects.all(), user) == {unit}
    assert seen(Area.objects.all(), user) == set()
    assert other not in seen(Unit.objects.all(), user)


def test_a_row_shared_downwards_is_viewed_below_and_changed_by_nobody_there(county, township):
    scheme = Scheme.objects.create(area=county, year=2026, name="方案", status="open")
    draft = Scheme.objects.create(area=county, year=2027, name="草案")
    days = {"opens_on": dt.date(2026, 1, 1), "report_due_on": dt.date(2026, 2, 1), "review_due_on": dt.date(2026, 3, 1)}
    shown = Quarter.objects.create(scheme=scheme, year=2026, number=1, state="open", **days)
    Quarter.objects.create(scheme=scheme, year=2026, number=2, **days)
    for below in (make_user(Role.COMMITTEE, township), make_user(Role.COMMITTEE, unit=make_unit(area=township))):
        assert seen(Scheme.objects.all(), below) == {scheme}
        assert seen(Quarter.objects.all(), below) == {shown}
        assert seen(Scheme.objects.all(), below, "change") == set()
    assert seen(Scheme.objects.all(), make_user(Role.STAFF, county)) == {scheme, draft}
    assert seen(Scheme.objects.all(), make_user(Role.COMMITTEE, make_township())) == set()


def test_a_grant_without_a_place_reaches_everything_its_role_may(county):
    foreign = make_user(Role.STAFF, make_county())
    sysadmin = make_user(Role.SYSADMIN)
    assert {foreign, sysadmin} <= seen(User.objects.all(), sysadmin)
    assert county in seen(Area.objects.all(), sysadmin)
    assert seen(Scheme.objects.all(), sysadmin) == set()
    own = make_user(Role.SYSADMIN, county)
    assert seen(User.objects.all(), own) == {own}


def test_each_action_asks_its_own_right(county):
    leader = make_user(Role.LEADER, county)
    unit = make_unit(area=county)
    assert seen(Unit.objects.all(), leader) == {unit}
    for action in ("add", "change", "delete", "nonsense"):
        assert seen(Unit.objects.all(), leader, action) == set()
        with pytest.raises(PermissionDenied):
            require(leader, action, unit)
    assert permission_for(unit, "view") == "organizations.view_unit"


def test_grants_add_up(county):
    user = make_user(Role.STAFF, county)
    second = make_county()
    user.grants.create(
        role="leader", area=second, since="2020-01-01", reason="x", confirmed_at="2020-01-01T00:00:00+08:00"
    )
    user = User.objects.get(pk=user.pk)
    theirs = make_unit(area=second)
    assert theirs in seen(Unit.objects.all(), user)
    assert theirs not in seen(Unit.objects.all(), user, "change")


def test_nobody_sees_nothing(county):
    make_unit(area=county)
    from django.contrib.auth.models import AnonymousUser

    for user in (make_user(), AnonymousUser(), make_user(Role.STAFF, county, is_active=False)):
        assert seen(Unit.objects.all(), user) == set()


def test_the_rule_costs_one_query_for_a_whole_request(county, django_assert_num_queries):
    user = User.objects.get(pk=make_user(Role.STAFF, county).pk)
    with django_assert_num_queries(1):
        for name in ("organizations.view_area", "organizations.view_unit", "assessments.view_score"):
            assert user.has_perm(name)
