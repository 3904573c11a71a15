"""Applications for the files that leave something in one: no other file is to suffer, whichever comes first."""

from member_api.app import create_app

left = create_app()
scheme = create_app()
