"""The pictures that the page shows: samples, and those of how a model was trained."""

import shutil
from urllib.parse import urlsplit

from tests.api.conftest import picture


def test_a_sample_s_link_leads_to_it_whatever_its_name(make_api, tmp_path):
    api = make_api(images_dir=tmp_path)
    for name in ("cat#1.png", "a frog?.png", "50 %.png"):
        (tmp_path / name).write_bytes(picture())
    samples = {each["key"]: each["links"]["picture"] for each in api.get("/samples").json["samples"]}
    for name in ("cat#1.png", "a frog?.png", "50 %.png"):
        link = urlsplit(samples[name])
        assert (link.query, link.fragment) == ("", "")
        assert api.get(samples[name]).data == picture()


def test_a_folder_that_is_gone_leaves_the_cards(api, settings):
    shutil.rmtree(settings.models_dir / "shapes")
    (card,) = api.get("/models").json["models"]
    assert (card["name"], card["pictures"]) == ("shapes", [])


def test_nothing_in_a_models_picture_runs(api, settings):
    (settings.models_dir / "shapes" / "loss.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
    answer = api.get("/models/shapes/loss.svg")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
