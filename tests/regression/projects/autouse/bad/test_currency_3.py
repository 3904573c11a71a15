import till


def test_currency_after(note):
    note(currency=till.CURRENCY)
