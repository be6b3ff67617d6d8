"""Files and photos of register rows: kept once, made small, scoped by their row, removed with a reason."""

import datetime as dt
import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import TestCase, override_settings
from django.urls import reverse
from PIL import Image

from organizations.models import Answer, Attachment, Check, Standard, StandardVersion
from organizations.services.attachments import attach, follow, owners, remove, thumbnail_of
from organizations.services.placing import move_registers
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.kit import files
from tests.factories import (
    make_county,
    make_enterprise,
    make_organization,
    make_request,
    make_township,
    make_unit,
    make_user,
    make_village,
)
from tests.uploads import pdf, picture, upload


@pytest.fixture(autouse=True)
def own_files(tmp_path):
    with override_settings(FILES_ROOT=tmp_path):
        yield


class AttachmentCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.north, cls.south = make_township(parent=cls.county), make_township(parent=cls.county)
        cls.village, cls.foreign = make_village(parent=cls.north), make_village(parent=cls.south)
        cls.committee = make_user(role=Role.COMMITTEE, area=cls.north)
        cls.leader = make_user(role=Role.LEADER, area=cls.county)
        cls.ours, cls.theirs = make_organization(area=cls.village), make_organization(area=cls.foreign)

    def setUp(self):
        self.client.force_login(self.committee)

    def add_url(self, obj, register=None):
        return reverse("organizations:attachment_add", args=[register or obj._meta.label_lower, obj.pk])

    def add(self, obj, *uploads, **data):
        return self.client.post(self.add_url(obj), {"files": uploads, **data}, follow=True)

    def photo(self, obj=None, size=(1600, 900)):
        return attach(obj or self.ours, upload("门牌.jpg", picture(size=size)), by=self.committee, caption="门牌")

    def finished_answer(self):
        """An answer of a draft check of our organization."""
        standard = Standard.objects.create(
            area=self.county, code="x", name="八有", applies_to=Standard.AppliesTo.ORGANIZATION
        )
        version = StandardVersion.objects.create(standard=standard, since=dt.date(2025, 1, 1))
        item = version.items.create(number=1, wording="有牌子")
        check = Check(version_checked=version, object_name=self.ours.name, by=self.committee)
        check.attach_to(self.ours)
        check.save()
        return Answer.objects.create(inspection=check, item=item, wording=item.wording)


class KeepTests(AttachmentCase):
    def test_a_photo_is_kept_with_a_small_picture_of_it(self):
        photo = self.photo()
        with Image.open(io.BytesIO(files.path_of(photo.thumbnail).read_bytes())) as small:
            assert (small.format, small.size) == ("JPEG", (320, 180))
        assert (photo.is_photo, photo.area, photo.caption) == (True, self.village, "门牌")
        assert not photo.unit

    def test_a_see_through_picture_becomes_white_and_a_small_one_stays_small(self):
        out = io.BytesIO()
        Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(out, "PNG")
        with Image.open(io.BytesIO(thumbnail_of(out.getvalue()))) as small:
            assert (small.size, small.getpixel((5, 5))) == ((10, 10), (255, 255, 255))

    def test_the_same_file_is_kept_once(self):
        first, second = self.photo(), self.photo()
        assert first == second
        assert Attachment.objects.count() == 1

    def test_upload_and_removal_stand_on_the_trail_of_the_row_itself(self):
        photo = self.photo()
        remove(photo, by=self.committee, reason="拍错了")
        said = AuditEntry.objects.filter(model="organizations.organization", object_id=str(self.ours.pk))
        assert ["上传 门牌.jpg" in said[1].sentence, "拍错了" in said[0].sentence] == [True, True]

    def test_nobody_attaches_to_a_row_that_he_may_not_change(self):
        for user, obj in ((self.leader, self.ours), (self.committee, self.theirs)):
            with pytest.raises(PermissionDenied):
                attach(obj, pdf(), by=user)
        assert not Attachment.objects.exists()

    def test_a_finished_check_keeps_its_files(self):
        answer = self.finished_answer()
        kept = attach(answer, pdf(), by=self.committee)
        Check.objects.update(status=Check.Status.DONE)
        with pytest.raises(ValidationError, match="已经完成"):
            attach(Answer.objects.get(), upload("b.jpg", picture()), by=self.committee)
        with pytest.raises(ValidationError, match="已经完成"):
            remove(kept, by=self.committee, reason="x")

    def test_a_file_is_removed_once_and_with_a_reason(self):
        photo = self.photo()
        with pytest.raises(ValidationError, match="原因"):
            remove(photo, by=self.committee, reason="  ")
        remove(photo, by=self.committee, reason="重复")
        with pytest.raises(ValidationError, match="已被移除"):
            remove(photo, by=self.committee, reason="重复")
        assert files.path_of(photo.key).is_file()

    def test_files_follow_their_row(self):
        photo, answer = self.photo(), self.finished_answer()
        paper = attach(answer, pdf(), by=self.committee)
        unit = make_unit(area=self.county)
        self.ours.unit = unit
        self.ours.save()
        follow(self.ours)
        for row in (photo, paper, answer.inspection):
            row.refresh_from_db()
            assert row.unit == unit
        move_registers(self.village, self.foreign, dt.date(2026, 1, 1))
        for row in (photo, paper):
            row.refresh_from_db()
            assert row.area == self.foreign

    def test_only_registers_and_answers_own_files(self):
        assert {"organizations.organization", "organizations.answer", "outreach.site"} <= set(owners())
        assert not {"organizations.attachment", "organizations.check", "accounts.user"} & set(owners())


