"""Hand-overs: everything goes at once or nothing, the paper says what went, an erased name stays erased."""

import datetime as dt
import io

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from docx import Document

from outreach.models import Contact, Handover, Pairing, Visit
from outreach.services.visits import due_visits
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import (
    make_contact,
    make_county,
    make_duty_post,
    make_enterprise,
    make_official,
    make_pairing,
    make_request,
    make_township,
    make_user,
    make_village,
    make_visit,
)
from tests.queries import QueriesAtMost

LIST = reverse("outreach:handover_list")
DAY = dt.timedelta(1)


class HandoverCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.today = timezone.localdate()
        cls.county = make_county(name="测试县")
        cls.town = make_township(cls.county, name="甲镇")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.taker = make_user(Role.LEADER, cls.county)
        cls.old = make_official(cls.county, name="李某甲")
        cls.new = make_official(cls.county, name="孙某乙", user=cls.taker)
        cls.mill, cls.quarry = (
            make_enterprise(cls.town, name="红星纺织公司"),
            make_enterprise(cls.town, name="青山采石公司"),
        )
        cls.contact = make_contact(cls.town, cls.mill, name="王某丙")
        cls.first, cls.shared = make_pairing(cls.old, cls.mill), make_pairing(cls.old, cls.quarry)
        cls.third = make_pairing(cls.old, cls.contact)
        make_pairing(cls.new, cls.quarry)
        cls.planned = make_visit(cls.mill, [cls.old], state="planned", on=cls.today + DAY)
        cls.promised = make_visit(cls.quarry, [cls.old], on=cls.today - 9 * DAY, next_on=cls.today + DAY)
        cls.seen = make_visit(cls.mill, [cls.old], on=cls.today - 20 * DAY)
        cls.open = make_request(cls.mill, handler=cls.old)
        cls.closed = make_request(
            cls.mill,
            handler=cls.old,
            state="closed",
            answered_on=cls.today,
            answer="已答复",
            closed_on=cls.today,
            outcome="solved",
        )
        cls.url = reverse("outreach:official_handover", args=[cls.old.pk])

    def as_(self, user):
        self.client.force_login(user)
        return self.client

    def form(self):
        form = self.client.get(self.url).context["form"]
        return {name: form[name].value() for name in form.fields if form[name].value() is not None}

    def hand_over(self, **values):
        return self.client.post(self.url, {**self.form(), "to_official": self.new.pk, **values})

    def nothing_went(self):
        assert not Handover.objects.exists()
        assert Pairing.objects.filter(official=self.old, until=None).count() == 3
        assert list(self.planned.officials.all()) == [self.old]
        self.open.refresh_from_db()
        assert self.open.handler == self.old


