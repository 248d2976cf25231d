from pathlib import Path

from helpers.project import shadow_tree


def test_modules_stand_where_they_are_installed(tmp_path: Path) -> None:
    shadow_tree.link(tmp_path)
    for place, folder in [("", "voicestream"), ("workers", "workers"), ("supervisor", "supervisor")]:
        module = tmp_path / "voicestream" / place / "__init__.py"
        assert module.resolve() == shadow_tree.REPOSITORY / folder / "__init__.py"


def test_a_link_to_a_module_that_is_gone_is_removed(tmp_path: Path) -> None:
    shadow_tree.link(tmp_path)
    gone = tmp_path / "voicestream" / "gone.py"
    gone.symlink_to("nowhere")
    shadow_tree.link(tmp_path)
    assert not gone.is_symlink()


def test_every_root_gets_planted_errors(tmp_path: Path) -> None:
    shadow_tree.link(tmp_path)
    assert {place.split("/")[0] for place in shadow_tree.plant(tmp_path)} == {
        "voicestream",
        "supervisor",
        "workers",
    }
