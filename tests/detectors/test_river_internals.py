"""River's private names are what the adapter takes them for: an upgrade that changes one fails here."""

from importlib import metadata

from river import anomaly, drift

from detectors.online import river_internals


def test_the_version_is_the_one_these_names_were_read_from():
    assert metadata.version("river").startswith("0.26.")


def test_a_gaussians_moments_go_out_and_back():
    for window in (None, 3):
        one, other = (anomaly.GaussianScorer(window_size=window, grace_period=1) for _ in range(2))
        for value in (1.0, 2.0, 4.0):
            one.learn_one(None, value)
        seen = river_internals.variance(one.gaussian, windowed=window is not None)
        count, mean, squares = river_internals.moments(seen)
        assert (count, round(mean, 9), round(squares, 9)) == (3, round(7 / 3, 9), round(14 / 3, 9))
        fresh = river_internals.variance(other.gaussian, windowed=window is not None)
        river_internals.set_moments(fresh, (count, mean, squares))
        assert fresh.get() == seen.get()


def test_a_drift_tests_sums_go_out_and_back():
    one, other = (drift.PageHinkley(min_instances=5, delta=0.1, threshold=50) for _ in range(2))
    for value in (0.0, 1.0, 5.0, 9.0):
        one.update(value)
    mean, sums = river_internals.drift_mean(one), river_internals.drift_sums(one)
    assert mean == [4, 3.75]
    assert len(sums) == 4
    river_internals.set_drift(other, mean, sums)
    for value in (9.0, 9.0, 12.0):
        one.update(value)
        other.update(value)
        assert river_internals.drift_sums(one) == river_internals.drift_sums(other)


def test_a_forests_masses_go_out_and_back():
    def grown():
        trees = anomaly.HalfSpaceTrees(n_trees=2, height=3, window_size=4, seed=1)
        trees.learn_one({"x": 0.5})
        return trees

    one, other = grown(), grown()
    assert river_internals.in_first_window(one)
    for value in (0.1, 0.2, 0.3, 0.9):
        one.learn_one({"x": value})
    assert not river_internals.in_first_window(one)
    other.counter = one.counter
    river_internals.set_forest(other, first=False, found=river_internals.masses(one))
    assert river_internals.masses(other) == river_internals.masses(one)
    assert one.score_one({"x": 0.95}) == other.score_one({"x": 0.95})