class StepTests(HandoverCase):
    def test_the_page_shows_what_will_go(self):
        self.as_(self.staff)
        with QueriesAtMost(12):
            page = self.client.get(self.url)
        assert page.context["total"] == 6
        for words in ("红星纺织公司", "青山采石公司", "王某丙", self.open.subject):
            assert words in page.text

    def test_duty_posts_under_the_name_are_pointed_at(self):
        mine = make_duty_post(self.town, official="李某甲", post="第一责任人")
        make_duty_post(self.town, official="赵某丁", post="专干")
        make_duty_post(make_village(parent=self.town), official="李某甲", post="网格员")  # another one of that name
        make_duty_post(make_county(name="外县"), official="李某甲", post="网格员")
        self.as_(self.staff)
        assert list(self.client.get(self.url).context["posts"]) == [mine]
        self.hand_over()
        page = self.client.get(Handover.objects.get().get_absolute_url())
        assert mine.get_absolute_url() in page.text and "专干" not in page.text and "网格员" not in page.text

    def test_everything_goes_on_the_day(self):
        self.as_(self.staff)
        answer = self.hand_over()
        done = Handover.objects.get()
        assert answer.url == done.get_absolute_url()
        ended = Pairing.objects.filter(official=self.old)
        assert {(row.until, row.end) for row in ended} == {(self.today - DAY, "handed_over")}
        begun = Pairing.objects.filter(official=self.new, since=self.today)
        assert {str(row.target) for row in begun} == {"红星纺织公司", "王某丙"}
        assert Pairing.objects.filter(official=self.new, enterprise=self.quarry).count() == 1
        assert list(self.planned.officials.all()) == [self.new]
        assert list(self.seen.officials.all()) == [self.old]
        self.promised.refresh_from_db()
        assert (self.promised.next_on, list(self.promised.officials.all())) == (None, [self.old])
        owed = Visit.objects.get(state="planned", enterprises=self.quarry)
        assert (owed.on, list(owed.officials.all())) == (self.today + DAY, [self.new])
        assert set(due_visits(self.taker, self.today + DAY)) == {self.planned, owed}
        self.open.refresh_from_db()
        self.closed.refresh_from_db()
        assert (self.open.handler, self.closed.handler) == (self.new, self.old)
        assert {len(rows) for rows in done.items.values()} == {3, 1}
        said = [entry.sentence for entry in AuditEntry.objects.all()]
        assert any("走访干部 由 李某甲（副县长） 改为 孙某乙（副县长）" in words for words in said)
        assert any("的结对和未了工作移交给" in words for words in said)

    def test_what_is_refused_changes_nothing(self):
        self.as_(self.staff)
        late = make_official(self.county, name="迟任者", since=self.today + DAY)
        abroad = make_official(make_county(name="外县"), name="外县干部")
        cases = [
            ({"on": self.today + DAY}, "不能晚于今天"), ({"on": self.first.since}, "移交日期应晚于"), ({"to_official": self.old.pk}, ""),
            ({"to_official": late.pk}, ""), ({"to_official": abroad.pk}, ""), ({"version": 0}, ""),
        ]  # fmt: skip
        for values, words in cases:
            answer = self.hand_over(**values)
            assert answer.status_code in {409, 422}, values
            assert words in answer.text
        self.nothing_went()

    def test_a_row_that_may_not_go_takes_all_back(self):
        clerk, other = make_official(self.town, name="赵某丁"), make_official(self.town, name="钱某戊")
        inside = make_pairing(clerk, self.mill)
        outside = make_pairing(clerk, make_enterprise(make_township(self.county, name="乙镇")))
        self.url = reverse("outreach:official_handover", args=[clerk.pk])
        self.as_(self.committee)
        answer = self.hand_over(to_official=other.pk)
        assert answer.status_code == 422
        assert "有 1 项不在您的权限范围内" in answer.text
        assert not Pairing.objects.filter(pk__in=[inside.pk, outside.pk], until__isnull=False).exists()

    def test_two_at_once_hand_over_once(self):
        third = make_official(self.county, name="周某己")
        self.as_(self.staff)
        first, second = self.form(), self.form()
        assert self.client.post(self.url, {**first, "to_official": self.new.pk}).status_code == 302
        assert self.client.post(self.url, {**second, "to_official": third.pk}).status_code == 409
        assert not Pairing.objects.filter(official=third).exists()
        assert self.client.post(self.url, {**first, "to_official": self.new.pk}).status_code == 302
        assert Handover.objects.count() == 1

    def test_who_may(self):
        assert self.as_(self.taker).get(self.url).status_code == 403
        assert self.as_(self.committee).get(self.url).status_code == 404


class PaperTests(HandoverCase):
    def test_page_list_and_paper_say_what_went(self):
        self.as_(self.staff)
        self.hand_over()
        done = Handover.objects.get()
        assert "结对 3 个、计划走访 1 次、约定走访 1 次、诉求 1 件" in self.client.get(LIST).text
        with QueriesAtMost(12):
            page = self.client.get(done.get_absolute_url()).text
        answer = self.client.get(reverse("outreach:handover_paper", args=[done.pk]))
        document = Document(io.BytesIO(answer.content))
        cells = " ".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
        words = " ".join(paragraph.text for paragraph in document.paragraphs)
        for text in (page, cells):
            for name in ("红星纺织公司", "王某丙", self.open.reference):
                assert name in text
        assert "工作移交单" in words
        assert "接收人签字" in words
        assert self.client.get(reverse("outreach:handover_paper", args=[done.pk]), {"kind": "exe"}).status_code == 404

    def test_an_erased_contact_leaves_the_paper_too(self):
        self.as_(self.staff)
        self.hand_over()
        done = Handover.objects.get()
        assert "王某丙" not in str(done.items)
        gone = {"name": "", "pinyin": "", "phone": "", "phone_fingerprint": "", "erased_at": timezone.now()}
        Contact.objects.filter(pk=self.contact.pk).update(**gone)
        assert "王某丙" not in self.client.get(done.get_absolute_url()).text
