"""What holds of every route whatever the table says, for every role, on rows whose every text is a canary."""

from unittest.mock import patch

from django.apps import apps
from django.db import DatabaseError, models, transaction
from django.test import Client, TestCase

from assessments.models import SelfReportItem, Unlock
from organizations.models import PersonMerge
from portal.accounts.roles import PERMISSIONS, Role
from portal.exchange.models import Job
from portal.kit.access import OPEN
from portal.kit.checks import OWN_APPS, declared_access, routes
from portal.kit.scope import Reach, ScopedQuerySet, permission_for
from portal.kit.secrets import EncryptedPhoneField
from tests.factories import make_county
from tests.security.crawl import address, all_routes, ask, crawl, steady
from tests.security.fill import fill
from tests.security.world import FILLED, ROLES, World, add_quarter_rows, make_place, make_plan, model_of, publish

CANARY = "鸩羽"
BEFORE: dict[str, dict[str, tuple[int, bytes]]] = {}  # what each role saw before the other county existed
ASKED: set[tuple[type, str]] = set()  # (model, role) of which a page read rows, where the role's reach has an end
PERMITTED = ScopedQuerySet.permitted
READ_ALONE = {
    "accounts.User", "accounts.Grant", "accounts.AuditTrail", "organizations.Area", "organizations.Unit",
    "assessments.Scheme", "assessments.Quarter", "assessments.Task", "assessments.SelfReport", "assessments.Score",
    "assessments.Publication", "assessments.Result", "assessments.ResultLine", "assessments.Evidence",
}  # fmt: skip  # models that a page reads by themselves
FROZEN = {
    "assessments.Publication",
    "assessments.Result",
    "assessments.ResultLine",
    "organizations.FrozenFigures",
    "outreach.DemonstrationStep",
    "papers.IssuedPaper",
}  # had the word from the start
DERIVED = {
    "pinyin",
    "register",
    "digest",
    "content_type",
    "measure",
    "phone_fingerprint",
}  # codes and digests, no words
LOCKED_TWICE = {SelfReportItem, PersonMerge, Job}  # read beside a row that was permitted itself, or by its owner alone
LOGIN_ASKED = {302, 401}
NO_TEXT = {
    "accounts.User.password", "accounts.LoginAttempt.username", "accounts.LoginAttempt.address",
    "accounts.OneTimeCode.digest", "accounts.PasswordRecord.password", "accounts.ApiToken.digest",
    "exchange.ImportBatch.workbook", "exchange.ImportBatch.digest", "exchange.Job.reach",
    "organizations.Area.code", "organizations.Area.tree_code", "organizations.AreaVersion.code",
    "organizations.AreaVersion.tree_code", "assessments.Indicator.measure", "assessments.Evidence.digest",
    "assessments.Evidence.content_type", "assessments.Publication.digest", "assessments.Result.area_code",
    "assessments.ResultLine.method",
}  # fmt: skip  # codes and digests: no words of anybody's


def scoped_models():
    found = [
        model for label in sorted(OWN_APPS & set(apps.app_configs)) for model in apps.get_app_config(label).get_models()
    ]
    return [model for model in found if isinstance(model._default_manager.all(), ScopedQuerySet)]


class Another:
    """A county that is nobody's of ours, with every kind of row and the canary in every text."""

    def __init__(self) -> None:
        self.county = make_county(name=f"{CANARY}县")
        plan = make_plan(self.county, CANARY)
        self.place = make_place(self.county, CANARY, plan)
        publish(plan, [self.place])
        add_quarter_rows(self.place, CANARY)
        fill(self.place, CANARY, FILLED)
        World._add_account_rows(self.place, CANARY)
        self.place.rows["unlock"] = Unlock.objects.create(
            quarter=plan["quarter"], purpose="report", reason=f"{CANARY}解锁", ends_at="2099-01-01T00:00:00+08:00",
            by=plan["staff"],
        )  # fmt: skip
        for model in scoped_models():
            if not model._meta.proxy:
                self.mark(model)

    def mark(self, model):
        """Put the canary into every text of this county's rows; frozen rows had it from the start."""
        rows = model._default_manager.all()
        for row in rows.in_area(self.county):
            texts = {f.name: f"{CANARY}{row.pk}"[: f.max_length or 99] for f in text_fields(model)}
            try:
                with transaction.atomic():
                    model._default_manager.filter(pk=row.pk).update(**texts)
            except DatabaseError:
                assert model._meta.label in FROZEN


def text_fields(model):
    return [
        f
        for f in model._meta.concrete_fields
        if isinstance(f, models.CharField | models.TextField)
        and not isinstance(f, models.SlugField | EncryptedPhoneField)
        and not f.choices
        and f.name not in DERIVED
        and f"{model._meta.label}.{f.name}" not in NO_TEXT
    ]


def rights():
    return {name: declared_access(callback) for _, name, callback in routes()}


def numbered():
    """The routes whose address names a row of somebody's."""
    return [(name, parameters) for name, parameters in all_routes() if parameters and parameters != ["name"]]


def names(route, model):
    """Whether a route's address names a row of a model."""
    try:
        return model_of(route) is model
    except LookupError:
        return False


class RoutesCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = World()

    def setUp(self):
        self.browsers = {role: Client(raise_request_exception=False) for role in ROLES}
        for role, client in self.browsers.items():
            client.force_login(self.world.users[role])


class DoorTests(RoutesCase):
    def test_a_stranger_reads_the_pages_of_logging_in_only(self):
        open_ = {name for name, access in rights().items() if access == OPEN}
        assert open_ == {"accounts:login", "accounts:activate", "accounts:factor_check", "accounts:factor_setup"}
        for name, parameters in all_routes():
            for method in ("GET", "POST"):
                status, _ = ask(Client(), address(name, parameters, self.world.own), method)
                assert name in open_ or status in LOGIN_ASKED, (method, name)

    def test_a_role_without_the_right_is_refused_and_nothing_falls_over(self):
        asked = rights()
        for role, client in self.browsers.items():
            for name, parameters in all_routes():
                held = not isinstance(asked[name], tuple) or PERMISSIONS[Role(role)] & set(asked[name])
                for method in ("GET", "POST"):
                    status, _ = ask(client, address(name, parameters, self.world.own), method)
                    assert status < 500 if held else status in {403, 405}, (role, method, name)


class AnotherCountyTests(RoutesCase):
    """Nothing that one county's people see depends on another county."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        BEFORE.clear()
        ASKED.clear()
        with patch.object(ScopedQuerySet, "permitted", noting(cls.world)):
            for role in ROLES:
                client = Client(raise_request_exception=False)
                client.force_login(cls.world.users[role])
                BEFORE[role] = {url: (status, steady(data)) for url, status, data in crawl(cls.world, client)}
        cls.another = Another()

    def test_every_page_file_and_header_is_the_same_as_before_and_holds_none_of_its_words(self):
        """The auditor's own visits are rows of what the auditor reads, numbered on: there the words alone count."""
        for role, client in self.browsers.items():
            with self.subTest(role):
                after = {url: (status, data) for url, status, data in crawl(self.world, client)}
                assert [url for url, (_, data) in after.items() if CANARY.encode() in data] == []
                assert sum(status == 200 for status, _ in after.values()) > 9
                if role != Role.AUDITOR:
                    found = {url: (status, steady(data)) for url, (status, data) in after.items()}
                    assert sorted(found) == sorted(BEFORE[role])
                    assert [url for url in found if found[url] != BEFORE[role][url]] == []

    def test_every_one_of_its_texts_holds_the_word_that_is_looked_for(self):
        for model in scoped_models():
            rows = [] if model._meta.proxy else list(model._default_manager.all().in_area(self.another.county))
            for field in text_fields(model) if rows and model._meta.label not in FROZEN else ():
                assert any(CANARY in getattr(row, field.name) for row in rows), field

    def test_its_rows_answer_byte_for_byte_like_rows_that_do_not_exist(self):
        for role, client in self.browsers.items():
            for name, parameters in numbered():
                for method in ("GET", "POST"):
                    urls = address(name, parameters, self.another.place), address(name, parameters, None)
                    found = [(url, *ask(client, url, method)) for url in urls]
                    answers = [(status, steady(data).replace(url.encode(), b"")) for url, status, data in found]
                    assert answers[0] == answers[1], (role, method, name)

    def test_with_the_scope_of_any_model_away_one_of_these_is_red(self):
        """Models that no page asks for a user whose reach has an end are read through another one."""
        models = {model for model, _ in ASKED}
        assert {model._meta.label for model in models} >= READ_ALONE
        for model in models - LOCKED_TWICE:
            roles = [role for role in ROLES if (model, role) in ASKED]
            with self.subTest(model._meta.label), patch.object(ScopedQuerySet, "permitted", without_scope(model)):
                clients = [self.browsers[role] for role in roles]
                own = [route for route in numbered() if names(route[0], model)]  # where it shows first, if anywhere
                red = any(self.answers_differ(client, own) for client in clients)
                assert red or any(self.answers_differ(client, numbered()) or self.leaks(client) for client in clients)

    def answers_differ(self, client, chosen):
        return any(
            ask(client, address(name, parameters, self.another.place), method)[0]
            != ask(client, address(name, parameters, None), method)[0]
            for name, parameters in chosen
            for method in ("GET", "POST")
        )

    def leaks(self, client):
        return any(CANARY.encode() in data for _, _, data in crawl(self.world, client))


def noting(world):
    """`permitted` that notes (model, role) where a user with a right of limited reach asked for rows."""
    roles = {user.pk: role for role, user in world.users.items()}

    def permitted(self, user, action="view"):
        reach = user.reach(permission_for(self.model, action)) if hasattr(user, "reach") else Reach()
        if reach and not reach.everything:
            ASKED.add((self.model, roles[user.pk]))
        return PERMITTED(self, user, action)

    return permitted


def without_scope(model):
    """`permitted` that gives every row of `model` to whoever may see one."""

    def permitted(self, user, action="view"):
        if self.model is not model:
            return PERMITTED(self, user, action)
        reach = user.reach(permission_for(model, action)) if hasattr(user, "reach") else Reach()
        return self.all() if reach else self.none()

    return permitted
