//! Who is meant, and what was really read: one text means one person everywhere, and nothing old answers as live.

use serde_json::{Value as Json, json};
use teamsconnector::domain::guid::ObjectId;
use teamsconnector::domain::repair::Repair;
use teamsconnector::ops::explain::{self, Whom};
use teamsconnector::ops::history;
use teamsconnector::ops::repair::With;
use teamsconnector::sync::{ReadAgain, Reading, read_again};

use crate::support::bench::{Bench, noon};
use crate::support::program::Tour;
use crate::support::web;

impl Tour {
    fn why(&self, args: &[&str]) -> Json {
        self.call(&[&["why", "--json"], args].concat()).json()
    }

    fn ask(&self, method: &str, path: &str, body: &Json) -> Json {
        web::ask(&self.bench.base(), method, path, Some(body))
    }
}

fn fact<'a>(why: &'a Json, label: &str) -> &'a str {
    let facts = why["facts"].as_array().unwrap();
    let fact = facts.iter().find(|fact| fact["label"] == label);
    fact.map_or("", |fact| fact["text"].as_str().unwrap())
}

fn gate<'a>(why: &'a Json, name: &str) -> &'a Json {
    let gates = why["gates"].as_array().unwrap();
    gates.iter().find(|gate| gate["gate"] == name).unwrap()
}

