//! Each heading of the two documents, by its name, through the real program: the line of the log, the cause, and what to do.

use serde_json::Value;
use teamsconnector::sim::Scenario;

use crate::support::program::{Ended, Served, configure, run};
use crate::support::pty::Terminal;
use crate::support::web;

/// A home in which one scenario has been synced.
struct Case {
    home: tempfile::TempDir,
    demo: String,
    sync: Ended,
}

impl Case {
    fn new(scenario: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let demo = format!("--demo={scenario}");
        let sync = run(home.path(), &[&demo, "sync"]);
        Self { home, demo, sync }
    }

    fn call(&self, args: &[&str]) -> Ended {
        run(self.home.path(), &[&[self.demo.as_str()], args].concat())
    }

    /// The log has this line.
    fn logs(&self, line: &str) {
        assert!(
            self.sync.out.lines().any(|one| one.ends_with(line)),
            "{line}\n{}{}",
            self.sync.out,
            self.sync.err
        );
    }

    fn why(&self, who: &str) -> Vec<String> {
        let ended = self.call(&["why", who]);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.out.lines().map(str::to_owned).collect()
    }

    fn everyone(&self) -> Vec<Value> {
        let ended = self.call(&["why", "--all", "--json"]);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn count(&self, cause: &str) -> usize {
        let is = |one: &&Value| one["first_cause"] == cause;
        self.everyone().iter().filter(is).count()
    }
}

/// Verdict and steps stand first, in this order.
fn begins(lines: &[String], wanted: &[&str]) {
    let shown: Vec<&str> = lines.iter().skip(1).map(String::as_str).collect();
    for (n, wanted) in wanted.iter().enumerate() {
        assert!(
            shown.get(n).is_some_and(|line| line.starts_with(wanted)),
            "line {n}: {wanted}\n{}",
            lines.join("\n")
        );
    }
}

fn says(lines: &[String], wanted: &str) {
    assert!(
        lines.iter().any(|line| line.contains(wanted)),
        "{wanted}\n{}",
        lines.join("\n")
    );
}

#[test]
fn users_do_not_appear_in_the_add_users_list() {
    let case = Case::new("tour");
    let everyone = case.everyone();
    assert_eq!(everyone.len(), 39);
    for one in &everyone {
        let verdict = one["verdict"].as_str().unwrap();
        assert!(!verdict.is_empty(), "{one}");
        let steps = one["steps"].as_array().unwrap();
        assert!(
            one["first_cause"] == "configured" || !steps.is_empty(),
            "{one}"
        );
        assert!(one["read_at"].is_string(), "{one}");
    }
    let why = case.call(&["why", "Nobody Atall"]);
    assert_eq!(why.code, 0);
    assert!(why.out.contains("NOT IN THE TENANT"), "{}", why.out);
}

#[test]
fn users_are_not_licensed() {
    let case = Case::new("no-phone-system");
    case.logs("GRAPH> Enabled users: total=15, licensed=13, phoneSystem=0, excludedByCallingPlan=0, resource=0");
    case.logs("GRAPH> Found 0 users with a Phone System license (none have a Calling Plan)");
    assert_eq!(case.count("unlicensed"), 2);
    assert_eq!(case.count("no_phone_system"), 13);
    let everyone = case.everyone();
    let of = |cause: &str| {
        let found = everyone.iter().find(|one| one["first_cause"] == cause);
        let id = found.unwrap()["user"]["id"].as_str().unwrap().to_owned();
        case.why(&id)
    };
    begins(
        &of("unlicensed"),
        &[
            "NOT ADDABLE: no Microsoft licence",
            " 1 assign a licence with Teams and Phone System",
        ],
    );
    begins(
        &of("no_phone_system"),
        &[
            "NOT ADDABLE: no Phone System: no licence brings MCOEV",
            " 1 assign a licence with Phone System",
        ],
    );
}

/// By itself, inside each bundle, by a group: which licence, and what is done about it from here.
#[test]
fn users_with_calling_plans_are_excluded_from_the_sync_now_process() {
    let case = Case::new("calling-plans");
    case.logs("GRAPH> Enabled users: total=399, licensed=127, phoneSystem=108, excludedByCallingPlan=104, resource=0");
    case.logs("GRAPH> Found 108 users with a Phone System license, of which 104 are excluded as they have a Calling Plan");
    let everyone = case.everyone();
    let forms = [
        (
            40,
            "NOT ADDABLE: Calling Plan \"Skype for Business PSTN Domestic Calling\" (direct)",
            "remove the licence \"Skype for Business PSTN Domestic Calling\" (direct), which brings nothing else",
            "here",
        ),
        (
            24,
            "NOT ADDABLE: Calling Plan inside \"Teams Phone with Calling Plan\" (direct)",
            "disable MCOPSTN1 in \"Teams Phone with Calling Plan\" (direct); MCOEV stays",
            "here",
        ),
        (
            16,
            "NOT ADDABLE: Calling Plan inside \"Microsoft 365 Business Voice\" (direct)",
            "disable MCOPSTN1 in \"Microsoft 365 Business Voice\" (direct); MCOEV stays",
            "here",
        ),
        (
            12,
            "NOT ADDABLE: Calling Plan inside \"Microsoft 365 E5 with Calling Minutes\" (direct)",
            "disable MCOPSTN8 in \"Microsoft 365 E5 with Calling Minutes\" (direct); MCOEV stays",
            "here",
        ),
        (
            12,
            "NOT ADDABLE: Calling Plan \"Skype for Business PSTN Domestic Calling\" (by group \"Calling plans\")",
            "out of the group \"Calling plans\", which gives it, or switch MCOPSTN1 off in that group's licence; then sync",
            "by_hand",
        ),
    ];
    let mut all = 0;
    for (count, verdict, step, way) in forms {
        let these: Vec<&Value> = everyone
            .iter()
            .filter(|one| one["verdict"] == verdict)
            .collect();
        assert_eq!(these.len(), count, "{verdict}");
        for one in these {
            assert_eq!(one["first_cause"], "calling_plan");
            assert_eq!(one["ways"][0]["way"], way, "{one}");
            let first = one["steps"][0].as_str().unwrap();
            assert!(first.contains(step), "{first}");
        }
        all += count;
    }
    assert_eq!(all, case.count("calling_plan"));
    let evidence: Vec<&str> = everyone
        .iter()
        .flat_map(|one| one["gates"].as_array().unwrap())
        .filter(|gate| gate["gate"] == "no_calling_plan" && gate["result"] == "failed")
        .filter_map(|gate| gate["evidence"].as_str())
        .collect();
    assert!(
        evidence.iter().any(
            |text| text.starts_with("MCOPSTN1 Enabled since ")
                && text.ends_with(" (Domestic Calling Plan), in \"Teams Phone with Calling Plan\" MCOTEAMS_ESSENTIALS (direct)")
        ),
        "{evidence:?}"
    );
}

#[test]
fn the_same_problem_will_occur_with_communications_credit() {
    let case = Case::new("communications-credits");
    case.logs("GRAPH> Enabled users: total=12, licensed=12, phoneSystem=9, excludedByCallingPlan=3, resource=0");
    assert_eq!(case.count("communications_credits"), 3);
    let everyone = case.everyone();
    let one = everyone
        .iter()
        .find(|one| one["first_cause"] == "communications_credits")
        .unwrap();
    begins(
        &case.why(one["user"]["upn"].as_str().unwrap()),
        &[
            "NOT ADDABLE: Communications Credits \"Communications Credits\" (direct)",
            " 1 remove the licence \"Communications Credits\" (direct), which brings nothing else",
            " 2 the same as PowerShell",
            " 3 the page in the admin centre: https://admin.microsoft.com/",
        ],
    );
}

#[test]
fn an_active_directory_group_filter_has_been_applied() {
    let wrong = Case::new("bad-group");
    wrong.logs("GRAPH> Applying filter for group 'bad-group-name': include 0 of 76 users");
    wrong.logs("GRAPH> Enabled users: total=0, licensed=0, phoneSystem=0, excludedByCallingPlan=0, resource=0");
    wrong.logs("GRAPH> Found 0 users with a Phone System license (none have a Calling Plan)");
    assert_eq!(wrong.count("not_in_group"), 76);
    let anyone = |case: &Case| {
        let everyone = case.everyone();
        case.why(everyone[11]["user"]["id"].as_str().unwrap())
    };
    begins(
        &anyone(&wrong),
        &[
            "NOT ADDABLE: no group is called \"bad-group-name\"",
            " 1 clear the group filter of this tenant (Azure AD Group Name), then sync",
        ],
    );
    let empty = Case::new("empty-group");
    empty.logs("GRAPH> Applying filter for group 'Voice users': include 0 of 12 users");
    begins(
        &anyone(&empty),
        &[
            "NOT ADDABLE: the group \"Voice users\" is empty",
            " 1 clear the group filter of this tenant (Azure AD Group Name), then sync",
            " 2 or put the users into the group in Entra ID, then sync",
        ],
    );
    let ambiguous = Case::new("ambiguous-group");
    ambiguous.logs("GRAPH> Applying filter for group 'Voice users': include 0 of 12 users");
    begins(
        &anyone(&ambiguous),
        &[
            "NOT ADDABLE: 2 groups are called \"Voice users\"",
            " 1 set the group's id in the tenant's settings instead of its name: ",
            " 2 or clear the group filter",
        ],
    );
    let hidden = Case::new("hidden-group");
    assert_eq!(hidden.count("unknown"), 12);
    begins(
        &anyone(&hidden),
        &[
            "UNKNOWN: the group \"Voice users\" hides its members from this app (Member.Read.Hidden is not granted)",
            " 1 grant the app Member.Read.Hidden (admin consent), then sync",
            " 2 or clear the group filter",
        ],
    );
    // A group that is there, with members: who is outside is told so.
    let tour = Case::new("tour");
    begins(
        &tour.why("Irvin Sayers"),
        &[
            "NOT ADDABLE: not among the ",
            " 1 add Irvin to \"Voice users\" in Entra ID, then sync",
            " 2 or clear the group filter",
        ],
    );
}

#[test]
fn user_unlicensed_yellow_warning_triangle() {
    let short = Case::new("seats-short");
    short.logs("SEATS> License Status: Unlicensed: hazel.holly@contoso.example: no seat left (6 of 6 in use)  [warning]");
    let lines = short.why("Hazel Holly");
    begins(
        &lines,
        &[
            "UNLICENSED: no seat left (6 of 6 in use)",
            " 1 buy more seats from the provider",
            " 2 or remove users",
        ],
    );
    says(&lines, "8 in the order, 6 bought");
    says(
        &short.why("Amy Apple"),
        "has one; place 1 in the order, 6 bought",
    );
    let ended = Case::new("trial-ended");
    ended.logs("SEATS> License Status: Unlicensed: amy.apple@contoso.example: the trial has ended  [warning]");
    begins(
        &ended.why("Amy Apple"),
        &[
            "UNLICENSED: the trial has ended",
            " 1 buy seats from the provider",
        ],
    );
    let users = ended.call(&["users", "list", "--json"]).json();
    let causes = users["users"].as_array().unwrap();
    assert_eq!(causes.len(), 8);
    assert!(causes.iter().all(|user| user["cause"] == "trial_ended"));
}

#[test]
fn users_showing_unlicensed_after_bulk_import() {
    let case = Case::new("after-import");
    case.logs("MATCH> cara.lake@contoso.example is Cara Lake, by mail");
    case.logs("SEATS> License Status: Unlicensed: john.smith@contoso.example: not associated with a Teams user  [warning]");
    let lines = case.why("John Smith");
    begins(
        &lines,
        &[
            "UNLICENSED: not associated, nobody in the tenant has the address john.smith@contoso.example",
            " 1 if it is Jon Smith <jon.smith@contoso.example>: correct the e-mail",
            " 2 correct the e-mail: in the Microsoft portal and sync, or in the import file and import it again with update, not create",
            " 3 or edit this user and associate a Teams user by hand",
        ],
    );
    says(
        &lines,
        "john.smith@contoso.example against all sign-in names, mail addresses and SMTP proxy addresses",
    );
    // The e-mail of another case and the further address match by themselves.
    says(&case.why("Bill Stone"), "is the sign-in name");
    says(&case.why("Erin Shaw"), "is the proxy address");
}

#[test]
fn incorrect_country_showing_for_user() {
    let case = Case::new("wrong-country");
    let lines = case.why("Rose Quinn");
    begins(
        &lines,
        &[
            "CONFIGURED: all gates pass, but the usage location US is not the country of +44 1235 123701",
            " 1 set the usage location: US is not the number's country, which may affect outbound calls",
            "   ! allow up to 1 hour until it has spread, then sync",
        ],
    );
    says(
        &case.why("Una Voss"),
        " 1 set the usage location: none is set",
    );
}

#[test]
fn dirsynced_user() {
    let case = Case::new("dirsync");
    let lines = case.why("Ada Pike");
    begins(
        &lines,
        &[
            "CONFIGURED: all gates pass, but DirSync'd user: the number is mastered on-premises and cannot be written here",
            " 1 clear msRTCSIP-Line in the on-premises Active Directory",
            " 2 run the directory sync: Start-ADSyncSyncCycle -PolicyType Delta (it ran last ",
        ],
    );
    says(
        &lines,
        "+44 1235 123801 Direct Routing, from on-premises Active Directory",
    );
}

#[test]
fn the_tenant_for_the_selected_user_does_not_match_the_previously_tenant_selected() {
    let case = Case::new("other-tenant");
    assert_eq!(case.sync.code, 6);
    assert!(
        case.sync.out.contains(
            "The tenant for the selected user does not match the previously tenant selected"
        ),
        "{:?}",
        case.sync
    );
}

fn mode(word: &str) -> String {
    format!("add_users = \"{word}\"")
}

/// No list is built in manual mode, users are added by hand, and the mode may be changed at any time.
#[tokio::test(flavor = "multi_thread")]
async fn users_are_added_manually_and_the_add_users_list_is_not_built() {
    let case = Case::new("manual");
    let ended = case.call(&["candidates"]);
    assert!(
        ended.err.contains("This tenant is in manual mode"),
        "{ended:?}"
    );
    assert_eq!(ended.out, "");
    begins(
        &case.why(case.everyone()[0]["user"]["id"].as_str().unwrap()),
        &["CAN BE ADDED: all gates pass", " 1 add this user"],
    );
    let served = Served::new(Scenario::Manual, &mode("manual")).await;
    let call = |args: &[&str]| served.call(args);
    assert_eq!(call(&["sync"]).code, 0);
    assert_eq!(
        call(&["candidates", "--json"]).json()["candidates"],
        serde_json::json!([])
    );
    configure(served.home.path(), &served.simulator, &mode("sync"));
    let rows = call(&["candidates", "--json"]).json();
    assert_eq!(rows["candidates"].as_array().unwrap().len(), 6);
}

/// A number that is in the tenant comes with the user, and a blank one stays blank.
#[test]
fn about_numbers() {
    let case = Case::new("tour");
    let added = case.call(&["users", "add", "nestor@contoso.example"]);
    assert_eq!(added.code, 0, "{added:?}");
    let users = case.call(&["users", "list", "--json"]).json();
    let number = |mail: &str| {
        let users = users["users"].as_array().unwrap();
        let user = users.iter().find(|user| user["mail"] == mail).unwrap();
        user["number"].clone()
    };
    assert_eq!(number("nestor@contoso.example"), "+14255550140");
    assert_eq!(number("isaiah@contoso.example"), Value::Null);
    says(&case.why("Isaiah Langer"), "Number       none");
}

#[test]
fn assigning_more_than_one_number_to_a_user() {
    let case = Case::new("tour");
    let ended = case.call(&[
        "users",
        "edit",
        "Lee Gu",
        "--number",
        "+441235123471, +441235123480",
    ]);
    assert_eq!(ended.code, 2);
    assert!(
        ended
            .err
            .contains("one number per user. A PBX can give one user several"),
        "{ended:?}"
    );
    assert!(ended.err.contains("resource account"), "{ended:?}");
}

#[test]
fn the_telephone_number_provided_is_not_valid() {
    let case = Case::new("tour");
    let ended = case.call(&["users", "edit", "Isaiah Langer", "--number", "01235 123465"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended
            .err
            .contains("The telephone number provided is not valid"),
        "{ended:?}"
    );
    assert!(ended.err.contains("+44 1235 123465"), "{ended:?}");
}

/// What the documents leave out: calls that are blocked although the licences are right.
#[test]
fn calls_are_blocked_by_enterprise_voice_or_by_a_missing_route() {
    let case = Case::new("tour");
    begins(
        &case.why("Patti Fernandez"),
        &[
            "CONFIGURED: all gates pass, but calls are blocked: enterprise voice is off, though a Direct Routing number is held",
            " 1 switch enterprise voice on: Set-CsPhoneNumberAssignment -EnterpriseVoiceEnabled $true",
            " 2 the page in the Teams admin centre: https://admin.teams.microsoft.com/users/",
        ],
    );
    let lines = case.why("Miriam Graham");
    begins(
        &lines,
        &[
            "CONFIGURED: all gates pass, but calls are blocked outwards where the Global policy has no route",
            " 1 grant a voice routing policy",
        ],
    );
    says(
        &lines,
        "enterprise voice on; voice route none; dial plan Global",
    );
    let well = case.why("Diego Siciliani");
    begins(&well, &["CONFIGURED: all gates pass", "ok  enabled"]);
    says(
        &well,
        "enterprise voice on; voice route Calls out; dial plan Global",
    );
}

/// The same in the console: pane 2 says that no list is built, and the worst case is read at 80x24 with the way out on top.
#[test]
fn the_add_users_list_says_that_it_is_not_built() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &["--demo=manual"], None, (80, 24));
    terminal.wait_for("s sync");
    terminal.press("2");
    terminal.wait_for("Manual mode: no picklist is built");
}

