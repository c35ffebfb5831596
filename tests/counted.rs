//! What the reading of a page of users costs, in instructions counted by valgrind: a later change that doubles it is seen here,
//! however busy the machine is.
//!
//! Without valgrind nothing is counted, and a sentence says so.

use std::process::Command;

use teamsconnector::graph::users::PageReader;

/// Users of a page, each with as many plans as an ordinary licence brings.
const USERS: usize = 100;
const PLANS: usize = 48;

/// What a page cost when this was written, in the unoptimised build of tests, with rustc 1.95.
const RECORDED: u64 = 52_600_000;

/// A page as Graph sends it. One plan in sixteen decides something.
fn page() -> String {
    let users: Vec<String> = (0..USERS)
        .map(|user| {
            let plans: Vec<String> = (0..PLANS).map(|plan| plan_row(user, plan)).collect();
            format!(
                r#"{{"id":"00000000-0000-0000-0000-{user:012}","displayName":"Zo\u00eb Smith {user}","userPrincipalName":"zoe.smith{user}@contoso.example","mail":"zoe.smith{user}@contoso.example","proxyAddresses":["SMTP:zoe.smith{user}@contoso.example","smtp:z{user}@contoso.example"],"accountEnabled":true,"userType":"Member","department":"Sales","usageLocation":"GB","onPremisesSyncEnabled":null,"assignedLicenses":[{{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","disabledPlans":[]}}],"assignedPlans":[{}],"licenseAssignmentStates":[{{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","disabledPlans":[],"assignedByGroup":null,"state":"Active","error":"None"}}]}}"#,
                plans.join(",")
            )
        })
        .collect();
    format!(
        r#"{{"@odata.count":{USERS},"@odata.nextLink":"https://graph.example/v1.0/users?$skiptoken=a","value":[{}]}}"#,
        users.join(",")
    )
}

fn plan_row(user: usize, plan: usize) -> String {
    let id = if plan % 16 == 7 {
        "4828c8ec-dc2e-4779-b502-87ac9ce28ab7".to_owned()
    } else {
        format!("{plan:08x}-5a08-49f6-8134-03083ed8ba30")
    };
    format!(
        r#"{{"assignedDateTime":"2026-01-{:02}T09:08:50Z","capabilityStatus":"Enabled","service":"exchange","servicePlanId":"{id}"}}"#,
        user % 28 + 1
    )
}

fn read(times: usize) {
    let page = page();
    let mut reader = PageReader::default();
    for _ in 0..times {
        let (read, link) = reader.read(page.as_bytes()).expect("the page is sound");
        assert_eq!(
            (read.users.len(), read.count, read.flawed),
            (USERS, Some(USERS as u64), 0)
        );
        assert!(
            read.users
                .iter()
                .all(|user| user.plans.len() == 1 && user.name.starts_with("Zoë"))
        );
        assert_eq!(
            link.as_deref(),
            Some("https://graph.example/v1.0/users?$skiptoken=a")
        );
    }
}

#[test]
fn one_page() {
    read(1);
}

#[test]
fn three_pages() {
    read(3);
}

/// The instructions of one of the tests above; `None` where valgrind does not run.
fn counted(test: &str) -> Option<u64> {
    let program = std::env::current_exe().expect("this test runs from a file");
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--exact", test, "--test-threads=1"])
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    let collected = told
        .lines()
        .find_map(|line| line.split_once("Collected : "))?;
    assert!(done.status.success(), "{told}");
    collected.1.trim().parse().ok()
}

#[test]
fn a_page_costs_what_it_did() {
    let (Some(one), Some(three)) = (counted("one_page"), counted("three_pages")) else {
        println!("valgrind does not run here: the instructions of a page are not counted");
        return;
    };
    let page = (three - one) / 2;
    println!("{page} instructions for a page of {USERS} users, {RECORDED} when it was recorded");
    assert!(
        page <= RECORDED / 2 * 3,
        "reading a page takes {page} instructions, and took {RECORDED}: find what has made it dearer, or record the new count"
    );
    assert!(
        page >= RECORDED / 3,
        "reading a page takes {page} instructions, and took {RECORDED}: record the new count, so that a doubling is seen again"
    );
}
