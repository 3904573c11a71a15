import os


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        os.environ["PYTHONHASHSEED"] = "random"  # as it is where nobody has set it
