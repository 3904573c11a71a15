import till


def test_good_before(note):
    till.TAKEN.append(4)
    note(taken=till.TAKEN, currency=till.CURRENCY)
