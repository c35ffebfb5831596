//! Each verdict has a case.

mod updates;

use super::*;
use crate::bulk::decode::Encoding;
use crate::bulk::known::{Facts, KnownUser, TenantHeld, Waiting};
use crate::domain::country::Country;
use crate::domain::guid::{Guid, TenantId};
use crate::domain::user::{Association, User, UserId, Value};

const HEADER: &str = "SIPUsername,Name,Email,PhoneNumber,ExternalId";

fn id(n: u8) -> ObjectId {
    ObjectId(Guid::from_bytes([n; 16]))
}

fn num(text: &str) -> PhoneNumber {
    PhoneNumber::from_tenant(text).unwrap()
}

fn person(n: u8, upn: &str) -> Person {
    Person {
        id: id(n),
        name: format!("Person {n}"),
        upn: format!("{upn}@contoso.example"),
        mail: None,
        number: None,
        country: Country::from_tenant("GB"),
    }
}

/// Ann (sip `ann`, id `E-1`, +441235123401) and Bob (sip `bob`, no id, +441235123402) are on the list, Cy and Dee in the tenant; one
/// number is free, one is a meeting room's.
fn facts() -> Facts {
    let user = |n: u8, name: &str, external: Option<&str>| KnownUser {
        user: User {
            id: UserId(i64::from(n)),
            tenant: TenantId(Guid::from_bytes([9; 16])),
            name: name.to_owned(),
            mail: format!("{}@contoso.example", name.to_lowercase()),
            number: Some(num(&format!("+4412351234{n:02}"))),
            kind: NumberKind::Ddi,
            country: None,
            sip_username: Some(name.to_lowercase()),
            external_id: external.map(str::to_owned),
            association: Association::Matched(id(n)),
            waits: false,
            gone: false,
            rank: i64::from(n),
            created_at: jiff::Timestamp::UNIX_EPOCH,
        },
        waiting: None,
    };
    let mut cy = person(3, "cy");
    cy.number = Some(num("+441235123403"));
    let held = |number: &str, by: Option<(u8, &str)>| TenantHeld {
        number: num(number),
        by: by.map(|(n, name)| (id(n), name.to_owned())),
    };
    Facts {
        users: vec![user(1, "Ann", Some("E-1")), user(2, "Bob", None)],
        people: vec![
            person(1, "ann"),
            person(2, "bob"),
            cy,
            person(4, "dee"),
            person(5, "dee.twin"),
        ],
        addresses: vec![
            ("alias@contoso.example".to_owned(), 3),
            ("both@contoso.example".to_owned(), 3),
            ("both@contoso.example".to_owned(), 4),
        ],
        numbers: vec![
            held("+441235123401", Some((1, "Ann"))),
            held("+441235123402", Some((2, "Bob"))),
            held("+441235123403", Some((3, "Cy"))),
            held("+441235123450", Some((7, "Room 1"))),
            held("+441235124000", None),
        ],
        ..Facts::default()
    }
}

fn review_of(facts: Facts, mode: Mode, text: &str) -> Review {
    let sheet = Sheet::read(text.as_bytes(), Encoding::Detect).unwrap();
    judge(sheet, Arc::new(Known::new(facts)), ask(mode))
}

fn ask(mode: Mode) -> Ask {
    Ask {
        mode,
        zeros: Zeros::Doubted,
    }
}

fn review(mode: Mode, rows: &[&str]) -> Review {
    review_of(facts(), mode, &format!("{HEADER}\n{}", rows.join("\n")))
}

/// What is said of a row, in a line.
fn said(review: &Review, row: usize) -> String {
    let verdict = review.verdict(row);
    let mut out = verdict.word().to_owned();
    if let Verdict::Update { user, changes } = verdict {
        out = format!("{out} {}", user.0);
        for change in changes {
            out = format!(
                "{out}; {} {} -> {}",
                change.column, change.before, change.after
            );
        }
    }
    for fault in verdict.faults() {
        out = format!("{out}; {fault}");
    }
    out.replace("The telephone number provided is not valid: ", "")
}

