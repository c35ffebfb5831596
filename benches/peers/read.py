"""Reads the lists that a first read reads, and keeps what it needs of each row in SQLite: httpx, orjson, sqlite3, as one would.

Arguments: a file of addresses (the first of each list is taken, the others are found by their links), a token, a database."""

import sqlite3
import sys
from urllib.parse import urlsplit

import httpx
import orjson

PHONE_SYSTEM = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7"
CALLING_PLANS = {
    "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8",
    "5a10155d-f5c1-411a-a8ec-e99aae125390",
    "54a152dc-90de-4996-93d2-bc47e670fc06",
}


def user(row):
    enabled = {
        plan["servicePlanId"]
        for plan in row.get("assignedPlans", ())
        if plan["capabilityStatus"] in ("Enabled", "Warning")
    }
    return (
        row["id"],
        row.get("displayName"),
        row.get("userPrincipalName"),
        row.get("mail"),
        row.get("usageLocation"),
        bool(row.get("accountEnabled")),
        bool(row.get("assignedLicenses")),
        PHONE_SYSTEM in enabled,
        bool(CALLING_PLANS & enabled),
    )


def other(row):
    return (row.get("id"), row.get("telephoneNumber"), row.get("assignmentTargetId"))


def main(addresses, token, database):
    firsts = {}
    for address in open(addresses).read().split("\n"):
        firsts.setdefault(urlsplit(address).path, address)
    store = sqlite3.connect(database)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("CREATE TABLE users (id TEXT PRIMARY KEY, name, upn, mail, location, enabled, licensed, phone, plan)")
    store.execute("CREATE TABLE others (list, id, number, target)")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, timeout=60, trust_env=False) as client:
        for path, address in firsts.items():
            if path.endswith("/delta"):
                continue
            is_users = path.endswith("/users")
            while address:
                page = orjson.loads(client.get(address).raise_for_status().content)
                rows = page.get("value", ())
                if is_users:
                    marks = ",".join("?" * 9)
                    store.executemany(f"INSERT OR REPLACE INTO users VALUES ({marks})", map(user, rows))
                else:
                    store.executemany("INSERT INTO others VALUES (?, ?, ?, ?)", ((path, *other(row)) for row in rows))
                store.commit()
                address = page.get("@odata.nextLink")
    store.close()


main(*sys.argv[1:])
