"""The second factor: asked after the password, taken once, set up by its owner, reset by an administrator."""

import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pyotp
import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.test import Client, TestCase, TransactionTestCase, override_settings
from django.urls import reverse

from portal.accounts import factors
from portal.accounts.models import Factor, RecoveryCode, User
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import PASSWORD, make_county, make_user

LOGIN, ME = "/accounts/login/", "/accounts/me/"
CHECK, SETUP = "/accounts/factors/check/", "/accounts/factors/setup/"
ALL_ADMINISTRATORS = override_settings(SECOND_FACTOR_LINES=["sysadmin", "secadmin", "auditor"])


def code_of(secret, steps=0):
    return pyotp.TOTP(secret).generate_otp(int(time.time()) // 30 + steps)


def with_app(user):
    """(its secret, recovery codes); the code of the step before is used up."""
    secret = factors.new_secret()
    return secret, factors.add_app(user, secret, code_of(secret, -1), "我的手机")


class Case(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.admin = make_user(Role.SECADMIN, name="安某")
        cls.other = make_user(Role.SECADMIN, name="全某")

    def password(self, user):
        return self.client.post(LOGIN, {"username": user.username, "password": PASSWORD})

    def is_in(self):
        return self.client.get(ME).status_code == 200


class LogInTests(Case):
    def test_a_code_is_asked_after_the_password_and_works_once(self):
        secret, _ = with_app(self.staff)
        assert self.password(self.staff).url == CHECK and not self.is_in()
        page = self.client.get(CHECK).text
        assert "六位数字" in page and secret not in page
        code = code_of(secret)
        assert self.client.post(CHECK, {"code": code}).status_code == 302 and self.is_in()
        self.client.logout()
        self.password(self.staff)
        again = self.client.post(CHECK, {"code": code})
        assert again.status_code == 422 and "已用过" in again.text and not self.is_in()

    def test_a_recovery_code_works_once_and_without_the_password_nothing_is_asked(self):
        _, codes = with_app(self.staff)
        assert len(codes) == 10 and self.client.get(CHECK).url == LOGIN
        self.password(self.staff)
        assert self.client.post(CHECK, {"code": codes[0].upper()}).status_code == 302 and self.is_in()
        self.client.logout()
        self.password(self.staff)
        assert self.client.post(CHECK, {"code": codes[0]}).status_code == 422
        assert RecoveryCode.objects.filter(used_at=None).count() == 9
        assert not RecoveryCode.objects.filter(digest__in=codes).exists()  # kept as keyed digests

    def test_wrong_codes_are_counted_and_lock(self):
        secret, _ = with_app(self.staff)
        self.password(self.staff)
        said = [self.client.post(CHECK, {"code": "000000"}).text for _ in range(6)]
        assert "已锁定" in said[5] and "已锁定" not in said[4]
        assert "已锁定" in self.client.post(CHECK, {"code": code_of(secret)}).text and not self.is_in()
        assert AuditEntry.objects.filter(words_of("第二重验证未通过")).count() == 5

    @ALL_ADMINISTRATORS
    def test_an_administrator_without_one_sets_it_up_before_anything_else(self):
        assert self.password(self.admin).url == CHECK
        assert self.client.get(CHECK).url == SETUP and not self.is_in()
        page = self.client.get(SETUP)
        assert "须设置第二重验证" in page.text and "<svg" in page.text
        secret = self.secret_of(page)
        wrong = self.client.post(SETUP, {"app": "1", "name": "我的手机", "code": "000000"})
        assert wrong.status_code == 422 and "核对手机时间" in wrong.text and self.secret_of(wrong) == secret
        done = self.client.post(SETUP, {"app": "1", "name": "我的手机", "code": code_of(secret)})
        assert done.url == reverse("accounts:factor_codes") and self.is_in()
        assert self.client.get(done.url).text.count("data-recovery") == 10
        assert "已经显示过" in self.client.get(done.url).text

    @ALL_ADMINISTRATORS
    def test_a_session_from_before_ends(self):
        self.client.force_login(self.admin)
        assert self.client.get(ME).url == LOGIN and not self.is_in()
        self.client.force_login(self.staff)
        assert self.is_in()

    def test_a_step_of_the_log_in_does_not_last(self):
        with_app(self.staff)
        with override_settings(SECOND_FACTOR_MINUTES=-1):
            self.password(self.staff)
            assert self.client.get(CHECK).url == LOGIN

    @staticmethod
    def secret_of(page):
        return page.text.partition("data-secret>")[2].partition("<")[0]


class OwnerTests(Case):
    def setUp(self):
        self.client.force_login(self.staff)

    def test_one_proves_to_be_the_owner_before_adding_and_removing(self):
        asked = self.client.get(SETUP)
        assert asked.url.startswith("/accounts/factors/owner/")
        assert self.client.post(asked.url, {"password": "wrong", "next": SETUP}).status_code == 422
        assert self.client.post(asked.url, {"password": PASSWORD, "next": SETUP}).url == SETUP
        secret = LogInTests.secret_of(self.client.get(SETUP))
        self.client.post(SETUP, {"app": "1", "name": "我的手机", "code": code_of(secret)})
        factor = Factor.objects.get()
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM accounts_factor")
            stored = bytes(cursor.fetchone()[0])
        assert factor.name == "我的手机" and bytes(factor.secret) == secret.encode() and secret.encode() not in stored
        call_command("dumpdata", "accounts.Factor", stdout=(dump := StringIO()))
        assert secret not in dump.getvalue() and b64encode(secret.encode()).decode() not in dump.getvalue()
        for row in serializers.deserialize("json", dump.getvalue()):
            assert bytes(row.object.secret) == secret.encode()
        assert "我的手机" in self.client.get(ME).text
        assert self.client.post(reverse("accounts:factor_remove", args=[factor.pk])).url == ME
        assert not Factor.objects.exists() and not RecoveryCode.objects.exists()

    def test_anothers_factor_does_not_exist(self):
        with_app(self.other)
        assert self.client.post(reverse("accounts:factor_remove", args=[Factor.objects.get().pk])).status_code == 404

    def test_the_last_one_of_an_administrator_stays(self):
        with_app(self.admin)
        with ALL_ADMINISTRATORS, pytest.raises(ValidationError, match="必须有第二重验证"):
            factors.remove_factor(Factor.objects.get())
        factors.remove_factor(Factor.objects.get())

    def test_a_lost_phone_is_reset_by_another_administrator(self):
        with_app(self.staff)
        self.client.force_login(self.admin)
        url = reverse("accounts:user_factors_reset", args=[self.staff.pk])
        assert self.client.post(url, {"idempotency_key": "a"}).status_code == 302
        assert not Factor.objects.exists() and not RecoveryCode.objects.exists()
        assert AuditEntry.objects.first().sentence.startswith("安某 重置 ")
        own = reverse("accounts:user_factors_reset", args=[self.admin.pk])
        assert "不能重置自己的" in self.client.post(own, {"idempotency_key": "b"}, follow=True).text
        self.client.force_login(self.staff)
        assert self.client.post(url).status_code == 403


class ManyAtOnceTests(TransactionTestCase):
    def test_of_many_tries_with_one_code_one_is_let_through(self):
        user = make_user(Role.STAFF, make_county())
        secret, _ = with_app(user)
        code = code_of(secret)

        def attempt(_):
            try:
                factors.verify(User.objects.get(pk=user.pk), code=code)
            except ValidationError:
                return 0
            finally:
                connection.close()
            return 1

        with ThreadPoolExecutor(20) as pool:
            assert sum(pool.map(attempt, range(50))) == 1


def words_of(text):
    from django.db.models import Q

    return Q(sentence__contains=text)


def test_a_log_in_page_offers_no_passkey_where_the_host_is_a_number():
    assert factors.may_have_passkeys("tongxin.example.gov.cn") and factors.may_have_passkeys("localhost")
    assert not factors.may_have_passkeys("127.0.0.1")


@pytest.mark.django_db
def test_the_client_starts_without_a_session():
    assert Client().get(CHECK).url == LOGIN
