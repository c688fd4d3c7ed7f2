"""Every command of a home arrives at one socket, wherever it runs, and nobody else can put one in its place."""

import os
import socket

import pytest

from minicoil.errors import CollectionError
from tasks.points import owner_address
from tasks.points.owner_address import engine_folder, socket_path


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """What stands for /tmp; and a home whose own path is too long for a socket."""
    monkeypatch.setattr(owner_address, "Path", lambda path: {"/tmp": tmp_path}[path])
    return tmp_path, tmp_path / ("x" * 100)


def test_a_socket_is_in_the_home_while_its_path_is_one_that_a_socket_can_have(tmp_path):
    assert socket_path(tmp_path) == engine_folder(tmp_path.resolve()) / "owner.sock"
    room = 100 - len(os.fsencode(engine_folder(tmp_path) / "owner.sock")) - 1
    for name in ("x" * room, "ä" * (room // 2)):  # a path is counted in bytes
        home = tmp_path / name
        engine_folder(home).mkdir(parents=True)
        assert socket_path(home).is_relative_to(home)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(socket_path(home)))
        assert not socket_path(tmp_path / (name + "ä")).is_relative_to(tmp_path)


def test_a_home_is_the_same_from_everywhere(tmp_path, monkeypatch):
    home = tmp_path / ("x" * 100)
    home.mkdir()
    (tmp_path / "link").symlink_to(home)
    monkeypatch.chdir(tmp_path)
    paths = {
        socket_path(path) for path in (home, home.relative_to(tmp_path), tmp_path / "link", home / ".." / home.name)
    }
    assert len(paths) == 1 and socket_path(tmp_path / ("y" * 100)) not in paths


def test_the_folder_of_sockets_is_made_for_its_user_alone(temporary):
    folder, home = temporary
    path = socket_path(home)
    made = folder / f"minicoil-{os.getuid()}"
    assert path.parent == made and made.stat().st_mode & 0o777 == 0o700
    assert socket_path(home) == path


@pytest.mark.parametrize("how", ["open", "link", "file", "foreign", "link to nothing"])
def test_a_socket_folder_open_to_others_is_refused(temporary, monkeypatch, how):
    folder, home = temporary
    made = folder / f"minicoil-{os.getuid()}"
    if how == "open":
        made.mkdir()
        made.chmod(0o710)
    elif how == "link":
        (folder / "theirs").mkdir(mode=0o700)
        made.symlink_to(folder / "theirs")
    elif how == "foreign":
        made.mkdir(mode=0o700)
        others = os.getuid() + 1
        made = made.rename(folder / f"minicoil-{others}")
        monkeypatch.setattr(os, "getuid", lambda: others)
    elif how == "file":
        made.write_text("")
    else:
        made.symlink_to("nowhere")
    with pytest.raises(CollectionError) as said:
        socket_path(home)
    assert str(said.value) == (
        f"{made} is not a folder that only you can enter; remove it, or choose a --home with a shorter path"
    )