class PageTests(AttachmentCase):
    def test_several_files_come_in_at_once_and_a_bad_one_holds_up_no_other(self):
        page = self.add(self.ours, pdf(), upload("a.exe", b"MZ"), caption="会议")
        assert "会议记录.pdf已上传" in page.text
        assert "只能上传" in page.text
        assert Attachment.objects.get().caption == "会议"

    def test_nothing_chosen_and_too_long_a_caption_say_so(self):
        assert "请先选择文件" in self.add(self.ours).text
        assert "最多 100 个字" in self.add(self.ours, pdf(), caption="长" * 101).text
        assert "控制字符" in self.add(self.ours, pdf(), caption="a\u202eb").text
        assert not Attachment.objects.exists()

    def test_a_row_of_another_township_does_not_exist_and_a_reader_adds_nothing(self):
        assert self.client.post(self.add_url(self.theirs), {"files": pdf()}).status_code == 404
        self.client.force_login(self.leader)
        assert self.client.post(self.add_url(self.ours), {"files": pdf()}).status_code == 403
        assert not Attachment.objects.exists()

    def test_only_registers_can_be_named(self):
        for register in ("accounts.user", "organizations.attachment", "x", "assessments.score"):
            assert self.client.post(self.add_url(self.ours, register), {"files": pdf()}).status_code == 404

    def test_the_way_back_stays_on_this_site(self):
        url = self.add_url(self.ours)
        assert self.client.post(url, {"next": "https://example.com/"}).url == self.ours.get_absolute_url()
        assert self.client.post(url, {"next": "/organizations/areas/"}).url == "/organizations/areas/"

    def test_a_file_goes_out_as_a_download_and_is_written_down(self):
        photo = self.photo()
        answer = self.client.get(photo.get_absolute_url())
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer.getvalue()[:3] == b"\xff\xd8\xff"
        assert "下载 门牌.jpg" in AuditEntry.objects.filter(action="downloaded").first().sentence

    def test_a_thumbnail_is_an_image_that_nothing_runs_in(self):
        answer = self.client.get(self.photo().get_thumbnail_url())
        assert (answer["Content-Type"], answer["Content-Disposition"]) == ("image/jpeg", "inline")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert Image.open(io.BytesIO(answer.getvalue())).width == 320

    def test_a_file_of_another_township_does_not_exist(self):
        staff = make_user(role=Role.STAFF, area=self.county)
        photo = attach(self.theirs, upload("门牌.jpg", picture()), by=staff)
        for url in (photo.get_absolute_url(), photo.get_thumbnail_url()):
            assert self.client.get(url).status_code == 404
        assert self.client.post(reverse("organizations:attachment_remove", args=[photo.key])).status_code == 404

    def test_a_removed_file_is_gone_from_every_door(self):
        photo = self.photo()
        url = reverse("organizations:attachment_remove", args=[photo.key])
        assert "请写明移除的原因" in self.client.post(url, follow=True).text
        assert "已移除" in self.client.post(url, {"reason": "拍错了"}, follow=True).text
        for gone in (photo.get_absolute_url(), photo.get_thumbnail_url()):
            assert self.client.get(gone).status_code == 404

    def test_a_document_has_no_thumbnail(self):
        self.add(self.ours, pdf())
        assert self.client.get(Attachment.objects.get().get_thumbnail_url()).status_code == 404

    def test_a_reader_fetches_and_may_not_remove(self):
        photo = self.photo()
        self.client.force_login(self.leader)
        assert self.client.get(photo.get_absolute_url()).status_code == 200
        assert self.client.post(reverse("organizations:attachment_remove", args=[photo.key])).status_code == 403


class ReadingTests(AttachmentCase):
    def test_over_the_api_a_file_is_read_by_those_who_may_read_its_register(self):
        photo = self.photo()
        request = make_request(make_enterprise(self.village), area=self.village)
        staff = make_user(role=Role.STAFF, area=self.county)
        secret = attach(request, upload("诉求材料.jpg", picture(size=(300, 200))), by=staff)
        village = make_user(role=Role.VILLAGE, area=self.village)
        url = reverse("api:attachments_list")
        for user, keys in (
            (staff, {photo.key, secret.key}),
            (village, {photo.key}),
            (self.leader, {photo.key, secret.key}),
        ):
            self.client.force_login(user)
            rows = self.client.get(url).json()["results"]
            assert {row["url"] for row in rows} == {
                reverse("organizations:attachment_download", args=[k]) for k in keys
            }
            for name in ("download", "thumbnail"):
                for file in (photo, secret):
                    answer = self.client.get(reverse(f"organizations:attachment_{name}", args=[file.key]))
                    assert answer.status_code == (200 if file.key in keys else 404), (name, file.name)
        found = self.client.get(
            url, {"register": "organizations.organization", "object_id": self.ours.pk, "is_photo": "true"}
        )
        assert [row["id"] for row in found.json()["results"]] == [photo.pk]
        self.client.force_login(make_user(role=Role.COMMITTEE, area=self.south))
        assert self.client.get(url).json()["count"] == 0
        remove(photo, by=staff, reason="重复")
        self.client.force_login(village)
        assert self.client.get(url).json()["count"] == 0
