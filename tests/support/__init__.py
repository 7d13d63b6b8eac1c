FOLDER = "TESTS_SHARED_FOLDER"
"""The variable that names the run's folder of shared results; xdist's processes inherit it."""
