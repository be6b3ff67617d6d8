"""The corpus against the portal's own registers: what the preview says of every row, and that a second time nothing is left to do."""

import datetime as dt

import pytest

from organizations.models import Organization
from outreach.models import Activity
from portal.accounts.roles import Role
from portal.exchange.services import batches
from tests.factories import (
    make_activity,
    make_county,
    make_membership,
    make_organization,
    make_person,
    make_station,
    make_township,
    make_user,
    make_village,
)
from tests.kit.workbooks.corpus.registers import FOR_REGISTERS


@pytest.fixture
def keeper(db):
    """A committee member of 泉溪镇, with what its registers hold already."""
    county = make_county(name="测试县")
    ours, theirs = (make_township(county, name=name) for name in ("泉溪镇", "河口镇"))
    near, _, _ = (
        make_village(ours, name="石桥村"),
        make_village(ours, name="柳林村"),
        make_village(theirs, name="河口村"),
    )
    chamber = make_organization(ours, name="泉溪镇商会", kind="township_chamber")
    make_organization(near, name="石桥村乡贤联谊会")
    for name, post, phone in (("张某甲", "会长", "13800000001"), ("钱某戊", "秘书长", "")):
        make_membership(chamber, make_person(ours, name=name, phone=phone), post=post)
    make_station(near, name="石桥村联络点")
    make_activity(near, kind=Activity.Kind.FELLOWSHIP, theme="重阳敬老联谊", on=dt.date(2026, 10, 18), head_count=30)
    return make_user(Role.COMMITTEE, ours)


def looked_at(case, user):
    """The batch of an upload and its lines by row number."""
    batch = batches.upload(case.register, case.file_name, case.make(), by=user)
    assert not batches.unclear(batch)
    lines = batches.plan(batch, by=user)
    batch.refresh_from_db()
    return batch, {line.number: line for line in lines}


def said(line):
    """Column → the problem's words, or before → after."""
    changes = {change.column: f"{change.before or '空'} → {change.after}" for change in line.changes}
    return changes | {problem.column: problem.words for problem in line.problems}


@pytest.mark.parametrize("name", FOR_REGISTERS)
class TestRegisters:
    def test_every_row_has_its_outcome_in_one_pass(self, name, keeper):
        case = FOR_REGISTERS[name]
        _, lines = looked_at(case, keeper)
        assert {number: str(line.outcome) for number, line in lines.items()} == case.outcomes, [
            said(line) for line in lines.values()
        ]
        for number, expected in case.words.items():
            found = said(lines[number])
            assert set(found) == set(expected)
            for column, words in expected.items():
                assert words in found[column]

    def test_a_second_time_nothing_is_left_to_do(self, name, keeper):
        case = FOR_REGISTERS[name]
        batch, lines = looked_at(case, keeper)
        right = {number for number, line in lines.items() if line.outcome in {"new", "changed", "unchanged"}}
        batches.write(batch, by=keeper, expected=batch.version, only_right=True)
        _, again = looked_at(case, keeper)
        assert {number: str(again[number].outcome) for number in right} == dict.fromkeys(right, "unchanged")
        assert not {"new", "changed"} & {str(line.outcome) for line in again.values()}


class TestTakenBack:
    def test_days_and_new_rows_are_as_before(self, keeper):
        batch, _ = looked_at(FOR_REGISTERS["organizations"], keeper)
        before = dict(Organization.objects.values_list("name", "since"))
        batch = batches.write(batch, by=keeper, expected=batch.version, only_right=True)
        assert dict(Organization.objects.values_list("name", "since")) != before
        assert batches.take_back(batch, by=keeper) == []
        assert dict(Organization.objects.values_list("name", "since")) == before


class TestSuggestions:
    def test_a_slip_is_offered_with_what_was_meant(self, keeper):
        _, lines = looked_at(FOR_REGISTERS["organizations"], keeper)
        offered = {number: [p.suggestion for p in line.problems if p.suggestion] for number, line in lines.items()}
        assert offered[10] == ["石桥村"]
        assert offered[11] == ["乡镇商会"]
        assert not offered[4]

    def test_a_place_of_others_is_never_suggested(self, keeper):
        _, lines = looked_at(FOR_REGISTERS["organizations"], keeper)
        assert not any("河口" in p.suggestion for line in lines.values() for p in line.problems)
