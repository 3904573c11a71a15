import pytest
import till


@pytest.fixture(scope="session", autouse=True)  # leak HRM402
def currency():
    till.CURRENCY.append("EUR")


def test_currency(note):
    note(currency=till.CURRENCY)