#[test]
fn why_of_the_worst_user_is_readable_at_80x24() {
    let home = tempfile::tempdir().unwrap();
    let demo = ["--demo", "--home", home.path().to_str().unwrap()];
    assert_eq!(run(home.path(), &[&demo[..], &["sync"]].concat()).code, 0);
    let mut terminal = Terminal::start(home.path(), &demo, None, (80, 24));
    terminal.wait_for("s sync");
    terminal.press(":");
    terminal.wait_for("why TEXT");
    terminal.press("why");
    terminal.press("space");
    terminal.press("alex");
    terminal.press("enter");
    let screen = terminal.wait_for("NOT ADDABLE");
    let rows: Vec<&str> = screen.lines().collect();
    let from = rows.iter().position(|row| row.starts_with("WHY")).unwrap();
    assert!(rows[from + 1].starts_with(
        "NOT ADDABLE: Calling Plan inside \"Teams Phone with Calling Plan\" (direct)"
    ));
    assert!(rows[from + 2].starts_with(
        " 1 disable MCOPSTN1 in \"Teams Phone with Calling Plan\" (direct); MCOEV stays"
    ));
    assert!(rows[from + 3].starts_with("   ! stops +1 425 555 0101, the Calling Plan number"));
    assert!(
        rows[from + 4].starts_with(" 2 the same as PowerShell     3 the page in the admin centre")
    );
    assert!(
        rows[from + 5].starts_with("NO  no Calling Plan"),
        "{screen}"
    );
}

