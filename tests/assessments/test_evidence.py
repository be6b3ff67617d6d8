"""Uploads: what may come in and what is refused in plain words, how it is kept, who gets it back."""

import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import TestCase, override_settings
from django.urls import reverse
from PIL import Image

from assessments.models import Evidence
from assessments.services import reports
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.kit import files
from tests.factories import make_county, make_quarter, make_scheme, make_user
from tests.uploads import PDF, TYPES, package, pdf, picture, upload

LINK = '<Relationships><Relationship Id="r1" Type="http://x/relationships/{}" Target="http://a.example/t" TargetMode="External"/></Relationships>'


def too_many():
    return {f"word__p{number}.xml": "x" for number in range(199)}


def encrypted():
    """A package whose entries claim to be encrypted."""
    content = bytearray(package())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        while place >= 0:
            content[place + offset] |= 1
            place = content.find(mark, place + 4)
    return bytes(content)


BAD = {
    "no ending": ("记录", PDF, "", "只能上传 pdf、jpg、png、docx、xlsx"),
    "an exe": ("a.exe", b"MZ\x90\x00", "application/x-msdownload", "只能上传"),
    "an svg": ("a.svg", b"<svg onload='alert(1)'/>", "image/svg+xml", "只能上传"),
    "a page": ("a.html", b"<script>1</script>", "text/html", "只能上传"),
    "an old document": ("a.doc", b"\xd0\xcf\x11\xe0", "application/msword", "只能上传"),
    "a workbook with macros": ("a.xlsm", package("xlsx"), "", "只能上传"),
    "two endings": ("a.pdf.exe", PDF, "application/pdf", "只能上传"),
    "an exe called pdf": ("a.pdf", b"MZ\x90\x00" + PDF, "application/pdf", "内容不是 pdf 文件"),
    "an svg called png": ("a.png", b"<svg/>", "image/png", "内容不是 png 文件"),
    "a png called jpg": ("a.jpg", picture("PNG"), "image/jpeg", "内容不是 jpg 文件"),
    "an empty file": ("a.pdf", b"", "application/pdf", "内容不是 pdf 文件"),
    "a declared type that differs": ("a.pdf", PDF, "text/html", "文件类型（text/html）与扩展名不符"),
    "a pdf with something behind it": ("a.pdf", PDF + b"MZ" + b"\0" * 2000, "", "夹带了其他内容"),
    "a pdf that is a zip too": ("a.pdf", PDF + package() + b"\0" * 1024, "", "夹带了其他内容"),
    "a pdf with a script": ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</JavaScript(x)>>"), "", "含有脚本"),
    "a pdf with a file in it": ("a.pdf", PDF.replace(b"/Catalog", b"/Catalog/EmbeddedFile"), "", "含有脚本或附件"),
    "a docx called xlsx": ("a.xlsx", package("docx"), "", "内容不是 xlsx 文件"),
    "a docx that is no zip": ("a.docx", b"PK\x03\x04rubbish", "", "已损坏"),
    "a docx cut off": ("a.docx", package()[:-30], "", "已损坏"),
    "a docx with a password": ("a.docx", encrypted(), "", "加了密码"),
    "a docx with macros": ("a.docx", package(word__vbaProject__bin="x"), "", "含有宏"),
    "an xlsx with macros under another name": ("a.xlsx", package("xlsx", xl__VBAPROJECT__bin="x"), "", "含有宏"),
    "a docx with an object": ("a.docx", package(word__embeddings__oleObject1="x"), "", "嵌入的文件"),
    "an xlsx with a linked workbook": ("a.xlsx", package("xlsx", xl__externalLinks__e1="x"), "", "链接了其他文件"),
    "a docx with a template elsewhere": (
        "a.docx", package(**{"word___rels__settings.xml.rels": LINK.format("attachedTemplate")}), "", "链接了其他文件",
    ),
    "a docx of too many parts": ("a.docx", package(**too_many()), "", "展开后过大"),
    "a zip bomb": ("a.docx", package(word__bomb=b"\0" * (31 * 1024 * 1024)), "", "展开后过大"),
    "a picture cut off": ("a.jpg", picture(size=(400, 400))[:400], "", "图片已损坏"),
    "a picture of rubbish": ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "", "图片已损坏"),
    "a picture of too many points": ("a.png", picture("PNG", (8000, 6300)), "", "过大，请缩小"),
    "a name with a direction mark": ("记录\u202efdp.pdf", PDF, "", "不可见的控制字符"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "content_type", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_in_plain_words(name, content, content_type, words):
    with pytest.raises(ValidationError, match=words) as caught:
        files.check(upload(name, content, content_type))
    assert len(caught.value.messages) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("记录.pdf", PDF), ("照片.JPG", picture()), ("照片.jpeg", picture()), ("截图.png", picture("PNG")),
        ("总结.docx", package()), ("名册.xlsx", package("xlsx")),
        ("有网址.docx", package(**{"word___rels__document.xml.rels": LINK.format("hyperlink")})),
    ],
)  # fmt: skip
@pytest.mark.parametrize("declared", ["right", "application/octet-stream"])
def test_a_right_file_is_kept_under_its_own_name_and_type(name, content, declared):
    ending = name.rpartition(".")[2].lower().replace("jpeg", "jpg")
    checked = files.check(upload(name, content, TYPES[ending] if declared == "right" else declared))
    assert (checked.name, checked.content_type) == (name, TYPES[ending])
    if ending not in {"jpg", "png"}:
        assert checked.content == content


