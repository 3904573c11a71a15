import till


def test_currency_before(note):
    note(currency=till.CURRENCY)
