"""One file for each thing that is looked at before tests run; the classes in them register by being here."""
