"""Reads the lists that a first read reads, and keeps the same facts of each row in SQLite: httpx, orjson, sqlite3, as one would.

The facts are those of the product's `cache.db`: a user's addresses, flags, licences with the groups that give them and the plans
that are switched off, the plans that decide, the number, the first cause and what is counted; Teams' users; the numbers; a print of
each user, by which a later read sees what has changed; and the indexes. A user's licences and plans are packed as orjson's text.

Arguments: a file of addresses (the first of each list is taken, the others are found by their links), a token, a database."""

import hashlib
import sqlite3
import sys
from urllib.parse import urlsplit

import httpx
import orjson

DECIDING = {
    "phone": (
        "4828c8ec-dc2e-4779-b502-87ac9ce28ab7",  # MCOEV
        "ed777b71-af04-42ca-9798-84344c66f7c6",  # MCOEVSMB
        "db23fce2-a974-42ef-9002-d78dd42a0f22",  # MCOEV_GOV
    ),
    "resource": (
        "f47330e9-c134-43b3-9993-e7f004506889",  # MCOEV_VIRTUALUSER
        "0628a73f-3b4a-4989-bd7b-0f8823144313",  # MCOEV_VIRTUALUSER_GOV
    ),
    "calling": (
        "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8",  # MCOPSTN1
        "3c8a8792-7866-409b-bb61-1b20ace0368b",  # MCOPSTN1_GOV
        "5a10155d-f5c1-411a-a8ec-e99aae125390",  # MCOPSTN2
        "6b340437-d6f9-4dc5-8cc2-99163f7f83d6",  # MCOPSTN3
        "54a152dc-90de-4996-93d2-bc47e670fc06",  # MCOPSTN5
        "346d83bf-6fe6-42ca-b424-b9300d2e21bf",  # MCOPSTN6
        "16935b20-87c0-4908-934a-22aa267d0d26",  # MCOPSTN8
        "7861360b-dc3b-4eba-a3fc-0d323a035746",  # MCOPSTNEAU
        "156a1efe-17cd-4b03-9f17-2eb512298fb3",  # MCOPSTN_PAYG_1
        "1346d5e6-15a6-4b88-9693-806ff7296a7a",  # PSTN5_US
    ),
    "credits": (
        "505e180f-f7e0-4b65-91d4-00d670bbd18c",  # MCOPSTNC
    ),
    "mobile": (
        "cb22fbd7-ed7d-4786-a27a-e4cd617b69c0",  # MCOFMC1
    ),
    "teams": (
        "57ff2da0-773e-42df-b2af-ffb7a2317929",  # TEAMS1
        "304767db-7d23-49e8-a945-4a7eb65f9f28",  # TEAMS_GOV
        "9953b155-8aef-4c56-92f3-72b0487fce41",  # TEAMS_AR_GCCHIGH
        "fd500458-c24c-478e-856c-a6067a8376cd",  # TEAMS_AR_DOD
        "42a3ec34-28ba-46b6-992f-db53a675ac5b",  # MCO_TEAMS_IW
        "4fa4026d-ce74-4962-a151-8e96d57ea8e4",  # TEAMS_FREE
        "a42de799-58ae-4e6a-aa1d-948e7abec726",  # TEAMS_DESKLESS
    ),
}
CLASS = {plan: name for name, plans in DECIDING.items() for plan in plans}
USABLE = ("Enabled", "Warning")


def cause(row, usable, licensed):
    """Why somebody cannot be added: the first gate that is not passed."""
    if "resource" in usable:
        return "resource"
    if not row.get("accountEnabled"):
        return "disabled"
    if row.get("userType") == "Guest":
        return "guest"
    if not licensed:
        return "unlicensed"
    if "phone" not in usable:
        had = any(CLASS.get(plan["servicePlanId"]) == "phone" for plan in row.get("assignedPlans", ()))
        return "plan not usable" if had else "no phone system"
    if "calling" in usable:
        return "calling plan"
    if "credits" in usable:
        return "credits"
    return "eligible"


