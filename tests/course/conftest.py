"""A course in which pictures take no time."""

import pytest
from PIL import Image

from soilnb.course import bank, build, slides


@pytest.fixture
def grey_pictures(monkeypatch):
    """Slides get grey pictures: to draw the real ones takes a minute."""

    def pictures(path, notebook, wanted):
        return [(name, Image.new("RGB", (60, 40))) for name in wanted]

    monkeypatch.setattr(slides, "_pictures", pictures)


@pytest.fixture
def blank_bank(monkeypatch):
    """The bank writes empty files: the models take a minute to answer all questions."""

    def write(folder, edition, notebooks):
        folder.mkdir()
        for name in ("questions", "projects", *(["key"] if edition == "instructor" else [])):
            (folder / f"{name}.html").touch()

    monkeypatch.setattr(bank, "write", write)


@pytest.fixture
def made(grey_pictures, blank_bank, tmp_path):
    """Make a course for one lecture, and return its folder."""

    def make(edition="student", span="lecture"):
        folder = tmp_path / edition
        build.build(folder, edition, span, jobs=1)
        return folder

    return make
