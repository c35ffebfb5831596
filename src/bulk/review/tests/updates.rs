//! What an update does, and what is kept of a file.

use super::*;
use crate::bulk::export::{Reader, write};

#[test]
fn the_patch_of_an_update_starts_from_what_the_tenant_has() {
    let review = review(Mode::Update, &["bob,Robert,,+441235123460;ext=12,"]);
    let steps = review.steps();
    let [
        steps::Step::Edit {
            user,
            patch,
            sip_username: None,
            external_id: None,
        },
    ] = steps.as_slice()
    else {
        panic!("{steps:?}");
    };
    assert_eq!(
        (*user, patch.name.as_deref(), patch.kind),
        (UserId(2), Some("Robert"), Some(NumberKind::Extension))
    );
    let pair = (
        Value::Number(Some(num("+441235123402"))),
        Value::Number(Some(num("+441235123460;ext=12"))),
    );
    assert_eq!(patch.two_way, [pair]);
}

#[test]
fn an_update_that_mends_the_e_mail_is_about_whom_it_finds_now() {
    let edit = |rows: &[&str]| -> (Option<Association>, Vec<(Value, Value)>) {
        let review = review(Mode::Update, rows);
        let steps = review.steps();
        let [steps::Step::Edit { patch, .. }] = steps.as_slice() else {
            panic!("{steps:?} {}", said(&review, 0));
        };
        (patch.association, patch.two_way.clone())
    };
    let numbers = |old: Option<&str>, new: &str| {
        vec![(Value::Number(old.map(num)), Value::Number(Some(num(new))))]
    };
    // Ann's row becomes Dee's, who has no number: it is given to Dee, and Ann's is not taken away.
    assert_eq!(
        edit(&["ann,,dee@contoso.example,+441235124000,"]),
        (
            Some(Association::Matched(id(4))),
            numbers(None, "+441235124000")
        )
    );
    // Nobody yet: it waits for a match.
    assert_eq!(
        edit(&["ann,,new@contoso.example,+441235124000,"]),
        (Some(Association::None), numbers(None, "+441235124000"))
    );
    // Nobody yet, and nothing would be written: she may be about to be renamed.
    assert_eq!(
        edit(&["ann,,new@contoso.example,+441235123401,"]),
        (None, Vec::new())
    );
    // Cy has this number already.
    assert_eq!(
        edit(&["ann,,cy@contoso.example,+441235123403,"]),
        (Some(Association::Matched(id(3))), Vec::new())
    );
    // The same address in other letters is the same person.
    assert_eq!(
        edit(&["ann,,ANN@contoso.example,+441235124000,"]),
        (None, numbers(Some("+441235123401"), "+441235124000"))
    );
    // What Ann has is Ann's, as long as nobody releases it.
    let review = review(Mode::Update, &["ann,,dee@contoso.example,+441235123401,"]);
    assert_eq!(
        said(&review, 0),
        "refused; PhoneNumber: it is held by Ann in the tenant"
    );
}

#[test]
fn no_password_is_kept_anywhere() {
    let text = "Email,Password,SIP Password,Name\nd@x.example,canary-1,canary-2,D\n";
    let review = review_of(facts(), Mode::Create, text);
    assert!(review.sheet().had_passwords());
    assert_eq!(review.verdict(0), &Verdict::Create);
    assert!(!format!("{review:?}").contains("canary"));
    // One cell too many, and the password stands under another header; no header, and it stands under none.
    let text = "Email,Password,Name\nd@x.example,D,canary-1,canary-2\n";
    let review = review_of(facts(), Mode::Create, text);
    assert!(matches!(review.verdict(0), Verdict::Refused(_)));
    assert!(!format!("{review:?}").contains("canary"));
    let error = Sheet::read(b"sip,canary-1\n", Encoding::Detect).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"));
}

#[test]
fn a_row_that_is_left_out_is_not_there_for_the_others() {
    let mut review = review(
        Mode::Create,
        &["cy,Cy,cy@contoso.example,,", "cy2,Cy,cy@contoso.example,,"],
    );
    assert_eq!(said(&review, 0), "refused; Email: row 3 has the same");
    review.leave_out(1);
    assert_eq!(said(&review, 0), "create");
    assert_eq!(
        said(&review, 1),
        "refused; left out by hand; Email: row 2 has the same"
    );
    let saved = review.left_out();
    assert_eq!(
        saved.rows[0].last().map(String::as_str),
        Some("left out by hand; Email: row 2 has the same")
    );
    assert_eq!(review.steps().len(), 1);
    review.leave_out(1);
    assert_eq!(said(&review, 0), "refused; Email: row 3 has the same");
    assert_eq!(said(&review, 1), "refused; Email: row 2 has the same");
}