fn check(mode: Mode, rows: &[&str], wanted: &[&str]) {
    let review = review(mode, rows);
    let said: Vec<String> = (0..review.sheet().len())
        .map(|row| said(&review, row))
        .collect();
    assert_eq!(said, wanted, "{rows:?}");
}

#[test]
fn new_users() {
    check(
        Mode::Create,
        &[
            "dee,Dee,dee@contoso.example,+441235123460,E-9",
            "cy,,CY@contoso.example,,",
        ],
        &["create", "create"],
    );
    let review = review(
        Mode::Create,
        &[
            "dee,Dee,dee@contoso.example,+441235123460,E-9",
            "cy,,CY@contoso.example,,",
        ],
    );
    let steps = review.steps();
    let [steps::Step::Create(dee), steps::Step::Create(cy)] = steps.as_slice() else {
        panic!("{steps:?}");
    };
    assert_eq!(
        (
            dee.association,
            &dee.wanted_number,
            dee.sip_username.as_deref(),
            dee.external_id.as_deref()
        ),
        (
            Association::Matched(id(4)),
            &Some(num("+441235123460")),
            Some("dee"),
            Some("E-9")
        )
    );
    assert_eq!(
        (cy.name.as_str(), &cy.number, &cy.wanted_number),
        ("Person 3", &Some(num("+441235123403")), &None)
    );
}

#[test]
fn who_is_there_already_is_not_created() {
    check(
        Mode::Create,
        &[
            "x1,Ann,ANN@contoso.example,,",
            "x2,New,new@contoso.example,,E-1",
            "bob,New,new2@contoso.example,,",
            "ann,New,new3@contoso.example,,E-7",
            "x3,Nameless,,+441235123461,",
        ],
        &[
            "refused; Email: Ann has it already: leave the row out, or import it as a change of users",
            "refused; ExternalId: Ann has it already: leave the row out, or import it as a change of users",
            "refused; SIPUsername: Bob has it already: leave the row out, or import it as a change of users",
            // SIP user names may collide where both sides have an external id.
            "create",
            "refused; Email: nothing was entered, and the row cannot be told without it",
        ],
    );
    let mut facts = facts();
    facts.users[0].user.mail = "other@contoso.example".into();
    let review = review_of(facts, Mode::Create, "Email\nann@contoso.example");
    assert_eq!(
        said(&review, 0),
        "refused; Email: the directory user with this e-mail is configured as Ann"
    );
}

#[test]
fn updates_find_by_external_id_then_sip_user_name_and_by_e_mail_only_without_both() {
    check(
        Mode::Update,
        &[
            "ann2,Ann,ann.new@contoso.example,+441235123401,E-1",
            "bob,Bob,bob@contoso.example,+441235123402,",
            ",Ann,,,",
            ",Cy,cy@contoso.example,,",
            "nobody,X,x@contoso.example,,",
            "ann,X,,,E-8",
            "bob,,,,E-2",
        ],
        &[
            "update 1; SIPUsername ann -> ann2; Email ann@contoso.example -> ann.new@contoso.example",
            "refused; SIPUsername: row 8 is about the same user",
            "refused; SIPUsername: nothing was entered, and the row cannot be told without it",
            "refused; Email: nobody on the list has it: correct it here, or leave the row out and import it as a new user",
            "refused; SIPUsername: nobody on the list has it: correct it here, or leave the row out and import it as a new user",
            "refused; SIPUsername: it belongs to Ann with ExternalId E-1",
            "refused; SIPUsername: row 3 has the same; ExternalId: row 3 is about the same user",
        ],
    );
    check(
        Mode::Update,
        &["BOB,Bob,,+441235123460,E-2", "ann,,bob@contoso.example,,"],
        &[
            "update 2; SIPUsername bob -> BOB; PhoneNumber +441235123402 -> +441235123460; ExternalId  -> E-2",
            "refused; Email: Bob has it",
        ],
    );
    check(
        Mode::Update,
        &["ann,Ann,ann@contoso.example,+44 1235 123401,E-1"],
        &["unchanged"],
    );
    check(
        Mode::Update,
        &["ann,Ann,,,", "x,,,,E-1"],
        &[
            "refused; SIPUsername: row 3 is about the same user",
            "refused; ExternalId: row 2 is about the same user",
        ],
    );
}

