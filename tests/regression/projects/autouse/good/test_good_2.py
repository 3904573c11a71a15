import till


def test_good_after(note):
    till.TAKEN.append(2)
    note(taken=till.TAKEN, currency=till.CURRENCY)
