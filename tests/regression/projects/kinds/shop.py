"""A small shop: what the tests of this project are about."""

import argparse
import importlib.util
import random
import sys
from pathlib import Path

PRICES = {"tea": 4, "milk": 2}
STOCK = {"tea": 9}
TABLES = {"prices": PRICES, "stock": STOCK}


class Basket:
    """What somebody is about to buy."""

    limit = 10


def price(name):
    return PRICES[name]


def enter(table, name, value):
    # Which of the tables it is, no linter reads off this: the guard has to run the test again for the line.
    TABLES[table][name] = value  # leak HRM601


def ship(order):
    return f"{order} by mail"


def price_list():
    return Path("prices.csv").read_text()


def has_discounts():
    return importlib.util.find_spec("discounts") is not None


def tax_rate():
    import tax

    return tax.RATE


def coupon(generator=random):
    return generator.randrange(10**9)


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dry-run", action="store_true")
    return parser.parse_known_args(sys.argv[1:])[0]


async def notify(sender):
    sender.send("ready")  # leak HRM305: nobody awaits it


async def notify_awaited(sender):
    await sender.send("ready")
