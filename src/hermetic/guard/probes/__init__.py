"""One file for each kind of state; the classes in them register by being here."""
