"""The door for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from portal.kit.collector import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

settle()
