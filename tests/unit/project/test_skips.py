from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]

EXAMPLES = """
    import pytest

    def test_that_passes():
        pass

    def test_that_lacks_a_program():
        pytest.skip("apertium is not installed")

    @pytest.mark.skip(reason="no audio server")
    def test_that_lacks_an_audio_server():
        pass

    @pytest.mark.platform
    def test_of_another_system():
        pytest.skip("only Linux has this signal")

    @pytest.mark.xfail(strict=True)
    def test_that_is_known_to_fail():
        assert False
"""


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"[pytest]\npythonpath = {TESTS}\nmarkers =\n    platform")
    pytester.makeconftest('pytest_plugins = ["helpers.fixtures.skips"]')


def test_under_ci_a_skip_is_a_failure_except_for_platforms(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile(EXAMPLES)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, failed=1, errors=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*nothing may be missing. Skipped: apertium is not installed*"])


def test_elsewhere_a_skip_is_a_skip(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(EXAMPLES)
    pytester.runpytest_subprocess().assert_outcomes(passed=1, skipped=3, xfailed=1)


def test_under_ci_a_skipped_file_is_an_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile("import pytest; pytest.importorskip('a_module_nobody_has')")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*nothing may be missing. *a_module_nobody_has*"])
