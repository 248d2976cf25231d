"""What all tests share."""

pytest_plugins = [
    "pytester",
    "helpers.environment",
    "helpers.groups",
    "helpers.neural",
    "helpers.interpreted",
    "helpers.place",
    "helpers.skips",
]