/// One user, now: under eight requests, by any of the names, with the age of what was not read again.
#[tokio::test(flavor = "multi_thread")]
async fn one_user_is_read_again_in_under_eight_requests() {
    let served = Served::new(Scenario::Tour, "group = \"Voice users\"").await;
    let call = |args: &[&str]| served.call(args);
    assert_eq!(call(&["sync"]).code, 0);
    let id = web::person(&served.base(), "alex@contoso.example")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for who in ["alex@contoso.example", "Alex Wilber", "+14255550101", &id] {
        web::ask(&served.base(), "DELETE", "/_sim/log", None);
        let why = call(&["why", who, "--live", "--json"]).json();
        assert_eq!(why["user"]["upn"], "alex@contoso.example", "{who}");
        assert_eq!(why["live"], true, "{who}");
        let log = web::ask(&served.base(), "GET", "/_sim/log", None);
        let requests = log["requests"].as_array().unwrap().len();
        assert!(requests < 8, "{who}: {log}");
        let gate = |name: &str| {
            let gates = why["gates"].as_array().unwrap();
            let gate = gates.iter().find(|gate| gate["gate"] == name).unwrap();
            gate["read_at"].as_str().unwrap().to_owned()
        };
        assert_eq!(gate("phone_system"), why["read_at"].as_str().unwrap());
        assert_eq!(gate("in_group"), gate("phone_system"));
        let facts = why["facts"].as_array().unwrap();
        assert!(facts.iter().any(|fact| fact["label"] == "Read"), "{why}");
    }
}
