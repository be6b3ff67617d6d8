"""The API tells of import batches and issued papers what their lists tell, within the same scope."""

import pytest
from django.urls import reverse

from portal.accounts.roles import Role
from tests.factories import make_batch, make_county, make_township, make_user

LIST = reverse("api:import_batches_list")


@pytest.fixture
def township(db):
    return make_township(make_county(name="测试甲县"), name="水坪镇")


@pytest.fixture
def batch(township):
    return make_batch(township, counts={"new": 2, "error": 1}, content=b"13800000001", lines=b"[]")


def log_in(client, role, area):
    client.force_login(make_user(role=role, area=area))
    return client


def test_a_batch_without_its_contents(client, township, batch):
    found = log_in(client, Role.COMMITTEE, township).get(LIST).json()
    [row] = found["results"]
    assert (row["id"], row["state"], row["counts"]) == (batch.pk, "preview", {"new": 2, "error": 1})
    assert not {"content", "blocks", "lines", "written", "answers", "columns"} & set(row)
    assert client.get(reverse("api:import_batches_detail", args=[batch.pk])).json() == row


def test_in_the_scope_of_the_pages(client, township, batch):
    neighbour = make_township(township.parent, name="城关镇")
    client = log_in(client, Role.COMMITTEE, neighbour)
    assert client.get(LIST).json()["results"] == []
    assert client.get(reverse("api:import_batches_detail", args=[batch.pk])).status_code == 404
    assert log_in(client, Role.SECADMIN, township.parent).get(LIST).status_code == 403


def test_a_register_that_one_may_not_read(client, township):
    make_batch(township, workbook="rosters")
    assert log_in(client, Role.SYSADMIN, township.parent).get(LIST).json()["results"] == []


def test_nothing_is_written(client, township, batch):
    client = log_in(client, Role.COMMITTEE, township)
    assert client.post(LIST, {}).status_code == 405


def test_papers_are_read_as_on_their_pages(client, township):
    assert log_in(client, Role.COMMITTEE, township).get(reverse("api:issued_papers_list")).json()["results"] == []
    assert log_in(client, Role.SECADMIN, township.parent).get(reverse("api:issued_papers_list")).status_code == 403