#[test]
fn an_e_mail_of_somebody_who_is_configured_otherwise_is_refused() {
    let mut facts = facts();
    facts.users[0].user.mail = "other@contoso.example".into();
    let text = format!("{HEADER}\nbob,,ann@contoso.example,,");
    assert_eq!(
        said(&review_of(facts, Mode::Update, &text), 0),
        "refused; Email: the directory user with this e-mail is configured as Ann"
    );
}

#[test]
fn several_users_with_one_sip_name_need_the_external_id() {
    let mut facts = facts();
    facts.users[1].user.sip_username = Some("ann".into());
    let text = format!("{HEADER}\nann,Ann,,,");
    let review = review_of(facts, Mode::Update, &text);
    assert_eq!(
        said(&review, 0),
        "refused; SIPUsername: 2 users have it: give the ExternalId"
    );
}

#[test]
fn damage_and_doubles_inside_the_file() {
    check(
        Mode::Create,
        &[
            "a,A,a@x.example,4.41235E+11,",
            "b,B,b@x.example,441235123461,",
            "c,C,c@x.example,+441235129000,",
            "d,D,D@x.example,+441235128000,",
            "e,E,d@X.example,+441235123462,",
            "f,F,f@x.example,+44 1235 123462,",
            "g,G,not an address,#N/A,",
        ],
        &[
            "refused; PhoneNumber: a spreadsheet has rounded it, and the digits are gone; look the number up again",
            "proposal; PhoneNumber: it must start with + and the country code; did you mean +44 1235 123461?",
            "refused; PhoneNumber: 2 rows end in 3 zeros or more: a spreadsheet has probably rounded them; enter the number again if it is right",
            "refused; Email: row 6 has the same; PhoneNumber: 2 rows end in 3 zeros or more: a spreadsheet has probably rounded them; enter the number again if it is right",
            "refused; Email: row 5 has the same; PhoneNumber: row 7 has the same",
            "refused; PhoneNumber: row 6 has the same",
            "refused; Email: this is no e-mail address; PhoneNumber: a spreadsheet wrote an error in place of the value: look the value up again",
        ],
    );
    // One number with three zeros is no sign of anything, nor is one that the tenant has.
    check(
        Mode::Create,
        &[
            "c,C,c@x.example,+441235129000,",
            "d,D,d@x.example,+441235124000,",
        ],
        &["create", "create"],
    );
}

#[test]
fn a_number_that_is_held_says_by_whom() {
    check(
        Mode::Create,
        &[
            "d,D,dee@contoso.example,+441235123402,",
            "e,E,e@x.example,+441235123403,",
            "f,F,f@x.example,+441235123450,",
            "g,Cy,cy@contoso.example,+441235123404,",
        ],
        &[
            "refused; PhoneNumber: it is held by Bob",
            "refused; PhoneNumber: it is held by Cy in the tenant",
            "refused; PhoneNumber: it is held by Room 1 in the tenant",
            "create",
        ],
    );
    let mut releasing = facts();
    releasing.users[1].waiting = Some(Waiting {
        base: Some(num("+441235123402")),
        wanted: None,
        under_way: None,
    });
    let text = format!("{HEADER}\nd,D,dee@contoso.example,+441235123402,");
    assert_eq!(
        said(&review_of(releasing, Mode::Create, &text), 0),
        "create"
    );
    let mut sending = facts();
    sending.users[1].waiting = Some(Waiting {
        base: Some(num("+441235123402")),
        wanted: Some(num("+441235123444")),
        under_way: Some("sending"),
    });
    let text = format!("{HEADER}\nbob,,,+441235123402,");
    assert_eq!(
        said(&review_of(sending, Mode::Update, &text), 0),
        "refused; PhoneNumber: a change of the number is sending: sync to settle it first"
    );
}

