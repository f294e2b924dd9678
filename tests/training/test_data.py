import pickle
import shutil

import pytest

pytest.importorskip("keras")

import numpy as np

from training import data
from training.errors import DataError


def test_pixels_and_classes_come_through(official):
    loaded = data.load("cifar10", official)
    raw = pickle.loads((official / "cifar-10-batches-py" / "test_batch").read_bytes())
    assert loaded.labels == tuple(f"label{n}" for n in range(10))
    assert loaded.test.images.shape == (40, 32, 32, 3)
    assert loaded.test.images.dtype == np.uint8
    assert loaded.test.classes.tolist() == raw[b"labels"]
    # The official rows are channel by channel, row by row.
    assert loaded.test.images[7, 3, 5, 2] == raw[b"data"][7, 2 * 1024 + 3 * 32 + 5]


def test_the_splits_are_those_of_the_seed(official):
    one, two = data.load("cifar10", official), data.load("cifar10", official)
    assert (len(one.train.classes), len(one.validation.classes), len(one.test.classes)) == (90, 10, 40)
    np.testing.assert_array_equal(one.validation.images, two.validation.images)


def test_superclasses_are_in_the_order_of_the_classes(official):
    assert data.load("cifar100", official).superclasses == tuple(f"group{n % 20}" for n in range(100))
    assert data.load("cifar10", official).superclasses == ()


def test_a_missing_file_is_named(official):
    (official / "cifar-10-batches-py" / "data_batch_3").unlink()
    with pytest.raises(DataError, match=r"data_batch_3 is missing; `python -m training\.data` downloads it"):
        data.load("cifar10", official)


class Evil:
    def __reduce__(self):
        return eval, ("1/0",)


def test_a_pickle_with_another_global_is_refused_and_not_run(official):
    path = official / "cifar-10-batches-py" / "data_batch_1"
    path.write_bytes(pickle.dumps({b"data": Evil(), b"labels": []}))
    with pytest.raises(DataError, match=r"data_batch_1 is not an official CIFAR file: builtins\.eval has no place"):
        data.load("cifar10", official)


@pytest.mark.parametrize(
    "content",
    [b"", b"no pickle", pickle.dumps({b"data": np.zeros((1, 3072), np.uint8)})[:-9], pickle.dumps(1)],
)
def test_a_damaged_file_is_refused(official, content):
    (official / "cifar-10-batches-py" / "data_batch_1").write_bytes(content)
    with pytest.raises(DataError, match="is not an official CIFAR file"):
        data.load("cifar10", official)


def test_a_file_without_its_fields_is_refused(official):
    (official / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps({b"labels": [1]}))
    with pytest.raises(DataError, match="does not hold the fields of cifar10"):
        data.load("cifar10", official)


def test_a_file_with_a_label_too_few_is_refused(official):
    path = official / "cifar-10-batches-py" / "test_batch"
    content = data.read(path)
    path.write_bytes(pickle.dumps({**content, b"labels": content[b"labels"][1:]}, protocol=4))
    with pytest.raises(DataError, match="does not hold the fields of cifar10: 40 images and 39 labels"):
        data.load("cifar10", official)


def test_a_label_that_no_class_has_is_refused(official):
    path = official / "cifar-10-batches-py" / "data_batch_3"
    content = data.read(path)
    path.write_bytes(pickle.dumps({**content, b"labels": [55, *content[b"labels"][1:]]}, protocol=4))
    with pytest.raises(DataError, match="of cifar10: labels from 0 to 55, where 0 to 9 were expected"):
        data.load("cifar10", official)


def test_download_leaves_what_is_there_alone(official, capsys):
    assert data.main(["--data", str(official)]) == 0
    assert capsys.readouterr().out.count("already there") == 2


def test_a_failed_download_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    def unreachable(*args, **kwargs):
        raise Exception("URL fetch failure")

    monkeypatch.setattr(data.keras.utils, "get_file", unreachable)
    assert data.main(["--data", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz could not be fetched")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_download_ends_in_the_official_folder(tmp_path, official, monkeypatch):
    def fetched(archive, origin, *, cache_dir, **kwargs):
        name = "cifar10" if "-10-" in archive else "cifar100"
        target = data.Path(cache_dir) / "extracted"
        target.mkdir()
        (official / data.FOLDERS[name]).rename(target / data.FOLDERS[name])
        return str(target)

    monkeypatch.setattr(data.keras.utils, "get_file", fetched)
    folder = tmp_path / "new"
    assert data.download("cifar100", folder)
    assert not data.download("cifar100", folder)
    assert [path.name for path in folder.iterdir()] == ["cifar-100-python"]
    shutil.copytree(folder, official, dirs_exist_ok=True)
    (folder / "cifar-100-python" / "meta").unlink()
    assert data.download("cifar100", folder)
    data.load("cifar100", folder)


@pytest.mark.data
@pytest.mark.parametrize(("name", "classes"), [("cifar10", 10), ("cifar100", 100)])
def test_the_real_data(cifar, name, classes):
    loaded = data.load(name, cifar)
    splits = loaded.train, loaded.validation, loaded.test
    assert [split.images.shape for split in splits] == [(n, 32, 32, 3) for n in (45_000, 5_000, 10_000)]
    assert len(loaded.labels) == classes
    assert np.bincount(loaded.test.classes).tolist() == [10_000 // classes] * classes
    if name == "cifar100":
        assert len(set(loaded.superclasses)) == 20
        assert loaded.superclasses[loaded.labels.index("trout")] == "fish"


@pytest.mark.data
def test_the_real_split_is_the_seed_s(cifar):
    from sklearn.model_selection import train_test_split

    raw = np.concatenate([data.read(cifar / data.FOLDERS["cifar100"] / "train")[b"fine_labels"]])
    _, expected = train_test_split(raw, test_size=0.1, random_state=5432)
    np.testing.assert_array_equal(data.load("cifar100", cifar).validation.classes, expected)
