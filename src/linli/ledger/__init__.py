"""The only door to cases: every change goes through :func:`linli.ledger.act.act` and :func:`linli.ledger.act.open`."""