#[test]
fn a_number_that_another_row_gives_up_can_be_had_as_long_as_that_row_goes_in() {
    let rows = ["ann,,,+441235123402,", "bob,,,+441235123470,"];
    let mut review = review(Mode::Update, &rows);
    assert_eq!(
        said(&review, 0),
        "update 1; PhoneNumber +441235123401 -> +441235123402"
    );
    review.put_right(1, Column::Email, "nonsense");
    assert_eq!(
        said(&review, 0),
        "refused; PhoneNumber: it comes free only by row 3, which cannot go in"
    );
    review.put_right(1, Column::Email, "");
    assert_eq!(
        said(&review, 0),
        "update 1; PhoneNumber +441235123401 -> +441235123402"
    );
    review.put_right(1, Column::PhoneNumber, "");
    assert_eq!(said(&review, 0), "refused; PhoneNumber: it is held by Bob");
}

#[test]
fn e_mails_are_matched_to_whom_or_to_nobody() {
    let review = review(
        Mode::Create,
        &[
            ",,Alias@contoso.example,,",
            ",,both@contoso.example,,",
            ",Dee,de@contoso.example,+441235123460,",
            ",Dee,dee@contoso.exampel,,",
        ],
    );
    let upn = |row| review.person(row).map(|person| person.upn.as_str());
    assert_eq!(upn(0), Some("dee@contoso.example"));
    assert_eq!(review.matched(1), Matched::Several(2));
    assert_eq!(review.matched(2), Matched::Nobody);
    let near = |row| -> Vec<&str> {
        review
            .near(row)
            .iter()
            .map(|person| person.upn.as_str())
            .collect()
    };
    assert_eq!(near(2), ["dee@contoso.example"]);
    assert_eq!(near(3), ["dee@contoso.example"]);
    assert_eq!(near(0), [""; 0]);
    // Nobody in the tenant yet: the number waits for a match.
    assert_eq!(review.verdict(2), &Verdict::Create);
    assert_eq!(review.summary().unmatched, 2);
    let steps = review.steps();
    let steps::Step::Create(user) = &steps[2] else {
        panic!("{steps:?}")
    };
    assert_eq!(
        (user.association, &user.wanted_number),
        (Association::None, &Some(num("+441235123460")))
    );
}

#[test]
fn two_addresses_of_one_directory_user_are_no_two_users() {
    let mut both = review(
        Mode::Create,
        &[
            ",Dee,dee@contoso.example,,",
            ",Cy,cy@contoso.example,,",
            ",Dee again,alias@contoso.example,,",
        ],
    );
    assert_eq!(
        [0, 1, 2].map(|row| said(&both, row)),
        [
            "refused; Email: row 4 is the same directory user, Person 4, by another address",
            "create",
            "refused; Email: row 2 is the same directory user, Person 4, by another address",
        ]
    );
    both.put_right(2, Column::Email, "dee.twin@contoso.example");
    assert_eq!(
        [0, 1, 2].map(|row| said(&both, row)),
        ["create", "create", "create"]
    );
    both.put_right(1, Column::Email, "alias@contoso.example");
    assert_eq!(
        said(&both, 0),
        "refused; Email: row 3 is the same directory user, Person 4, by another address"
    );
}

#[test]
fn a_sip_user_name_of_another_is_not_given_though_external_ids_would_tell_them_apart() {
    let mut facts = facts();
    facts.users[1].user.external_id = Some("E-2".into());
    let text = format!("{HEADER}\nbob,,,,E-1\n");
    assert_eq!(
        said(&review_of(facts.clone(), Mode::Update, &text), 0),
        "refused; SIPUsername: Bob has it"
    );
    // Those that collide already stay as they are.
    facts.users[0].user.sip_username = Some("bob".into());
    assert_eq!(said(&review_of(facts, Mode::Update, &text), 0), "unchanged");
}

#[test]
fn of_a_row_with_too_many_cells_only_that_is_said() {
    check(
        Mode::Create,
        &["c,Cy, Jr,cy@contoso.example,,E-9"],
        &[
            "refused; ExternalId: more cells (6) than the header has (5): put a text that holds the delimiter in quotation marks",
        ],
    );
}

