//! Who can be taken for somebody else is marked on the command line as on the screen: a sign, and what it is in words.

use serde_json::json;

use crate::support::program::Tour;
use crate::support::web;

#[tokio::test(flavor = "multi_thread")]
async fn look_alikes_are_marked_in_words_by_every_command_that_lists_people() {
    let tour = Tour::new("").await;
    let base = tour.bench.base();
    // The e of the second Joni is a Cyrillic one.
    let double = json!({ "displayName": "Joni Sh\u{435}rman" });
    web::ask(
        &base,
        "PATCH",
        "/_sim/users/nestor@contoso.example",
        Some(&double),
    );
    tour.good(&["sync"]);
    let clean = tour.call(&["users", "list"]);
    assert!(
        !clean.out.contains('≈') && !clean.err.contains('≈'),
        "{clean:?}"
    );
    tour.good(&["users", "add", "joni@contoso.example"]);
    let like_nestor =
        "Looks like Joni Sh\u{435}rman <nestor@contoso.example>, who is somebody else.";
    let mixed = "Letters of two scripts stand in \"Sh\u{435}rman\".";

    let list = tour.call(&["users", "list"]);
    assert!(list.out.contains("≈ Joni Sherman "), "{list:?}");
    assert!(
        list.err.contains(&format!("≈ Joni Sherman: {like_nestor}")),
        "{list:?}"
    );
    let show = tour.good(&["users", "show", "joni@contoso.example"]);
    assert!(
        show.contains(&format!("beware       {like_nestor}")),
        "{show}"
    );
    let why = tour.good(&["why", "joni@contoso.example"]);
    assert!(
        why.contains(&format!("Beware       {like_nestor}")),
        "{why}"
    );
    let why = tour
        .call(&["why", "nestor@contoso.example", "--json"])
        .json();
    assert!(why.to_string().contains("who is somebody else."), "{why}");
    let everybody = tour.call(&["candidates"]);
    assert!(
        everybody.out.contains("≈ Joni Sh\u{435}rman "),
        "{everybody:?}"
    );
    assert!(everybody.err.contains(mixed), "{everybody:?}");
    // The second Joni holds a number of the tenant.
    let numbers = tour.call(&["numbers"]);
    assert!(numbers.out.contains("≈ Joni Sh\u{435}rman "), "{numbers:?}");
    assert!(
        numbers.err.contains(mixed) && numbers.err.contains("Looks like Joni Sherman <joni@"),
        "{numbers:?}"
    );
    // The last look before something is written.
    let joni = "joni@contoso.example";
    tour.good(&["users", "edit", joni, "--number", "+441235123480"]);
    let plan = tour.call(&["sync", "--plan"]);
    assert!(plan.err.contains("  ≈ Joni Sherman: number"), "{plan:?}");
    assert!(
        plan.err.contains(&format!("≈ Joni Sherman: {like_nestor}")),
        "{plan:?}"
    );
    // Programs read the names as they are.
    for args in [["numbers", "--json"], ["candidates", "--json"]] {
        let told = tour.good(&args);
        assert!(
            !told.contains('≈') && told.contains("Joni Sh\u{435}rman"),
            "{told}"
        );
    }
}
