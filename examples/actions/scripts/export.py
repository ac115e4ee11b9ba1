#!/usr/bin/env python3
"""Writes a customer's verifications to a CSV file, which the run keeps. The database is opened for reading alone."""
import csv
import json
import os
import sqlite3
import sys


def say(**what):
    print(json.dumps(what), flush=True)


def main(database):
    given = json.load(sys.stdin)
    customer, first, last = given["customer"], given.get("from_day", "0000-01-01"), given.get("to_day", "9999-12-31")
    if last < first:
        say(frontline="result", summary="Nothing was exported: the last day is before the first.")
        return 1
    rows = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10).execute(
        "SELECT id, decided_at, country, document, state, because, tries FROM verifications"
        " WHERE customer = ? AND substr(decided_at, 1, 10) BETWEEN ? AND ? ORDER BY decided_at, id",
        (customer, first, last))
    counts = {}
    with open(os.path.join(os.environ["HOME"], "export.csv"), "w", newline="") as f:
        out = csv.writer(f)
        out.writerow([column[0] for column in rows.description])
        for row in rows:
            out.writerow(row)
            counts[row[4]] = counts.get(row[4], 0) + 1
    total = sum(counts.values())
    say(frontline="table", title="What the file holds", columns=["state", "verifications"], rows=sorted(counts.items()))
    say(frontline="file", path="export.csv", name=f"{customer}-verifications.csv", type="text/csv")
    say(frontline="result", summary=f"{total} verification{'' if total == 1 else 's'} of {customer} in one file.", facts={"verifications": total})
    return 0


sys.exit(main(sys.argv[1]))
