//! Numbers and licences of the tour, on the command line and on the screen, against what is true in the simulated tenant.

use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::program::{Ended, configure, run_with_secret};
use crate::support::pty::Terminal;
use crate::support::web;

struct Scene {
    bench: Bench,
    home: tempfile::TempDir,
}

impl Scene {
    /// The tour, with numbers that other administrators have left in every odd state.
    async fn new() -> Self {
        let bench = Bench::new("tour").await;
        let home = tempfile::tempdir().unwrap();
        configure(home.path(), &bench.simulator, "");
        for body in [
            json!({ "telephoneNumber": "+441235123490", "type": "directRouting", "target": null, "status": "userAssigned" }),
            json!({ "telephoneNumber": "+441235123491", "type": "directRouting", "target": "christie@contoso.example" }),
            json!({ "telephoneNumber": "+441235123492", "type": "directRouting", "target": "debra@contoso.example" }),
            json!({ "telephoneNumber": "+441235123493", "type": "directRouting", "target": "joni@contoso.example", "activationState": "assignmentFailed" }),
        ] {
            web::ask(&bench.base(), "POST", "/_sim/numbers", Some(&body));
        }
        Self { bench, home }
    }

    fn run(&self, args: &[&str]) -> Ended {
        let args: Vec<&str> = ["--tenant", "contoso"]
            .iter()
            .chain(args)
            .copied()
            .collect();
        let secret = self.bench.simulator.client_secret();
        run_with_secret(self.home.path(), secret, &args)
    }
}

fn rows(ended: &Ended, name: &str) -> Vec<Value> {
    assert_eq!(ended.code, 0, "{ended:?}");
    let json = ended.json();
    assert_eq!(json["schema_version"], 1);
    json[name].as_array().unwrap().clone()
}

fn row<'a>(rows: &'a [Value], number: &str) -> &'a Value {
    rows.iter()
        .find(|row| row["number"] == number)
        .unwrap_or_else(|| panic!("{number} is not listed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_those_of_the_tenant_with_their_holders() {
    let scene = Scene::new().await;
    let ended = scene.run(&["numbers", "--json"]);
    let rows = rows(&ended, "numbers");
    let state = web::ask(&scene.bench.base(), "GET", "/_sim/state", None);
    let truth = state["numbers"].as_array().unwrap();
    assert_eq!(rows.len(), truth.len());
    let mut free = 0;
    for record in truth {
        let number = record["telephoneNumber"].as_str().unwrap();
        let found = row(&rows, number);
        let target = record["assignmentTargetId"]
            .as_str()
            .filter(|id| !id.is_empty());
        assert_eq!(found["holder_id"].as_str(), target, "{number}");
        assert_eq!(found["type"], record["numberType"], "{number}");
        let unassigned = record["assignmentStatus"] == "unassigned";
        assert_eq!(found["status"] == "free", unassigned, "{number}");
        free += usize::from(unassigned);
    }
    for (number, status, holder, blocked) in [
        ("+14255550100", "assigned", Some("Diego Siciliani"), None),
        ("+441235123400", "assigned", Some("Main Reception"), None),
        (
            "+441235123470",
            "assigned",
            Some("Megan Bowen"),
            Some("on_premises"),
        ),
        (
            "+441235123472",
            "assigned",
            Some("Pat Old"),
            Some("holder_disabled"),
        ),
        ("+441235123480", "free", None, None),
        ("+441235123490", "phantom", None, Some("no_target")),
        (
            "+441235123491",
            "assigned",
            Some("Christie Cline"),
            Some("holder_no_phone_system"),
        ),
        (
            "+441235123492",
            "assigned",
            Some("Debra Berger"),
            Some("holder_unlicensed"),
        ),
        (
            "+441235123493",
            "assigned",
            Some("Joni Sherman"),
            Some("activation_failed"),
        ),
        ("+441235123499", "phantom", None, Some("unknown_target")),
    ] {
        let found = row(&rows, number);
        assert_eq!(found["status"], status, "{number}");
        assert_eq!(found["holder"].as_str(), holder, "{number}");
        assert_eq!(found["blocked"].as_str(), blocked, "{number}");
    }
    assert_eq!(row(&rows, "+441235123470")["source"], "onPremises");
    let only_free = scene.run(&["numbers", "--free"]);
    assert_eq!(only_free.out.lines().count(), free + 1, "{}", only_free.out);
    let phantoms = scene.run(&["numbers", "--filter", "phantom"]);
    let lines: Vec<&str> = phantoms.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", phantoms.out);
    assert!(lines[1].starts_with("+44 1235 123490"), "{}", lines[1]);
    assert!(
        lines[2].ends_with("owner is not in the tenant"),
        "{}",
        lines[2]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn licences_are_counted_and_say_what_they_bring() {
    let scene = Scene::new().await;
    let rows = rows(&scene.run(&["licences", "--json"]), "licences");
    let of = |part: &str| {
        rows.iter()
            .find(|row| row["sku"] == part)
            .unwrap_or_else(|| panic!("{part} is not listed"))
            .clone()
    };
    assert_eq!(of("MCOEV")["brings"], json!(["phone_system"]));
    assert_eq!(
        of("MCOTEAMS_ESSENTIALS")["brings"],
        json!(["phone_system", "calling_plan"])
    );
    assert_eq!(of("MCOPSTNC")["brings"], json!(["communications_credits"]));
    assert_eq!(
        of("PHONESYSTEM_VIRTUALUSER")["brings"],
        json!(["virtual_user"])
    );
    for row in &rows {
        let count = |name: &str| row[name].as_i64().unwrap();
        assert_eq!(count("free"), count("bought") - count("used"), "{row}");
    }
    // Two resource accounts have one, and nobody else.
    assert_eq!(of("PHONESYSTEM_VIRTUALUSER")["users"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panes_show_them_and_n_jumps() {
    let scene = Scene::new().await;
    let mut terminal = Terminal::start(
        scene.home.path(),
        &["--tenant", "contoso"],
        Some(scene.bench.simulator.client_secret()),
        (80, 24),
    );
    terminal.read_first();
    terminal.wait_for("6 Numbers 32");
    terminal.press("6");
    terminal.wait_for("2 phantom");
    terminal.press("/ phantom enter");
    terminal.wait_for("2 of 32");
    terminal.wait_for("assigned to nobody");
    terminal.press("esc");
    terminal.wait_for("by number");
    terminal.press("/ diego enter");
    terminal.wait_for("1 of 32");
    terminal.press("n");
    // Diego may be added: the list of candidates has him.
    terminal.wait_for("23 may be added");
    terminal.press("n");
    terminal.wait_for("held by  Diego Siciliani <diego@contoso.example>, user, not configured");
    terminal.press("5");
    terminal.wait_for("Teams Phone");
    terminal.press("/ virtual enter enter");
    terminal.wait_for("Sales Queue");
    terminal.wait_for("MCOEV_VIRTUALUSER");
}
