//! `script` through the real program: what is queued, one user's way out, a resource account.

use crate::support::program::{Ended, run};

/// The built-in tenant under a home of its own, read once.
struct Tour(tempfile::TempDir);

impl Tour {
    fn new() -> Self {
        let tour = Self(tempfile::tempdir().unwrap());
        let read = tour.run(&["sync"]);
        assert_eq!(read.code, 0, "{read:?}");
        tour
    }

    fn run(&self, args: &[&str]) -> Ended {
        run(self.0.path(), &[&["--demo"], args].concat())
    }

    fn script(&self, args: &[&str]) -> String {
        let ended = self.run(&[&["script"], args].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(
            ended.out.starts_with("#Requires -Version 5.1\n"),
            "{}",
            ended.out
        );
        assert!(ended.out.is_ascii());
        ended.out
    }
}

fn assert_holds(script: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(script.contains(wanted), "{wanted}\n{script}");
    }
}

#[test]
fn one_users_way_out_switches_the_plan_off_and_nothing_else() {
    let tour = Tour::new();
    let script = tour.script(&["alex@contoso.example"]);
    assert_holds(
        &script,
        &[
            "# Step 1: switch MCOPSTN1 off in Teams Phone with Calling Plan: Alex Wilber <alex@contoso.example>",
            "Confirm-Silence $user $upn '+",
            "$sku = 'ae2343d1-0999-43f6-ae18-d816516f6e78'",
            "$plan = '4ed3ff63-69d7-4fb7-b984-5aec7f605ca8'",
            "        Remove-CsPhoneNumberAssignment -Identity $user -TelephoneNumber $ringing.TelephoneNumber",
            "DisabledPlans = @($off + $plan)",
        ],
    );
    assert!(!script.contains("Step 2"), "{script}");
    assert!(
        !script.contains("Connect-MicrosoftTeams -TenantId 'c"),
        "{script}"
    );
    let json = tour
        .run(&["--json", "script", "alex@contoso.example"])
        .json();
    assert_eq!(
        json["script"].as_str().unwrap().trim_end(),
        script.trim_end()
    );
}

#[test]
fn a_licence_by_a_group_asks_which_way() {
    let script = Tour::new().script(&["johanna@contoso.example"]);
    assert_holds(
        &script,
        &[
            "# By hand, for everybody in the group",
            "$choice = Read-Host ('MEMBER takes ' + $upn + ' out of the group",
            "Remove-MgGroupMemberByRef -GroupId $group -DirectoryObjectId $user",
            "#Requires -Modules Microsoft.Graph.Groups",
        ],
    );
    assert!(!script.contains("Set-MgGroupLicense"), "{script}");
}

#[test]
fn a_licence_of_credits_alone_is_removed() {
    let script = Tour::new().script(&["enrico@contoso.example"]);
    assert_holds(
        &script,
        &[
            "# Step 1: remove ",
            "$sku = '47794cd0-f0e5-45c5-9033-2eb6b5fc84e0'",
            "-RemoveLicenses @($sku)",
        ],
    );
}

#[test]
fn a_number_of_active_directory_is_cleared_there() {
    let script = Tour::new().script(&["megan@contoso.example"]);
    assert_holds(
        &script,
        &[
            "#Requires -Modules ActiveDirectory",
            "Set-ADUser -Identity $account[0] -Clear 'msRTCSIP-Line'",
            "Start-ADSyncSyncCycle -PolicyType Delta",
        ],
    );
}

#[test]
fn a_number_that_a_leaver_holds_is_released_once_the_name_is_typed() {
    let script = Tour::new().script(&["pat@contoso.example"]);
    assert_holds(
        &script,
        &[
            "$number = '+441235123472'",
            "    Confirm-Silence $user $upn '+441235123472'\n    Remove-CsPhoneNumberAssignment -Identity $user -TelephoneNumber $number -NumberType $held[0].NumberType -ErrorAction Stop",
            "Confirm-State ('The number is still held: ' + $upn)",
        ],
    );
}

#[test]
fn what_is_queued_becomes_a_script_with_releases_first() {
    let tour = Tour::new();
    let empty = tour.run(&["script"]);
    assert_eq!((empty.code, empty.out.as_str()), (1, ""), "{empty:?}");
    assert!(empty.err.starts_with("Nothing is queued\n"), "{empty:?}");
    let listed = tour.run(&["--json", "candidates"]).json();
    let upn = listed["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["number"].is_null() && row["kind"] != "resource")
        .unwrap()["upn"]
        .as_str()
        .unwrap()
        .to_owned();
    let add = tour.run(&[
        "users",
        "add",
        &upn,
        "--number",
        "+441235128877",
        "--country",
        "FR",
    ]);
    assert_eq!(add.code, 0, "{add:?}");
    let script = tour.script(&[]);
    assert_holds(
        &script,
        &[
            "$number = '+441235128877'",
            "Set-CsPhoneNumberAssignment -Identity $user -TelephoneNumber $number -NumberType DirectRouting -ErrorAction Stop",
            "$country = 'FR'",
        ],
    );
    assert!(script.find("$country = 'FR'") < script.find("$number = '+441235128877'"));
}

#[test]
fn a_queued_number_follows_the_association() {
    let tour = Tour::new();
    for args in [
        [
            "users",
            "edit",
            "isaiah@contoso.example",
            "--number",
            "+441235128877",
        ],
        [
            "users",
            "edit",
            "isaiah@contoso.example",
            "--associate",
            "nestor@contoso.example",
        ],
    ] {
        let ended = tour.run(&args);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    let script = tour.script(&[]);
    assert_holds(&script, &["<nestor@contoso.example>"]);
    assert!(!script.contains("isaiah@contoso.example"), "{script}");
}

#[test]
fn a_live_calling_plan_number_is_not_replaced() {
    let tour = Tour::new();
    for args in [
        &["users", "add", "alex@contoso.example"][..],
        &[
            "users",
            "edit",
            "alex@contoso.example",
            "--number",
            "+441235128877",
        ],
    ] {
        let ended = tour.run(args);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    let script = tour.script(&[]);
    assert_holds(
        &script,
        &[
            "# Left out: Alex Wilber, number to +44 1235 128877: holds the Calling Plan number +1 425 555 0101",
        ],
    );
    assert!(
        !script.contains("Remove-CsPhoneNumberAssignment"),
        "{script}"
    );
}

#[test]
fn a_resource_account_is_made_licensed_and_numbered() {
    let script = Tour::new().script(&[
        "--resource-account",
        "Zoë's \"second\" line",
        "--upn",
        "zoe.line@contoso.example",
        "--number",
        "+441235123499",
        "--country",
        "GB",
    ]);
    assert_holds(
        &script,
        &[
            "-DisplayName ('Zo' + [char]0x00EB + '''s \"second\" line') -ApplicationId 'ce933385-9390-45d1-9512-c8d228074e07'",
            "PHONESYSTEM_VIRTUALUSER",
            "Set-CsPhoneNumberAssignment -Identity $user -TelephoneNumber $number -NumberType DirectRouting",
            "# By hand: forward it",
        ],
    );
}

#[test]
fn nobody_gets_a_script_who_was_only_nearly_meant() {
    let ended = Tour::new().run(&["script", "contoso"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("surely"), "{}", ended.err);
    assert_eq!(ended.out, "");
}
