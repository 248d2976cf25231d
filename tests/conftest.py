"""What all tests share."""

pytest_plugins = ["pytester", "helpers.groups", "helpers.neural", "helpers.place", "helpers.skips"]
