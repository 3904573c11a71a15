import pytest
import till


@pytest.fixture(scope="session", autouse=True)
def currency():  # leak HRM402
    till.CURRENCY.append("EUR")


def test_currency(note):
    note(currency=till.CURRENCY)
