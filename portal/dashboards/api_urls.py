"""The API's addresses, one line each; the browsable page is served from this machine alone."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from assessments import api as assessments
from organizations.api import areas as organizations
from organizations.api import attachments, rosters, standards
from organizations.api import organizations as registers
from outreach.api import directory, places, requests, support, training, visits, work
from portal.exchange import api as exchange
from portal.kit.access import ANY_USER
from portal.papers import api as papers

LIST, DETAIL = {"get": "list"}, {"get": "retrieve"}
LIST_WRITE = {"get": "list", "post": "create"}  # a ScopedViewSet
DETAIL_WRITE = {"get": "retrieve", "patch": "partial_update"}


class RootView(APIView):
    """Where everything is."""

    access = ANY_USER
    permission_classes = [IsAuthenticated]
    schema = None

    def get(self, request: Request) -> Response:
        names = [pattern.name for pattern in urlpatterns if pattern.name and pattern.name.endswith("_list")]
        return Response({name.removesuffix("_list"): reverse(f"api:{name}", request=request) for name in names})


class SchemaView(SpectacularAPIView):
    access = ANY_USER
    permission_classes = [IsAuthenticated]


class DocsView(SpectacularSwaggerSplitView):
    access = ANY_USER
    permission_classes = [IsAuthenticated]


app_name = "api"
urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="api:schema"), name="docs"),
    path("areas/", organizations.AreaViewSet.as_view(LIST), name="areas_list"),
    path("areas/<int:pk>/", organizations.AreaViewSet.as_view(DETAIL), name="areas_detail"),
    path("units/", organizations.UnitViewSet.as_view(LIST), name="units_list"),
    path("units/<int:pk>/", organizations.UnitViewSet.as_view(DETAIL), name="units_detail"),
    path("standards/", standards.StandardViewSet.as_view(LIST_WRITE), name="standards_list"),
    path("standards/<int:pk>/", standards.StandardViewSet.as_view(DETAIL_WRITE), name="standards_detail"),
    path("checks/", standards.CheckViewSet.as_view(LIST_WRITE), name="checks_list"),
    path("checks/<int:pk>/", standards.CheckViewSet.as_view(DETAIL_WRITE), name="checks_detail"),
    path("attachments/", attachments.AttachmentViewSet.as_view(LIST), name="attachments_list"),
    path("attachments/<int:pk>/", attachments.AttachmentViewSet.as_view(DETAIL), name="attachments_detail"),
    path("goals/", standards.GoalViewSet.as_view(LIST_WRITE), name="goals_list"),
    path("goals/<int:pk>/", standards.GoalViewSet.as_view(DETAIL_WRITE), name="goals_detail"),
    path("organizations/", registers.OrganizationViewSet.as_view(LIST_WRITE), name="organizations_list"),
    path("organizations/<int:pk>/", registers.OrganizationViewSet.as_view(DETAIL_WRITE), name="organizations_detail"),
    path("people/", rosters.PersonViewSet.as_view(LIST), name="people_list"),
    path("people/<int:pk>/", rosters.PersonViewSet.as_view(DETAIL_WRITE), name="people_detail"),
    path("memberships/", rosters.MembershipViewSet.as_view(LIST_WRITE), name="memberships_list"),
    path("memberships/<int:pk>/", rosters.MembershipViewSet.as_view(DETAIL_WRITE), name="memberships_detail"),
    path("stations/", places.StationViewSet.as_view(LIST_WRITE), name="stations_list"),
    path("stations/<int:pk>/", places.StationViewSet.as_view(DETAIL_WRITE), name="stations_detail"),
    path("sites/", places.SiteViewSet.as_view(LIST_WRITE), name="sites_list"),
    path("sites/<int:pk>/", places.SiteViewSet.as_view(DETAIL_WRITE), name="sites_detail"),
    path("brands/", places.BrandViewSet.as_view(LIST_WRITE), name="brands_list"),
    path("brands/<int:pk>/", places.BrandViewSet.as_view(DETAIL_WRITE), name="brands_detail"),
    path("outposts/", places.OutpostViewSet.as_view(LIST_WRITE), name="outposts_list"),
    path("outposts/<int:pk>/", places.OutpostViewSet.as_view(DETAIL_WRITE), name="outposts_detail"),
    path("duty-posts/", places.DutyPostViewSet.as_view(LIST_WRITE), name="duty_posts_list"),
    path("duty-posts/<int:pk>/", places.DutyPostViewSet.as_view(DETAIL_WRITE), name="duty_posts_detail"),
    path("activities/", work.ActivityViewSet.as_view(LIST_WRITE), name="activities_list"),
    path("activities/<int:pk>/", work.ActivityViewSet.as_view(DETAIL_WRITE), name="activities_detail"),
    path("demonstrations/", work.DemonstrationViewSet.as_view(LIST_WRITE), name="demonstrations_list"),
    path("demonstrations/<int:pk>/", work.DemonstrationViewSet.as_view(DETAIL_WRITE), name="demonstrations_detail"),
    path("pairings/", visits.PairingViewSet.as_view(LIST_WRITE), name="pairings_list"),
    path("pairings/<int:pk>/", visits.PairingViewSet.as_view(DETAIL_WRITE), name="pairings_detail"),
    path("visits/", visits.VisitViewSet.as_view(LIST_WRITE), name="visits_list"),
    path("visits/<int:pk>/", visits.VisitViewSet.as_view(DETAIL_WRITE), name="visits_detail"),
    path("requests/", requests.RequestViewSet.as_view(LIST_WRITE), name="requests_list"),
    path("requests/<int:pk>/", requests.RequestViewSet.as_view(DETAIL_WRITE), name="requests_detail"),
    path("enterprises/", directory.EnterpriseViewSet.as_view(LIST_WRITE), name="enterprises_list"),
    path("enterprises/<int:pk>/", directory.EnterpriseViewSet.as_view(DETAIL_WRITE), name="enterprises_detail"),
    path("officials/", directory.OfficialViewSet.as_view(LIST_WRITE), name="officials_list"),
    path("officials/<int:pk>/", directory.OfficialViewSet.as_view(DETAIL_WRITE), name="officials_detail"),
    path("contacts/", directory.ContactViewSet.as_view(LIST_WRITE), name="contacts_list"),
    path("contacts/<int:pk>/", directory.ContactViewSet.as_view(DETAIL_WRITE), name="contacts_detail"),
    path("notices/", directory.NoticeViewSet.as_view(LIST_WRITE), name="notices_list"),
    path("notices/<int:pk>/", directory.NoticeViewSet.as_view(DETAIL_WRITE), name="notices_detail"),
    path("training-plans/", training.TrainingPlanViewSet.as_view(LIST_WRITE), name="training_plans_list"),
    path("training-plans/<int:pk>/", training.TrainingPlanViewSet.as_view(DETAIL_WRITE), name="training_plans_detail"),
    path("training-sessions/", training.TrainingSessionViewSet.as_view(LIST_WRITE), name="training_sessions_list"),
    path(
        "training-sessions/<int:pk>/",
        training.TrainingSessionViewSet.as_view(DETAIL_WRITE),
        name="training_sessions_detail",
    ),
    path("cadre-posts/", training.CadrePostViewSet.as_view(LIST_WRITE), name="cadre_posts_list"),
    path("cadre-posts/<int:pk>/", training.CadrePostViewSet.as_view(DETAIL_WRITE), name="cadre_posts_detail"),
    path("supports/", support.SupportViewSet.as_view(LIST_WRITE), name="supports_list"),
    path("supports/<int:pk>/", support.SupportViewSet.as_view(DETAIL_WRITE), name="supports_detail"),
    path("schemes/", assessments.SchemeViewSet.as_view(LIST), name="schemes_list"),
    path("schemes/<int:pk>/", assessments.SchemeViewSet.as_view(DETAIL), name="schemes_detail"),
    path("quarters/", assessments.QuarterViewSet.as_view(LIST), name="quarters_list"),
    path("quarters/<int:pk>/", assessments.QuarterViewSet.as_view(DETAIL), name="quarters_detail"),
    path("tasks/", assessments.TaskViewSet.as_view(LIST), name="tasks_list"),
    path("tasks/<int:pk>/", assessments.TaskViewSet.as_view(DETAIL), name="tasks_detail"),
    path("scores/", assessments.ScoreViewSet.as_view(LIST), name="scores_list"),
    path("scores/<int:pk>/", assessments.ScoreViewSet.as_view(DETAIL), name="scores_detail"),
    path("results/", assessments.ResultViewSet.as_view(LIST), name="results_list"),
    path("results/<int:pk>/", assessments.ResultViewSet.as_view(DETAIL), name="results_detail"),
    path("result-lines/", assessments.ResultLineViewSet.as_view(LIST), name="result_lines_list"),
    path("result-lines/<int:pk>/", assessments.ResultLineViewSet.as_view(DETAIL), name="result_lines_detail"),
    path("papers/", papers.IssuedPaperViewSet.as_view(LIST), name="issued_papers_list"),
    path("papers/<int:pk>/", papers.IssuedPaperViewSet.as_view(DETAIL), name="issued_papers_detail"),
    path("import-batches/", exchange.ImportBatchViewSet.as_view(LIST), name="import_batches_list"),
    path("import-batches/<int:pk>/", exchange.ImportBatchViewSet.as_view(DETAIL), name="import_batches_detail"),
]