#[test]
fn a_row_without_keys_is_found_by_an_e_mail_that_one_user_has() {
    let found = review(
        Mode::Update,
        &[
            ",Ann New,ANN@contoso.example,,",
            "bob,Bob,bob@contoso.example,+441235123402,",
        ],
    );
    assert!(matches!(found.verdict(0), Verdict::Update { user, .. } if *user == UserId(1)));
    assert!(found.found_by_mail(0));
    assert!(!found.found_by_mail(1));
    let like = review(Mode::Create, &["x,Ann,ann.new@contoso.example,,"]);
    assert_eq!(like.namesake(0), Some("ann@contoso.example"));
}

#[test]
fn one_pass_takes_changes_and_new_users() {
    let rows = [
        ",Ann New,ann@contoso.example,,",
        "bob,Bobby,,,",
        ",Cy,cy@contoso.example,+441235123499,",
        ",Eve,eve@contoso.example,+441235123402,",
        "zed,Zed,bob@contoso.example,,",
    ];
    let both = review(Mode::Both, &rows);
    assert!(matches!(both.verdict(0), Verdict::Update { user, .. } if *user == UserId(1)));
    assert!(matches!(both.verdict(1), Verdict::Update { user, .. } if *user == UserId(2)));
    assert_eq!(said(&both, 2), "create");
    // What holds for new users holds for those of this file, and an e-mail of somebody else's is none of a new user's.
    assert_eq!(said(&both, 3), "refused; PhoneNumber: it is held by Bob");
    assert!(
        said(&both, 4).contains("Email: Bob has it already"),
        "{}",
        said(&both, 4)
    );
    let changes = review(Mode::Update, &rows[..3]);
    let nobody = "refused; Email: nobody on the list has it: correct it here, or leave the row out and import it as a new user";
    assert_eq!(said(&changes, 2), nobody);
    assert_eq!(changes.summary().of_other_kind, 1);
    assert!(!changes.is_most(changes.summary().of_other_kind));
    // Trunk users are only changed, whatever the others are.
    let text = "TrunkNumber,Name\n+441235123477,T\n";
    let trunk = review_of(facts(), Mode::Both, text);
    assert!(matches!(trunk.verdict(0), Verdict::Refused(_)));
}

#[test]
fn the_rows_that_stay_out_of_both_kinds_are_taken_for_both_again() {
    let rows = [
        "bob,Bobby,,+441235123401,",
        ",Cy,cy@contoso.example,01235123499,",
        ",Dee,dee@contoso.example,,",
    ];
    let first = review(Mode::Both, &rows);
    let saved = first.left_out();
    assert_eq!(saved.header[5..], ["ImportAs", "Row", "Reason"]);
    assert_eq!(saved.rows.len(), 2, "{:?}", first.summary());
    for reader in [Reader::Machine, Reader::Spreadsheet] {
        let text = write(&saved, reader).replace("01235123499", "+441235123499");
        let again = Sheet::read(text.as_bytes(), Encoding::Detect).unwrap();
        assert!(again.ignored().is_empty(), "{:?}", again.ignored());
        let known = Arc::new(Known::new(facts()));
        let second = judge(again.clone(), Arc::clone(&known), ask(Mode::Create));
        assert_eq!(second.rather(), Some(Mode::Both));
        let both = judge(again, known, ask(Mode::Both));
        assert_eq!((said(&both, 1).as_str(), both.rather()), ("create", None));
        // What stays out of that says so again.
        assert_eq!(both.left_out().header[5..], ["ImportAs", "Row", "Reason"]);
    }
    let created = review(Mode::Create, &rows).left_out();
    assert_eq!(created.header[5..], ["Row", "Reason"]);
}

#[test]
fn the_rows_that_stay_out_go_in_by_a_second_pass_with_all_that_they_had() {
    let text = "Name,Email,PhoneNumber,Country,Pin\n\
                Ann New,ann@contoso.example,,GB,4711\n\
                Cy,cy@contoso.example,+441235123499,FR,4712\n\
                Dee,dee@contoso.example,,,\n";
    let first = review_of(facts(), Mode::Update, text);
    let saved = first.left_out();
    let header = ["Name", "Email", "PhoneNumber", "Country", "Row", "Reason"];
    assert_eq!(saved.header, header);
    assert_eq!(saved.rows.len(), 2);
    assert_eq!(
        saved.rows[0][..5],
        ["Cy", "cy@contoso.example", "+441235123499", "FR", "3"]
    );
    assert_eq!(saved.rows[1][3], "", "what is blank stays blank");
    // A column that is not known may be a password: it is said that it is not read, and nothing of it is kept.
    assert!(!format!("{first:?}").contains("4711"));
    for reader in [Reader::Machine, Reader::Spreadsheet] {
        let again = Sheet::read(write(&saved, reader).as_bytes(), Encoding::Detect).unwrap();
        assert_eq!(again.ignored(), ["Country"]);
        let second = judge(again, Arc::new(Known::new(facts())), ask(Mode::Create));
        assert!(second.summary().all_good(), "{:?}", second.summary());
        assert_eq!(second.summary().create, 2);
        let kept: Vec<&str> = second.sheet().rows().map(|row| row.beside(0)).collect();
        assert_eq!(kept, ["FR", ""]);
    }
}
