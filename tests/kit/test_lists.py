"""Lists: sorting and filters from allow-lists, pages, and exports that are exactly the list."""

import csv
import io

import openpyxl
import pytest

from organizations.models import Unit
from portal.accounts.roles import Role
from portal.audit.models import Action, AuditEntry
from tests.factories import make_county, make_unit, make_user
from tests.queries import QueriesAtMost

pytestmark = pytest.mark.django_db
UNITS = "/organizations/units/"
RUNNING = ["=1+1", "+86", "-1", "@SUM(A1)", "＝1+1", "\t=1"]


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def staff(client, county):
    staff = make_user(Role.STAFF, county, name="张三")
    client.force_login(staff)
    return staff


@pytest.fixture
def units(staff, county):
    make_unit(area=make_county(), name="外县局")
    return [make_unit(area=county, name=f"第{number:02d}局", number=number) for number in range(1, 13)]


def names(client, query=""):
    return [row.obj.name for row in client.get(f"{UNITS}?{query}").context["table"].rows]


def sheet(client, query):
    answer = client.get(f"{UNITS}?{query}")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    return [sheet_rows(page) for page in book.worksheets]


def sheet_rows(page):
    return [[cell.value for cell in row] for row in page.iter_rows()]


def lines(client, query):
    text = b"".join(client.get(f"{UNITS}?{query}").streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_a_list_sorts_by_its_own_columns(client, units):
    assert names(client, "o=name") == sorted(unit.name for unit in units)
    assert names(client, "o=-name") == sorted((unit.name for unit in units), reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "o=password", "o=area__accounts__password", "o=pk", "o=--name", "o=name,pk", "o=?", "o=__class__",
        "name=第01局", "name__regex=^第", "area__name__startswith=x", "id=1", "pk__in=1", "q=", "page=abc", "page=999",
        "per_page=1", "per_page=1000000", "per_page=-5",
    ],
)  # fmt: skip
def test_what_the_list_does_not_offer_changes_nothing(client, units, query):
    assert names(client, query) == names(client)


@pytest.mark.parametrize("query", ["kind=nonsense", "area=999999", "area=x", "q=" + "长" * 51])
def test_a_wrong_value_shows_no_row_of_others_and_does_not_fall_over(client, units, query):
    answer = client.get(f"{UNITS}?{query}")
    assert answer.status_code == 200
    assert "外县局" not in answer.text


def test_a_filters_choices_are_ones_own(client, units, county):
    form = client.get(UNITS).context["filterset"].form
    assert set(form.fields["area"].queryset) == {county}


def test_every_row_appears_on_exactly_one_page(client, staff, county):
    for number in range(60):
        make_unit(area=county, name=f"局{number:02d}", number=1)
    found = (
        names(client, "per_page=25&page=1") + names(client, "per_page=25&page=2") + names(client, "per_page=25&page=3")
    )
    assert len(found) == len(set(found)) == 60


def test_an_export_is_the_list_as_it_is_filtered_and_sorted(client, units):
    query = "o=-name&q=局&kind=body"
    shown = [[cell.value for cell in row.cells] for row in client.get(f"{UNITS}?{query}").context["table"].rows]
    cover, body = sheet(client, f"{query}&export=xlsx")
    as_words = [[str(value or "")[:10] for value in row] for row in body[1:]]
    assert as_words == [[value[:10] for value in row] for row in shown]
    assert [[value[:10] for value in row] for row in lines(client, f"{query}&export=csv")[1:]] == as_words
    words = dict(row[:2] for row in cover)
    assert (words["数据行数"], words["导出人"]) == (12, "张三")
    assert "搜索：局" in words["筛选条件"]


def test_an_export_holds_every_page(client, staff, county):
    for number in range(120):
        make_unit(area=county, name=f"局{number:03d}")
    assert len(lines(client, "export=csv&page=2&per_page=25")) == 121


@pytest.mark.parametrize("name", RUNNING)
def test_text_stays_text_in_a_workbook(client, staff, county, name):
    Unit.objects.create(area=county, kind="body", name=name, since="2026-01-01")
    answer = client.get(f"{UNITS}?export=xlsx")
    page = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[1]
    cell = next(cell for row in page.iter_rows() for cell in row if str(cell.value).strip() == name.strip())
    assert cell.data_type == "s"


@pytest.mark.parametrize("name", RUNNING)
def test_text_stays_text_in_a_csv_file(client, staff, county, name):
    Unit.objects.create(area=county, kind="body", name=name, since="2026-01-01")
    assert any(cell == f"'{name}" for cell in lines(client, "export=csv")[1])


def test_an_export_is_on_the_trail_and_an_unknown_kind_is_a_page(client, staff, units):
    lines(client, "export=csv&kind=body")
    entry = AuditEntry.objects.get(action=Action.EXPORTED)
    assert "考核对象" in entry.sentence
    assert "市（县）直单位" in entry.sentence
    assert client.get(f"{UNITS}?export=pdf")["Content-Type"].startswith("text/html")


def test_a_list_costs_the_same_however_many_rows(client, staff, county):
    make_unit(area=county)
    with QueriesAtMost(14) as few:
        client.get(UNITS)
    for number in range(40):
        make_unit(area=county, name=f"多{number}局")
    with QueriesAtMost(len(few)):
        client.get(UNITS)
