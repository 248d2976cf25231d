"""What all tests share."""

pytest_plugins = ["pytester", "helpers.neural", "helpers.place", "helpers.skips"]