def test_a_damaged_part_is_noticed():
    content = bytearray(package(word__b="A" * 5000))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        place = file.getinfo("word/b").header_offset + 36
    content[place] ^= 0xFF
    with pytest.raises(ValidationError, match="已损坏"):
        files.check(upload("a.docx", bytes(content)))


def test_a_picture_is_drawn_anew_upright_without_what_the_camera_wrote():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "canary-camera"  # turned by 90°, maker
    exif.get_ifd(0x8825)[1] = "N"  # a place
    content = picture(exif=exif) + b"<script>canary-tail</script>"
    checked = files.check(upload("a.jpg", content))
    assert b"canary" not in checked.content and b"Exif" not in checked.content
    with Image.open(io.BytesIO(checked.content)) as image:
        assert image.size == (20, 40) and not image.getexif()


def test_the_path_of_a_windows_browser_or_an_attacker_is_cut_off():
    for name in ("C:\\照片\\a.pdf", "../../etc/a.pdf", "..\\a.pdf"):
        made = pdf()
        made._name = name
        assert files.check(made).name == "a.pdf"


@override_settings(UPLOAD_MAX_BYTES=2 * 1024 * 1024)
def test_the_size_is_bounded_and_said_in_megabytes():
    half = PDF + b"\0" * (2 * 1024 * 1024 + 1 - len(PDF))
    with pytest.raises(ValidationError, match=r"文件 2\.0 MB，超过 2 MB，请压缩"):
        files.check(upload("a.pdf", half))


class EvidenceCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.quarter = make_quarter(make_scheme(cls.county, status="open"))
        cls.report, cls.other = cls.quarter.reports.select_related("unit__area")[:2]
        cls.task = cls.quarter.tasks.select_related("indicator").first()
        cls.committee = make_user(role=Role.COMMITTEE, unit=cls.report.unit)
        cls.neighbour = make_user(role=Role.COMMITTEE, unit=cls.other.unit)

    def setUp(self):
        self.client.force_login(self.committee)

    def add(self, *uploads, follow=True, **more):
        url = reverse("assessments:evidence_add", args=[self.report.pk, self.task.pk])
        return self.client.post(url, {"files": list(uploads), **more}, follow=follow)

    def attach(self, made=None):
        return reports.attach_evidence(self.report, self.task, made or pdf(), by=self.committee)


