"""Log-in: the lock-out counts in the database, sessions end when they must, everything is on the trail."""

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client, TestCase, TransactionTestCase
from django.urls import reverse
from django.utils import timezone

from portal.accounts import services
from portal.accounts.backends import GrantBackend
from portal.accounts.models import LoginAttempt, User
from portal.accounts.roles import Role
from portal.audit.models import Action, AuditEntry
from tests.factories import PASSWORD, make_county, make_user

LOGIN = "/accounts/login/"
HERE, ELSEWHERE = "10.1.1.1", "10.2.2.2"


def enter(client, user, password=PASSWORD, address=HERE, **values):
    return client.post(LOGIN, {"username": user.username, "password": password, **values}, REMOTE_ADDR=address)


class LogInTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user = make_user(Role.STAFF, make_county())

    def acts(self):
        return list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))

    def test_the_right_password_opens_the_portal_and_is_on_the_trail(self):
        answer = enter(self.client, self.user)
        self.assertRedirects(answer, "/", fetch_redirect_response=False)
        entry = AuditEntry.objects.get(action=Action.LOGGED_IN)
        assert (entry.user, entry.address) == (self.user, HERE)
        assert entry.request_id

    def test_a_name_is_found_whatever_its_width_and_case(self):
        wide = self.user.username.upper().translate({ord(c): ord(c) + 0xFEE0 for c in "USER0123456789"})
        answer = self.client.post(LOGIN, {"username": f" {wide} ", "password": PASSWORD})
        assert answer.status_code == 302

    def test_a_wrong_password_and_an_unknown_name_read_the_same(self):
        wrong = enter(self.client, self.user, "wrong")
        unknown = self.client.post(LOGIN, {"username": "nobody", "password": "wrong"})
        assert wrong.status_code == unknown.status_code == 422
        assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
        assert self.acts() == [Action.LOG_IN_FAILED, Action.LOG_IN_FAILED]

    def test_the_lock_says_how_long_and_refuses_even_the_right_password(self):
        for _ in range(5):
            enter(self.client, self.user, "wrong")
        answer = enter(self.client, self.user)
        assert answer.status_code == 422
        assert "15 分钟后再试" in answer.text
        LoginAttempt.objects.update(locked_until=timezone.now() + timezone.timedelta(minutes=3))
        assert "3 分钟后再试" in enter(self.client, self.user).text

    def test_the_lock_binds_one_address_and_lifts_with_time(self):
        for _ in range(6):
            enter(self.client, self.user, "wrong")
        assert enter(Client(), self.user, address=ELSEWHERE).status_code == 302
        assert enter(self.client, self.user).status_code == 422
        LoginAttempt.objects.filter(address=HERE).update(locked_until=timezone.now())
        assert enter(self.client, self.user).status_code == 302

    def test_a_success_starts_the_count_again(self):
        for _ in range(4):
            enter(self.client, self.user, "wrong")
        enter(Client(), self.user)
        for _ in range(4):
            enter(self.client, self.user, "wrong")
        assert enter(self.client, self.user).status_code == 302

    def test_the_security_administrator_lifts_a_lock(self):
        for _ in range(6):
            enter(self.client, self.user, "wrong")
        self.client.force_login(make_user(Role.SECADMIN))
        assert self.client.post(reverse("accounts:user_unlock", args=[self.user.pk])).status_code == 302
        assert enter(Client(), self.user).status_code == 302
        assert Action.UNLOCKED in self.acts()

    def test_next_leads_to_this_portal_only(self):
        for address in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
            assert enter(Client(), self.user, next=address)["Location"] == "/", address
        assert enter(Client(), self.user, next="/help/")["Location"] == "/help/"

    def test_log_out_ends_the_session_by_post_only(self):
        enter(self.client, self.user)
        assert self.client.get("/accounts/logout/").status_code == 405
        self.client.post("/accounts/logout/")
        assert self.client.get("/accounts/me/").status_code == 302
        assert self.acts()[-1] == Action.LOGGED_OUT

    def test_disabling_an_account_ends_its_sessions(self):
        enter(self.client, self.user)
        User.objects.filter(pk=self.user.pk).update(is_active=False)
        assert self.client.get("/accounts/me/").status_code == 302
        assert enter(self.client, self.user).status_code == 422

    def test_a_changed_password_ends_the_other_sessions(self):
        other = Client()
        for client in (self.client, other):
            enter(client, self.user)
        answer = self.client.post(
            "/accounts/password/",
            {"old_password": PASSWORD, "new_password": "Xin-Kou-Ling-77", "again": "Xin-Kou-Ling-77"},
        )
        self.assertRedirects(answer, "/accounts/me/")
        assert other.get("/accounts/me/").status_code == 302


class ParallelLogInTests(TransactionTestCase):
    def test_fifty_tries_at_once_check_at_most_five_passwords(self):
        user = make_user(Role.STAFF, make_county())
        checks = []

        def wrong(*args, **kwargs):
            checks.append(1)

        def attempt(_):
            try:
                services.log_in(user.username, "wrong", HERE)
            except ValidationError:
                return 1
            finally:
                connection.close()
            return 0

        with patch.object(GrantBackend, "authenticate", wrong), ThreadPoolExecutor(50) as pool:
            refused = sum(pool.map(attempt, range(50)))
        assert refused == 50
        assert 1 <= len(checks) <= 5
        assert LoginAttempt.objects.get().failures == 5
        assert AuditEntry.objects.filter(action=Action.LOG_IN_FAILED).count() == 50
        with pytest.raises(ValidationError):
            services.log_in(user.username, PASSWORD, HERE)  # a restart forgets nothing: the count is a row
