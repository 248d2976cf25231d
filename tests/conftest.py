"""What all tests share."""

pytest_plugins = ["pytester", "helpers.place", "helpers.skips"]
