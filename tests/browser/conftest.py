"""What browser tests of several people share."""

import pytest

from tests.browser.test_pages import log_in


@pytest.fixture
def opened(browser, browser_context_args, live_server):
    """A page logged in as a user, of a desk or of a phone."""

    def open_as(user, **options):
        page = browser.new_context(base_url=live_server.url, **{**browser_context_args, **options}).new_page()
        log_in(page, user)
        return page

    return open_as
