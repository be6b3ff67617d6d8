"""Phones: stored encrypted, shown as two digits whatever asks, read again with any key that is kept, rotated in words."""

import base64
import copy
import io
import json
import logging
import pickle
import time

import pytest
from django.core import serializers
from django.core.exceptions import FieldError, ValidationError
from django.core.management import CommandError, call_command
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.template import Context, Template
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import ModelSerializer

from organizations.models import Area, Person
from portal.audit.models import PRIVATE, PRIVATE_CHANGED, AuditEntry, Change, differences, record, snapshot
from portal.kit import secrets
from portal.kit.forms import ModelForm
from portal.kit.secrets import (
    DamagedError,
    EncryptedPhoneField,
    KeyMissingError,
    Phone,
    PhoneField,
    decrypt,
    encrypt,
    fingerprint,
    normal_phone,
)
from tests.factories import make_batch, make_person

DIGITS = "13800000067"
MASKED = "•••••••••67"
FIELD = Person._meta.get_field("phone")
COLUMN = "organizations.person.phone"
OLD, NEW, PRINTS = (bytes([number]) * 32 for number in (1, 2, 3))


def read(token):
    """The value as the database hands it over."""
    return FIELD.from_db_value(token, None, connection)


def stored(person):
    """What really lies in the column."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM organizations_person WHERE id = %s", [person.pk])
        return cursor.fetchone()[0]


def written():
    return read(encrypt(DIGITS, COLUMN))


class TestStored:
    def test_a_value_names_version_and_key_and_never_repeats(self):
        first, second = encrypt(DIGITS, COLUMN), encrypt(DIGITS, COLUMN)
        assert first.startswith("1$test$")
        assert first != second
        assert len(first) < FIELD.max_length
        assert decrypt(first, COLUMN) == decrypt(second, COLUMN) == DIGITS

    def test_no_digit_of_it_is_in_clear(self, db):
        person = make_person(phone=DIGITS)
        assert DIGITS not in stored(person)
        assert DIGITS.encode() not in base64.b64decode(stored(person).split("$")[2])
        assert Person.objects.get(pk=person.pk).phone.reveal() == DIGITS

    def test_a_value_opens_in_no_other_column(self):
        with pytest.raises(DamagedError, match=r"outreach\.site\.phone"):
            decrypt(encrypt(DIGITS, COLUMN), "outreach.site.phone")

    @pytest.mark.parametrize(
        "change", [lambda token: token[:-8], lambda token: token[:-4] + "AAA=", lambda token: DIGITS]
    )
    def test_a_changed_value_is_refused_without_its_digits(self, change):
        with pytest.raises(DamagedError) as caught:
            decrypt(change(encrypt(DIGITS, COLUMN)), COLUMN)
        assert DIGITS not in str(caught.value)

    def test_a_missing_key_says_what_to_do(self, settings):
        settings.FIELD_KEYS = {"old": OLD, "fp": PRINTS}
        token = encrypt(DIGITS, COLUMN)
        settings.FIELD_KEYS = {"new": NEW, "fp": PRINTS}
        with pytest.raises(KeyMissingError, match="no key 'old'.*Put that key back.*rotate_field_keys"):
            read(token).reveal()
        assert str(read(token)) == secrets.UNREADABLE
        assert (read(token) == read(token), read(token) == Phone(DIGITS), FIELD.get_prep_value(read(token))) == (
            True, False, token,
        )  # fmt: skip

    def test_an_older_key_still_opens(self, settings):
        settings.FIELD_KEYS = {"old": OLD, "fp": PRINTS}
        token = encrypt(DIGITS, COLUMN)
        settings.FIELD_KEYS = {"new": NEW, "old": OLD, "fp": PRINTS}
        assert read(token).reveal() == DIGITS
        assert encrypt(DIGITS, COLUMN).startswith("1$new$")

    def test_fingerprints_find_equal_numbers_and_outlive_the_writing_key(self, settings):
        before = fingerprint(DIGITS)
        settings.FIELD_KEYS = {"new": NEW, **settings.FIELD_KEYS}
        assert fingerprint(DIGITS) == before == written().fingerprint == Phone(" 138-0000-0067").fingerprint
        assert (len(before), fingerprint(""), fingerprint("13800000068") == before) == (64, "", False)


class TestPhone:
    @pytest.mark.parametrize(
        "phone", [Phone(DIGITS), written(), Phone("027-87654367")], ids=["typed", "stored", "landline"]
    )
    def test_every_text_is_masked(self, phone, caplog):
        logging.getLogger("django").warning("saved %s", phone)
        logging.getLogger("django").warning("%r of %s", phone, {"phone": [phone]})
        logging.getLogger("django").warning(f"{phone:>20}")
        shown = [str(phone), f"{phone}", f"{phone!r}", str(ValueError(phone)), str([phone]), "%s" % phone, phone.masked]  # noqa: UP031
        shown.append(
            Template("{{ phone }} {{ phone|default:'—' }} {{ phone|slice:':20' }}").render(Context({"phone": phone}))
        )
        shown.extend(caplog.messages)
        for text in shown:
            assert "67" in text
            assert MASKED in text
            assert not any(word in text for word in ("13800000067", "8765436", "0000"))

    def test_no_template_reveals(self):
        assert Template("[{{ phone.reveal }}]").render(Context({"phone": Phone(DIGITS)})) == "[]"

    def test_json_and_pickles_refuse(self):
        for encoder in (None, DjangoJSONEncoder):
            with pytest.raises(TypeError):
                json.dumps({"phone": written()}, cls=encoder)
        with pytest.raises(TypeError):
            pickle.dumps(Phone(DIGITS))

    def test_equal_when_the_digits_are(self):
        assert Phone("138 0000 0067") == written() == DIGITS
        assert {Phone(DIGITS), written()} == {written()}
        assert Phone(DIGITS) != Phone("13800000167")
        assert Phone(DIGITS) is not None
        assert (Phone() == "", bool(Phone()), str(Phone()), bool(written())) == (True, False, "", True)

    def test_it_does_not_change(self):
        phone = written()
        with pytest.raises(AttributeError):
            phone._digits = "1"
        assert copy.copy(phone) is copy.deepcopy(phone) is phone
        assert not hasattr(phone, "__dict__")

    def test_two_hundred_rows_take_less_than_five_milliseconds(self):
        tokens = [encrypt(f"138000{number:05d}", COLUMN) for number in range(200)]
        took = []
        for _ in range(5):
            start = time.perf_counter()
            assert len({str(read(token)) for token in tokens}) == 100
            took.append(time.perf_counter() - start)
        assert min(took) < 0.005, took


class TestNormalPhone:
    @pytest.mark.parametrize(
        ("typed", "digits"),
        [
            ("138 0000 0067", DIGITS), ("138-0000-0067", DIGITS), ("１３８００００００６７", DIGITS), ("+86 138 0000 0067", DIGITS),
            ("0086-13800000067", DIGITS), ("8613800000067", DIGITS), ("\u202d13800000067\u202c", DIGITS), ("13800000067.0", DIGITS),
            ("0719-2723456", "07192723456"), ("０７１９－２７２３４５６", "07192723456"), ("（0719）2723456", "07192723456"),
            ("+86 719 2723456", "07192723456"), ("010 6552 1234", "01065521234"), ("400-800-1234", "4008001234"),
            ("", ""), ("  ", ""),
        ],
    )  # fmt: skip
    def test_what_people_type(self, typed, digits):
        assert normal_phone(typed) == digits

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("1380000006", "手机号应为 11 位，现在是 10 位。"),
            ("2723456", "固定电话请加上区号，例如 0719-2723456。"),
            ("0719-27234", "固定电话应为区号加 7 至 8 位号码，例如 0719-2723456。"),
            ("13800000067、13800000068", "请只填一个号码。"),
            ("13800000067 13800000068", "号码太长：请只填一个号码，不要写分机号。"),
            ("0719-2723456转801", "电话里只能有数字、空格和横线。"),
            ("1380000oo67", "电话里只能有数字、空格和横线。"),
            ("138****0067", "电话里只能有数字、空格和横线。"),
            ("12800000067", "这不是手机号，也不是带区号的固定电话，请核对。"),
        ],
    )
    def test_what_is_wrong_is_said_without_the_number(self, typed, words):
        with pytest.raises(ValidationError) as caught:
            normal_phone(typed)
        assert caught.value.messages == [words]


class PersonForm(ModelForm):
    class Meta:
        model = Person
        fields = ("name", "phone")


class TestForm:
    def form(self, phone, stored=DIGITS, **fields):
        person = Person(pk=1, name="张某甲", phone=read(encrypt(stored, COLUMN)) if stored else "")
        form = PersonForm({"name": "张某甲", "phone": phone, **fields}, instance=person)
        return form, form.is_valid() or form.errors.as_text()

    def test_an_edit_form_shows_the_mask_as_placeholder_only(self):
        form = PersonForm(instance=Person(pk=1, name="张某甲", phone=written()))
        box = str(form["phone"])
        assert f'placeholder="{MASKED}"' in box
        assert 'type="tel"' in box
        assert "value=" not in box
        assert DIGITS not in form.as_p()
        assert form["phone"].help_text == "已登记的号码不显示，留空则不改，填“无”则删去。"
        assert 'value="•' not in form["phone"].as_hidden()

    def test_a_new_form_has_an_empty_box(self):
        form = PersonForm()
        assert "placeholder" not in str(form["phone"])
        assert form["phone"].help_text == ""

    def test_the_forms_of_one_class_do_not_share_what_is_stored(self):
        PersonForm(instance=Person(pk=1, phone=written()))["phone"]
        assert "placeholder" not in str(PersonForm()["phone"])
        assert PersonForm.base_fields["phone"].stored == ""

    @pytest.mark.parametrize(
        ("typed", "expected", "changed"),
        [("", DIGITS, False), ("138 0000 0067", DIGITS, False), ("0719-2723456", "07192723456", True),
         ("无", "", True), ("-", "", True), (" － ", "", True)],
    )  # fmt: skip
    def test_what_is_sent(self, typed, expected, changed):
        form, valid = self.form(typed)
        assert valid is True
        assert form.instance.phone.reveal() == expected
        assert ("phone" in form.changed_data) is changed

    def test_a_wrong_number_is_said_in_words_and_stays_in_the_box(self):
        form, words = self.form("1380000006", stored="")
        assert "现在是 10 位" in words
        assert 'value="1380000006"' in str(form["phone"])

    def test_a_needed_number_may_be_left_as_it_is_but_not_removed(self):
        class NeedyForm(PersonForm):
            phone = PhoneField(required=True)

        person = Person(pk=1, name="张某甲", phone=written())
        sent = [NeedyForm({"name": "张某甲", "phone": typed}, instance=person).is_valid() for typed in ("", "无")]
        assert sent == [True, False]
        assert "required" not in str(NeedyForm(instance=person)["phone"])
        assert "required" in str(NeedyForm()["phone"])


class TestField:
    def test_migrations_rebuild_it(self):
        name, path, args, kwargs = FIELD.deconstruct()
        assert path == "portal.kit.secrets.EncryptedPhoneField"
        assert kwargs == {"verbose_name": "联系电话", "max_length": 255, "blank": True}
        assert isinstance(FIELD.clone(), EncryptedPhoneField)

    def test_what_code_assigns_becomes_a_phone(self):
        person = Person(phone="0719-2723456")
        assert (person.phone.reveal(), Person().phone, Person(phone=None).phone) == ("07192723456", "", "")
        with pytest.raises(ValidationError):
            person.phone = "没有号码"

    def test_full_clean_judges_new_numbers_and_leaves_stored_ones(self):
        with pytest.raises(ValidationError, match="请核对"):
            FIELD.clean(Person(phone="10001234567").phone, None)
        FIELD.clean(read(encrypt("10001234567", COLUMN)), None)
        FIELD.clean(Phone(), None)

    def test_saving_again_does_not_write_it_anew(self, db):
        person = Person.objects.get(pk=make_person(phone=DIGITS).pk)
        before = stored(person)
        person.save()
        assert stored(person) == before

    def test_reads_and_bulk_writes(self, db):
        person = make_person(phone=DIGITS)
        [phone] = Person.objects.values_list("phone", flat=True)
        assert (type(phone), str(phone)) == (Phone, MASKED)
        assert str(Person.objects.values("phone").get()) == f"{{'phone': {MASKED}}}"
        assert Person.objects.defer("phone").get().phone == DIGITS
        person.phone = "0719-2723456"
        Person.objects.bulk_update([person], ["phone"])
        assert Person.objects.get().phone == "07192723456"
        Person.objects.update(phone=DIGITS)
        person.refresh_from_db()
        assert person.phone == DIGITS
        Person.objects.bulk_create([Person(name="李某乙", area=person.area, phone="027-87654321")])
        assert Person.objects.get(name="李某乙").phone.reveal() == "02787654321"

    def test_only_emptiness_is_searched(self, db):
        empty, full = make_person(phone=""), make_person(phone=DIGITS)
        assert stored(empty) == ""
        assert Person.objects.filter(phone="").get() == empty
        assert Person.objects.exclude(phone="").get() == full
        for lookup in ("phone", "phone__icontains", "phone__startswith", "phone__in", "phone__regex", "phone__gt"):
            with pytest.raises(FieldError):
                list(Person.objects.filter(**{lookup: DIGITS}))

    def test_a_dump_carries_the_stored_form_and_loads_again(self, db):
        person = make_person(phone=DIGITS)
        dump = serializers.serialize("json", [person])
        assert DIGITS not in dump
        Person.objects.all().delete()
        for loaded in serializers.deserialize("json", dump):
            loaded.save()
        assert Person.objects.get().phone.reveal() == DIGITS

    def test_the_api_shows_the_mask(self):
        class PersonSerializer(ModelSerializer):
            class Meta:
                model = Person
                fields = ("name", "phone")

        data = PersonSerializer(Person(name="张某甲", phone=written())).data
        assert MASKED in JSONRenderer().render(data).decode()


class TestTrail:
    def changes(self, before, after):
        area = Area(name="水坪镇")
        stored_person = Person(name="张某甲", area=area, phone=before)
        return differences(snapshot(stored_person), Person(name="张某甲", area=area, phone=after))

    @pytest.mark.parametrize(
        ("before", "after", "said"),
        [
            (DIGITS, "0719-2723456", (PRIVATE, PRIVATE_CHANGED)),
            (DIGITS, "13900000067", (PRIVATE, PRIVATE_CHANGED)),  # the same mask
            ("", DIGITS, ("", PRIVATE)),
            (DIGITS, "", (PRIVATE, "")),
        ],
    )
    def test_a_change_is_told_without_the_values(self, before, after, said):
        assert self.changes(before, after) == [Change("phone", "联系电话", *said)]
        assert all(type(text) is str for text in self.changes(before, after)[0])

    def test_the_same_number_is_no_change(self):
        assert self.changes(written(), DIGITS) == []

    def test_no_digit_enters_the_trail(self, db):
        record(None, "updated", make_person(), changes=self.changes(DIGITS, "13900000067"))
        entry = AuditEntry.objects.get()
        assert f"联系电话 由 {PRIVATE} 改为 {PRIVATE_CHANGED}" in entry.sentence
        assert "67" not in json.dumps(entry.changes)

    def test_other_private_fields_are_told_the_same_way(self):
        person = Person(name="张某甲", area=Area(name="水坪镇"))
        person.audit_private = frozenset({"name"})
        before = snapshot(person)
        assert (before["name"], differences(before, person)) == (PRIVATE, [])
        person.name = "李某乙"
        assert differences(before, person) == [Change("name", "姓名", PRIVATE, PRIVATE_CHANGED)]


@pytest.mark.django_db
class TestRotation:
    @pytest.fixture(autouse=True)
    def people(self, settings):
        settings.FIELD_KEYS = {"old": OLD, "fp": PRINTS}
        self.people = [make_person(phone=f"1380000{number:04d}") for number in range(7)]
        make_person(phone="")
        settings.FIELD_KEYS = {"new": NEW, "old": OLD, "fp": PRINTS}

    def rotate(self):
        out = io.StringIO()
        call_command("rotate_field_keys", stdout=out)
        return out.getvalue()

    def test_every_value_is_written_with_the_first_key(self, settings, monkeypatch):
        monkeypatch.setattr("portal.accounts.management.commands.rotate_field_keys.BATCH", 3)
        prints = list(Person.objects.order_by("pk").values_list("phone_fingerprint", flat=True))
        said = self.rotate()
        assert f"{COLUMN}: 7 values, 7 written anew." in said
        assert "All is written with new;" in said
        settings.FIELD_KEYS = {"new": NEW, "fp": PRINTS}
        assert [Person.objects.get(pk=one.pk).phone == one.phone for one in self.people] == [True] * 7
        assert {stored(person)[:6] for person in self.people} == {"1$new$"}
        assert list(Person.objects.order_by("pk").values_list("phone_fingerprint", flat=True)) == prints
        [entry] = AuditEntry.objects.all()
        assert entry.sentence == "系统 轮换字段密钥：改用密钥 new"

    def test_a_second_run_changes_nothing(self):
        self.rotate()
        before = [stored(person) for person in self.people]
        assert "7 values, 0 written anew" in self.rotate()
        assert [stored(person) for person in self.people] == before
        assert AuditEntry.objects.count() == 1

    def test_broken_off_it_goes_on(self, monkeypatch):
        monkeypatch.setattr("portal.accounts.management.commands.rotate_field_keys.BATCH", 3)
        calls, real = [], models.QuerySet.bulk_update

        def fail_at_the_second(queryset, *args, **kwargs):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return real(queryset, *args, **kwargs)

        with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
            broken.setattr(models.QuerySet, "bulk_update", fail_at_the_second)
            self.rotate()
        assert AuditEntry.objects.count() == 1
        assert sorted(stored(person)[:5] for person in self.people) == ["1$new"] * 3 + ["1$old"] * 4
        assert "7 values, 4 written anew" in self.rotate()

    def test_a_new_fp_key_makes_the_fingerprints_anew(self, settings):
        self.rotate()
        settings.FIELD_KEYS = {"new": NEW, "fp": OLD}
        assert "7 values, 7 written anew" in self.rotate()
        assert Person.objects.filter(phone_fingerprint=fingerprint("13800000003")).count() == 1

    def test_sealed_files_are_sealed_anew(self, settings):
        settings.FIELD_KEYS = {"old": OLD, "fp": PRINTS}
        batch = make_batch(content="张某甲 13800000001".encode())
        settings.FIELD_KEYS = {"new": NEW, "old": OLD, "fp": PRINTS}
        assert "exchange.importbatch.content: 1 written anew." in self.rotate()
        assert "exchange.importbatch.content: 0 written anew." in self.rotate()
        settings.FIELD_KEYS = {"new": NEW, "fp": PRINTS}
        batch.refresh_from_db()
        assert batch.content == "张某甲 13800000001".encode()

    def test_what_no_key_opens_is_named_and_kept(self, settings):
        settings.FIELD_KEYS = {"new": NEW, "fp": PRINTS}
        fine = make_person(phone=DIGITS)
        with pytest.raises(CommandError) as caught:
            self.rotate()
        assert f"{COLUMN}, row {self.people[0].pk}: FIELD_KEYS has no key 'old'" in str(caught.value)
        assert stored(self.people[0]).startswith("1$old$")
        assert Person.objects.get(pk=fine.pk).phone == DIGITS


def test_the_plain_form_field_serves_imports():
    field = PhoneField(required=False)
    assert (field.clean("138 0000 0067").reveal(), field.clean("无"), field.clean("")) == (DIGITS, "", "")
    with pytest.raises(ValidationError):
        field.clean("138")