async fn id(bench: &Bench, upn: &str) -> ObjectId {
    let rows = bench.store().cache.find(upn, 1).await.unwrap();
    rows.first().expect("the tenant has this user").id
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_was_deleted_does_not_answer_from_the_files_as_live() {
    let tour = Tour::new("").await;
    let nestor = "nestor@contoso.example";
    tour.ask("DELETE", "/_sim/users/nestor@contoso.example", &json!({}));
    let old = tour.why(&[nestor]);
    assert_eq!(
        (&old["live"], &old["user"]["upn"]),
        (&json!(false), &json!(nestor))
    );
    let now = tour.why(&[nestor, "--live"]);
    assert_eq!(now["verdict"], "GONE FROM THE TENANT (read live)");
    assert_eq!(now["live"], true);
    assert_eq!(now["user"]["upn"], nestor);
    assert_eq!(now["gates"], json!([]));
    let text = tour.good(&["why", nestor, "--live"]);
    assert!(
        text.contains(
            " 1 restore the account in Entra ID (Deleted users, within 30 days), then sync"
        ),
        "{text}"
    );
    assert!(text.contains("in the tenant until "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_teams_does_not_answer_its_facts_keep_their_age() {
    let tour = Tour::new("").await;
    let alex = "alex@contoso.example";
    let before = tour.why(&[alex]);
    for status in [503, 403] {
        let fault = json!({ "path_contains": "userConfigurations", "times": 99, "status": status });
        web::knobs(&tour.bench.base(), &json!({ "fail_next": [fault] }));
        tour.ask("DELETE", "/_sim/log", &json!({}));
        let now = tour.why(&[alex, "--live"]);
        let log = tour.ask("GET", "/_sim/log", &json!({}));
        let requests = log["requests"].as_array().unwrap().len();
        assert!(requests < 8, "{requests}: {log}");
        // Later answers from the files say so too.
        for why in [&now, &tour.why(&[alex])] {
            let teams = fact(why, "Teams");
            assert!(teams.contains("; Teams could not be read: "), "{teams}");
            assert!(teams.contains(&status.to_string()), "{teams}");
            let shown = teams.rsplit("what is shown is of ").next().unwrap();
            let read_at = before["read_at"].as_str().unwrap();
            assert_eq!(
                shown.replace(' ', "T").trim_end_matches('Z'),
                &read_at[..16]
            );
            assert!(fact(why, "Read").starts_with("directory, licences and numbers "));
        }
    }
    web::knobs(&tour.bench.base(), &json!({ "fail_next": [] }));
    let well = tour.why(&[alex, "--live"]);
    assert!(!fact(&well, "Teams").contains("could not be read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_membership_is_read_live_with_its_user() {
    let tour = Tour::new("group = \"Voice users\"").await;
    let all = tour.good(&["why", "--all", "--json"]);
    let outside: Json = all
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .find(|why: &Json| why["cause"] == "not_in_group" || why["first_cause"] == "not_in_group")
        .unwrap();
    let upn = outside["user"]["upn"].as_str().unwrap();
    assert_eq!(gate(&outside, "in_group")["result"], "failed");
    let members: Vec<&str> = vec![upn, "alex@contoso.example"];
    tour.ask(
        "PUT",
        "/_sim/groups/Voice%20users",
        &json!({ "members": members }),
    );
    let now = tour.why(&[upn, "--live"]);
    assert_eq!(gate(&now, "in_group")["result"], "passed", "{now}");
    assert_eq!(gate(&now, "in_group")["read_at"], now["read_at"]);
    assert!(fact(&now, "Read").contains(" and membership "), "{now}");
    // And the files remember it.
    assert_eq!(gate(&tour.why(&[upn]), "in_group")["result"], "passed");
    // Out again.
    tour.ask(
        "PUT",
        "/_sim/groups/Voice%20users",
        &json!({ "members": ["alex@contoso.example"] }),
    );
    let out = tour.why(&[upn, "--live"]);
    assert_eq!(gate(&out, "in_group")["result"], "failed", "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_means_the_same_person_everywhere() {
    let tour = Tour::new("").await;
    let old = "joni@contoso.example";
    tour.good(&["users", "add", old]);
    // Joni gets another address, and somebody else the old one.
    let moved =
        json!({ "userPrincipalName": "joni.s@contoso.example", "mail": "joni.s@contoso.example" });
    tour.ask("PATCH", "/_sim/users/joni@contoso.example", &moved);
    let taken =
        json!({ "userPrincipalName": old, "displayName": "Joni Second", "usageLocation": "GB" });
    tour.ask("POST", "/_sim/users", &taken);
    tour.good(&["sync"]);
    assert_eq!(tour.why(&[old])["user"]["name"], "Joni Second");
    assert_eq!(tour.why(&[old, "--live"])["user"]["name"], "Joni Second");
    let done = tour.call(&["repair", old, "--location", "US"]);
    assert_eq!(done.code, 0, "{done:?}");
    let queued = tour.call(&["outbox", "list", "--json"]).json();
    assert_eq!(queued["entries"][0]["name"], "Joni Second");
    let script = tour.call(&["script", old, "--country", "US"]);
    assert!(script.out.contains("Joni Second"), "{script:?}");

    // Two of one name: `why` tells of the other, what writes refuses.
    let twin =
        json!({ "userPrincipalName": "joni3@contoso.example", "displayName": "Joni Second" });
    tour.ask("POST", "/_sim/users", &twin);
    // Not all is written: the change still waits.
    assert_eq!(tour.call(&["sync"]).code, 5);
    let text = tour.good(&["why", "Joni Second"]);
    assert!(text.contains("Also matches"), "{text}");
    for args in [
        &["repair", "Joni Second", "--location", "US"][..],
        &["move", "+441235123472", "--to", "Joni Second"],
        &["script", "Joni Second"],
        &["users", "add", "Joni Second"],
    ] {
        let ended = tour.call(args);
        assert_ne!(ended.code, 0, "{args:?}");
        assert!(
            ended
                .err
                .contains("2 in the tenant are meant by Joni Second"),
            "{args:?} {ended:?}"
        );
        assert!(
            ended.err.contains("Joni Second <joni3@contoso.example>"),
            "{ended:?}"
        );
    }
    let nobody = tour.call(&["repair", "Joni Secnd", "--location", "US"]);
    assert!(
        nobody
            .err
            .contains("Nobody in the tenant is called Joni Secnd"),
        "{nobody:?}"
    );
    assert!(nobody.err.contains("Joni Second <"), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_however_they_are_written() {
    let tour = Tour::new("").await;
    let alex = tour.why(&["alex@contoso.example"]);
    let id = alex["user"]["id"].as_str().unwrap();
    for text in [
        "Wilber Alex",
        "wilber, alex",
        "tel:+14255550101",
        "+1 425 555 0101",
        &format!("{{{id}}}"),
        "Alex Wilber <alex@contoso.example>",
        "lex Wilb",
    ] {
        assert_eq!(
            tour.why(&[text])["user"]["upn"],
            "alex@contoso.example",
            "{text}"
        );
    }
    let script = tour.good(&["script", "Wilber Alex"]);
    assert!(script.contains("alex@contoso.example"), "{script}");
    let parts = tour.call(&["script", "lex Wilb"]);
    assert!(
        parts
            .err
            .contains("Nobody in the tenant is called lex Wilb"),
        "{parts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_of_somebody_who_is_not_on_the_list_is_told() {
    let bench = Bench::synced("tour").await;
    let alex = id(&bench, "alex@contoso.example").await;
    let with = With {
        country: Some("GB".parse().unwrap()),
        ..With::default()
    };
    bench.repair(alex, &[Repair::SetLocation], with).await;
    let why = explain::why(bench.store(), &Whom::Directory(alex), noon(), false)
        .await
        .unwrap();
    let queued: Vec<&str> = why
        .facts
        .iter()
        .filter(|fact| fact.label == "Queued")
        .map(|fact| fact.text.as_str())
        .collect();
    assert_eq!(queued.len(), 1, "{:?}", why.facts);
    assert!(queued[0].contains("-> GB (queued)"), "{queued:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_taken_is_told_to_its_old_holder_with_the_id_that_takes_it_back() {
    let mut bench = Bench::synced("tour").await;
    let (pat, kim) = (
        id(&bench, "pat@contoso.example").await,
        id(&bench, "kim@contoso.example").await,
    );
    bench.move_number("+441235123472", kim).await;
    let lately = async |bench: &Bench, who| {
        let why = explain::why(bench.store(), &Whom::Directory(who), noon(), false).await;
        why.unwrap().lately
    };
    let waits = lately(&bench, pat).await;
    assert!(
        waits
            .iter()
            .any(|line| line.contains("+44 1235 123472 goes to Kim New")),
        "{waits:?}"
    );
    bench.apply().await;
    let written = history::written(bench.store()).await.unwrap();
    assert_eq!(written.len(), 1);
    let entry = written[0].1.entry.0;
    let told = lately(&bench, pat).await;
    let wanted =
        format!("+44 1235 123472 went to Kim New: confirmed in the tenant (change {entry}, ");
    assert!(told.iter().any(|line| line.contains(&wanted)), "{told:?}");
    let own = lately(&bench, kim).await;
    assert!(
        own.iter().any(
            |line| line.contains("number +44 1235 123472: confirmed in the tenant")
                && line.contains(&format!("(change {entry}, "))
        ),
        "{own:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_shown_again_marks_what_it_marked() {
    let tour = Tour::new("group = \"no such group\"").await;
    let first = tour.good(&["history", "show", "1"]);
    assert!(
        first.lines().any(|line| line.ends_with("  [warning]")),
        "{first}"
    );
    let none = tour.good(&["outbox", "list", "--done"]);
    assert!(none.starts_with("ID"), "{none}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_says_who_is_gone_and_who_was_never_there() {
    let bench = Bench::synced("tour").await;
    let nestor = id(&bench, "nestor@contoso.example").await;
    web::ask(
        &bench.base(),
        "DELETE",
        "/_sim/users/nestor@contoso.example",
        None,
    );
    let client = &bench.world.client;
    let reading = read_again(client, bench.store(), &ReadAgain::Id(nestor), noon()).await;
    assert_eq!(reading.unwrap(), Reading::Gone(nestor));
    let text = ReadAgain::Text("nestor@contoso.example".into());
    let reading = read_again(client, bench.store(), &text, noon()).await;
    assert_eq!(reading.unwrap(), Reading::Nobody);
}
