"""From the environment to a server that runs until it is told to end."""

import os
import sys

from orders_api import logs
from orders_api.server.server import Server, server_config
from orders_api.settings import Settings
from orders_api.settings.errors import SettingsError

_WRONG_SETTINGS = 2


def serve() -> None:
    """Serve the API with the settings of the environment, until SIGTERM or Ctrl-C.

    Raises:
        SystemExit: 2, with a line on standard error for each setting that is wrong.
    """
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(_WRONG_SETTINGS) from None
    logs.configure(settings)
    # It loads for a second, and the mistakes in settings are to be told at once.
    from orders_api.main import app  # noqa: PLC0415

    Server(server_config(app, settings)).run()
