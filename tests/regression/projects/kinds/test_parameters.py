"""Parameters that are the same in every worker, whatever the hashes are."""

import pytest
import shop


# pattern: parameters from a set, in one order [HRM701]
@pytest.mark.parametrize("name", sorted({*shop.PRICES, *shop.STOCK}))
def test_parameters_pattern(name):
    assert name


# end of pattern