#[test]
fn seats_that_would_be_missing_are_those_of_the_last_rows() {
    let text = "Email\ne@x.example\nf@x.example\ng@x.example";
    let facts = Facts {
        seats: Some(3),
        ..facts()
    };
    let mut review = review_of(facts, Mode::Create, text);
    let seats = |review: &Review| [review.has_seat(0), review.has_seat(1), review.has_seat(2)];
    assert_eq!(
        (seats(&review), review.summary().seats_missing),
        ([true, false, false], 2)
    );
    review.put_right(0, Column::Email, "ann@contoso.example");
    assert_eq!(
        (seats(&review), review.summary().seats_missing),
        ([true, true, false], 1)
    );
}

#[test]
fn trunk_users_are_found_by_number_and_only_updated() {
    let text = "TrunkNumber;Name;E-Mail;Caller ID;ExternalId\n\
        +441235123401;Ann;ann@new.example;+441235123450;E-1\n\
        +441235123402;Bob;bob@contoso.example;+441235123499;\n\
        +441235123403;Cy;;;\n;Nobody;;;\n";
    let review = review_of(facts(), Mode::Update, text);
    let told: Vec<String> = (0..4).map(|row| said(&review, row)).collect();
    assert_eq!(
        told,
        [
            "update 1; Email ann@contoso.example -> ann@new.example",
            "refused; Caller ID: it is neither the trunk number nor a number of the tenant",
            "refused; TrunkNumber: nobody on the list has it: correct it here, or leave the row out and import it as a new user",
            "refused; TrunkNumber: nothing was entered, and the row cannot be told without it",
        ]
    );
    let review = review_of(facts(), Mode::Create, text);
    assert!(
        said(&review, 0)
            .contains("TrunkNumber: trunk users are only changed: choose changes of users")
    );
}

#[test]
fn a_row_that_is_put_right_frees_those_that_hung_on_it() {
    let mut review = review(
        Mode::Create,
        &[
            "a,A,a@x.example,+441235129000,",
            "b,B,b@x.example,+441235128000,",
            "c,C,a@x.example,441235123461,",
        ],
    );
    assert_eq!(review.summary().refused, 3);
    review.put_right(2, Column::Email, "c@x.example");
    assert!(matches!(review.verdict(2), Verdict::Proposal(_)));
    assert!(!said(&review, 0).contains("Email"));
    assert!(review.take_proposals(2));
    assert_eq!(
        (review.verdict(2), review.number(2)),
        (&Verdict::Create, Some(&num("+441235123461")))
    );
    assert!(!review.take_proposals(2));
    // Entered again by a person, one is believed; the other then stands alone.
    review.put_right(0, Column::PhoneNumber, "+441235129000");
    assert_eq!(review.summary().create, 3);
    assert_eq!(review, {
        let again = review.again(Arc::new(Known::new(facts())));
        assert_eq!(again.summary(), review.summary());
        again
    });
}

#[test]
fn put_right_and_judged_anew_are_the_same() {
    let cells = [
        (0, Column::PhoneNumber, "+441235123402"),
        (1, Column::PhoneNumber, "+441235123470"),
        (2, Column::Email, "cy@contoso.example"),
        (2, Column::ExternalId, "E-1"),
        (3, Column::SipUsername, "ann"),
        (3, Column::PhoneNumber, "441235123402"),
        (0, Column::SipUsername, "bob"),
        (2, Column::ExternalId, ""),
        (1, Column::PhoneNumber, "+441235123401"),
        (3, Column::SipUsername, "x"),
    ];
    for mode in [Mode::Create, Mode::Update] {
        let mut review = review(
            mode,
            &[
                "ann,,a@x.example,,",
                "bob,,b@x.example,,",
                "x,X,,,",
                "y,Y,b@x.example,,",
            ],
        );
        for (row, column, text) in cells {
            review.put_right(row, column, text);
            let anew = review.again(Arc::new(Known::new(facts())));
            let told =
                |review: &Review| -> Vec<String> { (0..4).map(|row| said(review, row)).collect() };
            assert_eq!(told(&review), told(&anew), "{mode:?} {row} {column} {text}");
        }
    }
}
