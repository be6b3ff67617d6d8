"""Who may do what: a table of data (domain.md, "Who uses it"). Every name must exist as a Permission (tested)."""

from django.db import models


class Line(models.TextChoices):
    """The line an account belongs to, for good: business, or one of the three administrators (三员分立)."""

    BUSINESS = "business", "业务账号"
    SYSADMIN = "sysadmin", "系统管理员"
    SECADMIN = "secadmin", "安全管理员"
    AUDITOR = "auditor", "审计管理员"


class Role(models.TextChoices):
    STAFF = "staff", "统战部工作人员"
    COMMITTEE = "committee", "统战委员"
    VILLAGE = "village", "村（社区）联络员"
    LEADER = "leader", "领导"
    SYSADMIN = "sysadmin", "系统管理员"
    SECADMIN = "secadmin", "安全管理员"
    AUDITOR = "auditor", "审计管理员"

    @property
    def line(self) -> Line:
        return Line(self.value) if self.value in Line.values else Line.BUSINESS


def _may(app: str, *names: str) -> frozenset[str]:
    return frozenset(f"{app}.{name}" for name in names)


def _crud(app: str, *models: str, actions: str = "view add change delete") -> frozenset[str]:
    return frozenset(f"{app}.{action}_{model}" for model in models for action in actions.split())


NETWORK = _may("organizations", "view_area", "view_unit")
PLAN = _may("assessments", "view_scheme", "view_indicator", "view_quarter", "view_task")
OUTCOME = _may("assessments", "view_publication", "view_result", "view_resultline")
REPORTS = _may("assessments", "view_selfreport", "view_selfreportitem", "view_evidence")
SCORES = _may("assessments", "view_score", "view_unlock")
ORGANIZATIONS = ("organization", "membership", "person", "attachment", "check")
OUTREACH = ("station", "site", "brand", "outpost", "activity", "dutypost")
RULES = ("requiredpost", "standard", "coveragegoal")
REGISTERS = (  # what everyone in the work may read
    _crud("organizations", *ORGANIZATIONS, *RULES, actions="view")
    | _may("organizations", "view_rosterconfirmation", "view_answer", "view_standardversion", "view_standarditem",
           "view_personmerge", "view_frozenfigures")
    | _crud("outreach", *OUTREACH, "demonstration", "demonstrationstep", actions="view")
)  # fmt: skip
DIRECTORY = (
    "enterprise",
    "official",
    "contact",
    "contactrole",
    "pairing",
    "visit",
    "support",
    "trainingplan",
    "trainingsession",
    "cadrepost",
)
COUNTY_RULES = ("notice", "rhythm", "holiday")
LIAISON = _crud(  # what those read who serve contacts and enterprises
    "outreach", *DIRECTORY, *COUNTY_RULES, "request", "requeststep", "tombstone", "handover", actions="view"
)
SERVING = (  # what they write
    LIAISON
    | _crud("outreach", *DIRECTORY, actions="add change delete")
    | _may("outreach", "add_request", "change_request", "answer_request", "reveal_contact", "erase_contact", "report_contact",
           "hand_over_official")
)  # fmt: skip
JOBS = _may("exchange", "view_job", "add_job")  # a long list is exported in the background
EXCHANGE = JOBS | _may("exchange", "view_importbatch", "add_importbatch", "change_importbatch")
PAPERS = _may("papers", "view_issuedpaper", "view_formlayout")  # bulletins, and the letters to one's own unit
KEEPING = (  # what those keep who stand near: the township for its villages, the village for itself, a body its own
    REGISTERS
    | _crud("organizations", *ORGANIZATIONS, actions="add change delete")
    | _may("organizations", "add_rosterconfirmation", "change_answer")
    | _crud("outreach", *OUTREACH, actions="add change delete")
    | _may("outreach", "add_demonstration", "change_demonstration")
)

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.STAFF: NETWORK | PLAN | OUTCOME | REPORTS | SCORES | KEEPING | EXCHANGE | SERVING
    | _crud("outreach", *COUNTY_RULES, actions="add change delete")
    | _may("outreach", "hand_over_request", "close_request")
    | _crud("organizations", *RULES, actions="add change delete")
    | _may("organizations", "merge_person", "reveal_person")
    | _may("outreach", "name_demonstration")
    | _may("organizations", "add_unit", "change_unit")
    | _may(
        "assessments",
        "add_scheme", "change_scheme", "delete_scheme", "add_indicator", "change_indicator", "delete_indicator",
        "add_quarter", "change_quarter", "add_task", "change_task", "delete_task", "change_score", "add_score",
        "add_unlock", "change_unlock", "review_selfreport", "add_publication",
    )
    | PAPERS | _crud("papers", "paper", "formlayout") | _may("papers", "add_issuedpaper", "supervise_issuedpaper"),
    Role.COMMITTEE: NETWORK | PLAN | OUTCOME | REPORTS | KEEPING | EXCHANGE | PAPERS | SERVING
    | _may("organizations", "merge_person", "reveal_person")
    | _may("assessments", "change_selfreport", "change_selfreportitem", "add_evidence", "delete_evidence"),
    Role.VILLAGE: NETWORK | KEEPING | EXCHANGE | _may("papers", "view_formlayout"),
    Role.LEADER: NETWORK | PLAN | OUTCOME | REPORTS | REGISTERS | JOBS | _may("exchange", "view_importbatch")
    | PAPERS | _may("papers", "supervise_issuedpaper") | LIAISON
    | _may("outreach", "add_visit", "change_visit", "read_visit_notes", "reveal_contact"),
    Role.SYSADMIN: NETWORK | EXCHANGE
    | _may("organizations", "add_area", "change_area", "add_unit", "change_unit")
    | _may("accounts", "view_user", "add_user", "change_user", "view_grant", "confirm_grant"),
    Role.SECADMIN: JOBS
    | _may("accounts", "view_user", "unlock_user", "view_grant", "add_grant", "change_grant", "confirm_grant"),
    Role.AUDITOR: JOBS | _may("accounts", "view_audittrail"),
}  # fmt: skip