def user(row, teams, numbers):
    """A row of `directory`."""
    plans = [
        (plan["servicePlanId"], plan["capabilityStatus"], plan.get("assignedDateTime"))
        for plan in row.get("assignedPlans", ())
        if plan["servicePlanId"] in CLASS
    ]
    usable = {CLASS[plan] for plan, status, _ in plans if status in USABLE}
    groups = {}
    for state in row.get("licenseAssignmentStates", ()):
        groups.setdefault(state.get("skuId"), []).append((state.get("assignedByGroup"), state.get("error")))
    licences = [
        (licence["skuId"], licence.get("disabledPlans", ()), groups.get(licence["skuId"], ()))
        for licence in row.get("assignedLicenses", ())
    ]
    held = numbers.get(row["id"])
    number = held[0] if held else teams.get(row["id"])
    facts = orjson.dumps((licences, plans))
    flags = (
        bool(row.get("accountEnabled")),
        row.get("userType") == "Guest",
        bool(row.get("onPremisesSyncEnabled")),
        bool(licences),
    )
    kept = (
        row["id"],
        row.get("displayName"),
        row.get("userPrincipalName"),
        row.get("mail"),
        " ".join(row.get("proxyAddresses", ())),
        row.get("usageLocation"),
        sum(flag << place for place, flag in enumerate(flags)),
        cause(row, usable, licences),
        ",".join(sorted(usable)),
        number,
        facts,
    )
    return (*kept, hashlib.blake2b(repr(kept).encode(), digest_size=8).digest())


def of_teams(row):
    """A row of `teams`."""
    numbers = row.get("telephoneNumbers", ())
    primary = next((held["telephoneNumber"] for held in numbers if held.get("assignmentCategory") == "primary"), None)
    policies = {
        given["policyType"]: given["policyAssignment"]["displayName"]
        for given in row.get("effectivePolicyAssignments", ())
    }
    return (
        row["id"],
        row.get("tenantId"),
        row.get("accountType"),
        row.get("isEnterpriseVoiceEnabled"),
        " ".join(row.get("featureTypes", ())),
        primary,
        policies.get("OnlineVoiceRoutingPolicy"),
        policies.get("TenantDialPlan"),
    )


def of_number(row):
    """A row of `numbers`."""
    return (
        row["telephoneNumber"],
        row.get("numberType"),
        row.get("numberSource"),
        row.get("assignmentStatus"),
        row.get("assignmentTargetId"),
        row.get("assignmentCategory") == "primary",
        row.get("activationState"),
    )


SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE directory (id TEXT, name, upn, mail, addresses, location, flags, class, marks, number, facts, hash);
CREATE TABLE teams (id TEXT PRIMARY KEY, tenant, account, voice, features, number, routing, dial_plan);
CREATE TABLE numbers (number, kind, source, status, target, prime, activation);
CREATE TABLE others (list, form);
"""

INDEXES = """
CREATE UNIQUE INDEX directory_id ON directory (id);
CREATE INDEX directory_name ON directory (name COLLATE NOCASE);
CREATE INDEX numbers_number ON numbers (number);
CREATE INDEX numbers_target ON numbers (target) WHERE target IS NOT NULL;
"""


def main(addresses, token, database):
    firsts = {}
    for address in open(addresses).read().split("\n"):
        firsts.setdefault(urlsplit(address).path, address)
    store = sqlite3.connect(database)
    store.executescript(SCHEMA)
    teams, numbers = {}, {}
    # What users are judged by comes first.
    lists = sorted(firsts.items(), key=lambda each: each[0].endswith("/users"))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, timeout=60, trust_env=False) as client:
        for path, address in lists:
            if path.endswith("/delta"):
                continue
            while address:
                page = orjson.loads(client.get(address).raise_for_status().content)
                rows = page.get("value", ())
                if path.endswith("/users"):
                    kept = (user(row, teams, numbers) for row in rows)
                    store.executemany(f"INSERT INTO directory VALUES ({','.join('?' * 12)})", kept)
                elif path.endswith("/userConfigurations"):
                    kept = [of_teams(row) for row in rows]
                    teams.update((row[0], row[5]) for row in kept if row[5])
                    store.executemany(f"INSERT INTO teams VALUES ({','.join('?' * 8)})", kept)
                elif path.endswith("/numberAssignments"):
                    kept = [of_number(row) for row in rows]
                    for row in kept:
                        if row[4] and row[3] != "unassigned":
                            numbers.setdefault(row[4], []).append(row[0])
                    store.executemany(f"INSERT INTO numbers VALUES ({','.join('?' * 7)})", kept)
                else:
                    kept = ((path, orjson.dumps(row)) for row in rows)
                    store.executemany("INSERT INTO others VALUES (?, ?)", kept)
                store.commit()
                address = page.get("@odata.nextLink")
    store.executescript(INDEXES)
    store.close()


main(*sys.argv[1:])
