"""No telephone, identity-card or bank-card number in a free text, whatever page, grid, interface or file it comes by (security.md 20)."""

from importlib import import_module

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.test import TestCase
from django.urls import NoReverseMatch, reverse

from assessments.services.reviews import Entry, enter_scores
from organizations.models import Attachment
from organizations.services.rosters import Line, save_roster
from outreach.workbooks_directory import EnterpriseWorkbook
from portal.accounts.models import SavedFilter
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.kit import api
from portal.kit.checks import routes
from portal.kit.forms import CleanForm, ModelForm, check_words
from tests.assessments.boards import make_board
from tests.factories import make_county, make_organization, make_township, make_user
from tests.security.refused_words import below
from tests.uploads import pdf

PHONE = "13800000001"
TYPED = f"请打 {PHONE[:3]} {PHONE[3:7]}-{PHONE[7:]}"
NUMERIC_CODE = "914203810000001006"  # a credit code that is all digits, as most older ones are
BELONG = {  # reviewed: where a long number may stand, and nowhere else
    "EnterpriseForm": {"credit_code"}, "EnterpriseSerializer": {"credit_code"},
    "OrganizationForm": {"registration_number"}, "OrganizationSerializer": {"registration_number"},
    "NoticeForm": {"text"}, "NoticeSerializer": {"text"}, "PasteForm": {"text"},
    "ActivateForm": {"username", "code"}, "AppForm": {"code"}, "PasskeyForm": {"answer"}, "RevealForm": {"code", "answer"},
}  # fmt: skip
NOT_KEPT = {  # what is typed there is stored nowhere as text, or asked by the form itself
    "LoginForm", "NewPasswordForm", "PasswordChangeForm", "ShownForm", "OwnerForm", "SavedFilterForm",
}  # fmt: skip


def text_fields(form):
    """The boxes in which a person may write what they like."""
    return [
        name for name, field in form.fields.items()
        if type(field) is forms.CharField and not field.widget.is_hidden and name not in form.numbers_belong
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (TYPED, "电话"), ("+86 13800000001", "电话"), ("０１３８ 13800000001", "电话"), ("0719-2723456", "电话"),
        ("420381199001011234", "身份证"), ("42038119900101123X", "身份证"), ("6222 0212 3456 7890 123", "银行卡"),
    ],
)  # fmt: skip
def test_numbers_are_seen_however_they_are_written(text, word):
    with pytest.raises(ValidationError, match=word):
        check_words(f"情况：{text}，已记录")


def test_years_sums_codes_and_dates_are_no_such_numbers():
    for text in ("2025-01-10 至 2026-12-31", "补助 500000 元", "420324101201", "第 12345678 号", "共 1783 家"):
        assert check_words(text) == text


class ClassTests(TestCase):
    def test_every_form_asks_and_every_exception_is_reviewed(self):
        for _, _, callback in routes():  # so that every module of a page is loaded
            import_module(callback.__module__)
        found = below(forms.BaseForm)
        unasked = [one for one in found if not issubclass(one, CleanForm | ModelForm)]
        texts = {
            one.__qualname__ for one in unasked if any(type(f) is forms.CharField for f in one.base_fields.values())
        }
        assert texts == NOT_KEPT
        writers = {*found, *below(api.CheckedSerializer)}
        belong = {
            one.__qualname__: set(vars(one)["numbers_belong"]) for one in writers if "numbers_belong" in vars(one)
        }
        assert {name: names for name, names in belong.items() if names} == BELONG


class DoorTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.town = make_township(cls.county)
        cls.staff = make_user(Role.STAFF, cls.county)

    def setUp(self):
        self.client.force_login(self.staff)

    def created(self):
        """(address, form) of each page on which staff add something."""
        names = {name for _, name, _ in routes() if name.endswith(("_create", "_found"))}
        for name in sorted(names):
            try:
                url = reverse(name)
            except NoReverseMatch:
                continue
            page = self.client.get(url)
            form = page.context.get("form") if page.status_code == 200 and page.context else None
            if isinstance(form, CleanForm | ModelForm):
                yield url, form

    def test_every_page_that_adds_something_refuses_a_number_in_each_of_its_texts(self):
        seen = 0
        for url, form in self.created():
            names = text_fields(form)
            values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, [], False)}
            answer = self.client.post(url, {**values, **dict.fromkeys(names, TYPED)})
            errors = answer.context["form"].errors
            short = [name for name in names if (form.fields[name].max_length or 99) < len(TYPED)]
            for name in set(names) - set(short):
                assert any("电话号码" in words for words in errors.get(name, ())), (url, name, errors)
            seen += len(names)
        assert seen > 40

    def test_a_saved_filter_keeps_none_in_its_name_or_its_search(self):
        path = reverse("outreach:contact_list")
        for name, query in (
            (TYPED, "q=a"),
            ("常用", f"q={PHONE}"),
            ("常用", "q=138%200000%200001"),
            ("常用", "q=138+0000+0001"),
        ):
            answer = self.client.post(
                reverse("accounts:saved_filter_create"), {"path": path, "name": name, "query": query}
            )
            assert answer.status_code == 302
        assert not SavedFilter.objects.exists()
        self.client.post(
            reverse("accounts:saved_filter_create"), {"path": path, "name": "常用", "query": "q=wm&state=due"}
        )
        assert SavedFilter.objects.get().name == "常用"

    def test_a_files_caption_is_refused_and_its_name_loses_the_number(self):
        organization = make_organization(self.town)
        url = reverse("organizations:attachment_add", args=["organizations.organization", organization.pk])
        sent = {"files": pdf(f"王某{PHONE}.pdf"), "caption": TYPED}
        self.client.post(url, sent)
        assert not Attachment.objects.exists()
        self.client.post(url, {"files": pdf(f"王某{PHONE}.pdf"), "caption": "名单"})
        assert Attachment.objects.get().name == "王某***.pdf"
        assert PHONE not in str(list(AuditEntry.objects.values()))

    def test_a_rosters_post_and_a_scores_reason_hold_none(self):
        outcome = save_roster(make_organization(self.town), [Line(1, "张某甲", TYPED)], by=self.staff)
        assert "电话号码" in str(outcome.refused[0])
        board = make_board(1, 1)
        entry = Entry(board.reports[0].pk, board.tasks[0].pk, "1", 1, TYPED)
        outcome = enter_scores(board.quarter, [entry], by=board.staff)
        assert "电话号码" in outcome.refused[0].message

    def test_a_workbooks_text_holds_none_and_a_numeric_credit_code_is_a_code(self):
        workbook = EnterpriseWorkbook(self.staff, {})
        columns = {column.name: column for column in workbook.columns}
        with pytest.raises(ValidationError, match="电话号码"):
            workbook.clean(columns["note"], TYPED)
        assert workbook.clean(columns["credit_code"], NUMERIC_CODE) == NUMERIC_CODE

    def test_the_interface_refuses_them_too(self):
        values = {"name": "示例公司", "kind": "enterprise", "area": self.town.pk, "since": "2024-01-01", "note": TYPED}
        answer = self.client.post("/api/enterprises/", values, content_type="application/json")
        assert answer.status_code == 400 and "电话号码" in str(answer.json()["note"])
        kept = {**values, "note": "", "credit_code": NUMERIC_CODE}
        assert self.client.post("/api/enterprises/", kept, content_type="application/json").status_code == 201
        organization = make_organization(self.town)
        url = f"/api/organizations/{organization.pk}/"
        answer = self.client.patch(url, {"version": 1, "note": TYPED}, content_type="application/json")
        assert answer.status_code == 400 and "电话号码" in str(answer.json()["note"])

    def test_a_notice_names_how_the_office_is_reached(self):
        form = self.client.get(reverse("outreach:notice_create")).context["form"]
        values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, [])}
        sent = {**values, "area": self.county.pk, "name": "告知书第1版", "text": "联系电话 0719-2723456。"}
        assert self.client.post(reverse("outreach:notice_create"), sent).status_code == 302