class KeepTests(EvidenceCase):
    def test_good_files_are_kept_and_bad_ones_named_in_one_go(self):
        page = self.add(pdf(), upload("病毒.exe", b"MZ"), upload("照片.jpg", picture()))
        self.assertContains(page, "会议记录.pdf已上传")
        self.assertContains(page, "病毒.exe：只能上传")
        assert [evidence.name for evidence in Evidence.objects.all()] == ["会议记录.pdf", "照片.jpg"]
        assert AuditEntry.objects.filter(model="assessments.evidence", action="created").count() == 2

    def test_it_lies_whole_under_its_own_key_with_its_digest(self):
        evidence = self.attach()
        path = files.path_of(evidence.key)
        key = evidence.key.hex
        assert path == Path(settings.FILES_ROOT) / key[:2] / key[2:4] / key
        assert path.read_bytes() == PDF and evidence.size == len(PDF)
        assert [found.name for found in path.parent.iterdir()] == [key], "no half-written file stays behind"
        assert path.stat().st_mode & 0o077 == 0

    def test_the_same_file_sent_twice_is_one(self):
        assert self.attach() == self.attach()
        assert Evidence.objects.count() == 1

    def test_nothing_chosen_is_said(self):
        self.assertContains(self.add(), "请先选择文件")

    def test_ten_a_task_at_most(self):
        for number in range(10):
            self.attach(pdf(content=PDF.replace(b"1.4", b"1.%d" % number)))
        with self.assertRaisesMessage(ValidationError, "每项最多 10 个佐证材料"):
            self.attach(pdf(content=PDF + b"\n"))

    def test_a_closed_report_takes_and_loses_nothing(self):
        evidence = self.attach()
        self.quarter.state = "published"
        self.quarter.save()
        for act in (
            lambda: self.attach(pdf(content=PDF + b"\n")),
            lambda: reports.remove_evidence(evidence, by=self.committee),
        ):
            with self.assertRaisesMessage(ValidationError, "自评不能再修改"):
                act()
        assert Evidence.objects.kept().count() == 1

    def test_a_row_that_cannot_be_saved_leaves_none(self):
        with self.assertRaises(PermissionDenied):
            reports.attach_evidence(self.report, self.task, pdf(), by=self.neighbour)
        assert not Evidence.objects.exists()

    def test_a_removed_file_leaves_the_page_and_stays_in_the_history(self):
        evidence = self.attach()
        url = reverse("assessments:evidence_remove", args=[evidence.key])
        for _ in range(2):
            self.assertRedirects(self.client.post(url), f"{self.report.get_absolute_url()}#task-{self.task.pk}")
        self.assertNotContains(self.client.get(self.report.get_absolute_url()), evidence.get_absolute_url())
        assert self.client.get(evidence.get_absolute_url()).status_code == 404
        assert files.path_of(evidence.key).exists()
        assert AuditEntry.objects.filter(model="assessments.evidence", action="deleted").count() == 1


class DownloadTests(EvidenceCase):
    def test_it_comes_back_as_an_attachment_that_no_browser_runs(self):
        evidence = self.attach()
        answer = self.client.get(evidence.get_absolute_url())
        assert b"".join(answer.streaming_content) == PDF
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E4%BC%9A")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        assert "no-store" in answer["Cache-Control"]
        assert AuditEntry.objects.filter(action="downloaded", object_id=str(evidence.pk)).count() == 1

    def test_the_unit_its_staff_and_leaders_get_it_and_nobody_else(self):
        evidence = self.attach()
        leader = make_user(role=Role.LEADER, area=self.county)
        for user, status in [
            (self.committee, 200), (self.staff, 200), (leader, 200), (self.neighbour, 404),
            (make_user(role=Role.STAFF, area=make_county()), 404), (make_user(role=Role.SYSADMIN, area=self.county), 403),
        ]:  # fmt: skip
            self.client.force_login(user)
            with self.subTest(str(user)):
                assert self.client.get(evidence.get_absolute_url()).status_code == status
        self.client.logout()
        assert self.client.get(evidence.get_absolute_url()).status_code == 302

    def test_a_neighbour_neither_adds_nor_removes(self):
        evidence = self.attach()
        self.client.force_login(self.neighbour)
        assert self.add(pdf(), follow=False).status_code == 404
        assert self.client.post(reverse("assessments:evidence_remove", args=[evidence.key])).status_code == 404
        self.client.force_login(self.staff)
        assert self.add(pdf(), follow=False).status_code == 403
        assert Evidence.objects.kept().count() == 1

    def test_a_file_that_is_gone_from_the_disk_is_a_404_and_not_a_crash(self):
        evidence = self.attach()
        files.path_of(evidence.key).unlink()
        assert self.client.get(evidence.get_absolute_url()).status_code == 404
