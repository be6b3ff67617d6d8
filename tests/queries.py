"""Helpers that several tests share."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext


class QueriesAtMost:
    """Fails with the statements when a block runs more than `limit` queries."""

    def __init__(self, limit):
        self.limit, self.context = limit, CaptureQueriesContext(connection)

    def __enter__(self):
        return self.context.__enter__()

    def __exit__(self, *error):
        self.context.__exit__(*error)
        if error[0] is None and len(self.context) > self.limit:
            statements = "\n".join(query["sql"][:150] for query in self.context.captured_queries)
            pytest.fail(f"{len(self.context)} queries, at most {self.limit}:\n{statements}")
