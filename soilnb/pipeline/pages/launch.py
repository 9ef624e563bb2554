"""Where a reader of the book can run a notebook in the web: a Binder, or a JupyterHub.

Both follow from addresses that whoever builds the book sets; without them the book has no such
buttons.
"""

import os
from urllib.parse import urlsplit

from soilnb.parameters import InputError

#: Variables of the environment: the repository, its branch, a JupyterHub, and a BinderHub.
REPOSITORY, BRANCH = "SOILNB_REPOSITORY", "SOILNB_BRANCH"
HUB, BINDER = "SOILNB_JUPYTERHUB", "SOILNB_BINDER"


def settings() -> dict[str, dict]:
    """Return the settings of Jupyter Book that make buttons to launch a notebook.

    Empty where no repository is named.
    """
    repository = _address(REPOSITORY)
    if not repository:
        return {}
    buttons = {
        "notebook_interface": "jupyterlab",
        "binderhub_url": _address(BINDER) or "https://mybinder.org",
    }
    if hub := _address(HUB):
        buttons["jupyterhub_url"] = hub
    where = {"url": repository, "branch": os.environ.get(BRANCH, "main"), "path_to_book": ""}
    return {"repository": where, "launch_buttons": buttons}


def _address(name: str) -> str:
    text = os.environ.get(name, "").rstrip("/")
    if text and not (urlsplit(text).scheme == "https" and urlsplit(text).netloc):
        raise InputError(f"{name} = {text!r}: allowed an address such as https://github.com/a/b")
    return text
