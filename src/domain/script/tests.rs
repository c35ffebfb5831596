//! What is printed for hostile names is taken apart by the rules of the language: nothing of a name gets out of its quotes.

use super::*;

const PLAIN: &str = "plain";

const HOSTILE: &[&str] = &[
    "O'Brien",
    "'; Remove-Item -Recurse / #",
    "''; Invoke-Evil; ''",
    "\u{2018}; Invoke-Evil \u{2019}; \u{201a}x\u{201b}",
    "\"; Invoke-Evil; \"\u{201c}\u{201d}\u{201e}",
    "$(Invoke-Evil) ${env:PATH} $tenant @(1) %{ }",
    "`'; Invoke-Evil `n",
    "a\nInvoke-Evil\r\nb",
    "a\u{85}b\u{2028}c\u{2029}d\u{0}e\u{b}f\u{c}g",
    "\n'@\nInvoke-Evil\n@'\n",
    "\n\"@\nInvoke-Evil\n",
    "<# #> #> Invoke-Evil",
    "#Requires -Modules Evil",
    "SIG # Begin signature block",
    "\nSIG # Begin signature block\n",
    "--% Invoke-Evil | & . ; && ||",
    "\u{202e}live-ekovnI\u{202c} \u{200b}\u{feff}",
    // In a code page of Windows the bytes of these letters are quotes.
    "В; Invoke-Evil ђ Ò \u{91}\u{92}",
    "🏳️‍🌈 李小龍 محمد e\u{301}\u{301}",
    "'",
    "''",
    "\\",
    " ",
    "--%",
];

/// A token of PowerShell, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A single-quoted string, its quotes undone.
    Text(String),
    /// A comment, without its end of line.
    Comment(String),
    /// Anything else that stands together.
    Word(String),
    /// The end of a statement's line.
    Line,
}

fn is_single(letter: char) -> bool {
    matches!(
        letter,
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}'
    )
}

fn is_double(letter: char) -> bool {
    matches!(letter, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

/// Takes a script apart. The forms that no script of ours has are met with a panic: a name could only have brought them in.
fn tokens(script: &str) -> Vec<Token> {
    let letters: Vec<char> = script.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = letters.get(at).copied() {
        let next = letters.get(at + 1).copied();
        match letter {
            '@' if next.is_some_and(|next| is_single(next) || is_double(next)) => {
                panic!("a here-string: {script}")
            }
            '<' if next == Some('#') => panic!("a block comment: {script}"),
            '`' => panic!("an escape in code: {script}"),
            _ if is_double(letter) => panic!("a string that expands: {script}"),
            _ if is_single(letter) => {
                let (text, end) = single(&letters, at + 1);
                tokens.push(Token::Text(text));
                at = end;
                continue;
            }
            '#' => {
                let end = (at..letters.len())
                    .find(|at| matches!(letters[*at], '\n' | '\r'))
                    .unwrap_or(letters.len());
                tokens.push(Token::Comment(letters[at..end].iter().collect()));
                at = end;
                continue;
            }
            '\n' | '\r' => tokens.push(Token::Line),
            ' ' | '\t' => {}
            _ => {
                let stands =
                    |letter: char| letter.is_alphanumeric() || "$-_.:[]%?".contains(letter);
                let mut end = at + 1;
                while stands(letter) && letters.get(end).copied().is_some_and(stands) {
                    end += 1;
                }
                tokens.push(Token::Word(letters[at..end].iter().collect()));
                at = end;
                continue;
            }
        }
        at += 1;
    }
    tokens
}

fn single(letters: &[char], mut at: usize) -> (String, usize) {
    let mut text = String::new();
    loop {
        let letter = letters.get(at).copied().expect("a string ends");
        if !is_single(letter) {
            text.push(letter);
            at += 1;
        } else if letters.get(at + 1).copied().is_some_and(is_single) {
            text.push(letters[at + 1]);
            at += 2;
        } else {
            return (text, at + 1);
        }
    }
}

/// Puts `('a' + [char]0x000A + 'b')` together to the text that it is.
fn folded(tokens: &[Token]) -> Vec<Token> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some((text, end)) = sum(tokens, at) {
            out.push(Token::Text(text));
            at = end;
        } else {
            out.push(tokens[at].clone());
            at += 1;
        }
    }
    out
}

fn sum(tokens: &[Token], at: usize) -> Option<(String, usize)> {
    let word = |at: usize, word: &str| tokens.get(at) == Some(&Token::Word(word.to_owned()));
    let Token::Text(first) = tokens.get(at + 1)? else {
        return None;
    };
    if !word(at, "(") || !word(at + 2, "+") {
        return None;
    }
    let mut units: Vec<u16> = first.encode_utf16().collect();
    let mut at = at + 2;
    while word(at, "+") {
        match tokens.get(at + 1)? {
            Token::Text(text) => units.extend(text.encode_utf16()),
            Token::Word(letter) => {
                units.push(u16::from_str_radix(letter.strip_prefix("[char]0x")?, 16).ok()?);
            }
            Token::Comment(_) | Token::Line => return None,
        }
        at += 2;
    }
    word(at, ")").then(|| (String::from_utf16(&units).unwrap(), at + 1))
}

fn id<T: std::str::FromStr>(n: u8) -> T
where
    T::Err: std::fmt::Debug,
{
    format!("00000000-0000-0000-0000-0000000000{n:02x}")
        .parse()
        .unwrap()
}

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_tenant(text).unwrap()
}

/// Every act, with this name wherever a name can stand.
fn every_act(name: &str) -> Vec<Act> {
    let user = Person {
        id: id(1),
        upn: name.to_owned(),
        name: name.to_owned(),
    };
    let product = Product {
        sku: id(2),
        name: name.to_owned(),
    };
    let plan = Plan {
        id: id(3),
        name: name.to_owned(),
    };
    let stopped = Some(number("+14255550100"));
    let stops = Stops::Number(number("+14255550100"));
    let number = number("+441235123499;ext=12");
    let switch = |turn, stops| Act::SwitchPlan {
        user: user.clone(),
        product: product.clone(),
        plan: plan.clone(),
        turn,
        stops,
    };
    vec![
        Act::ClearOnPremises { user: user.clone() },
        Act::ReleaseNumber {
            user: user.clone(),
            number: number.clone(),
            stops: stopped,
            to: Some(Successor {
                user: user.clone(),
                number: number.clone(),
            }),
        },
        Act::SetLocation {
            user: user.clone(),
            country: Country::from_tenant("GB").unwrap(),
        },
        switch(Turn::Off, stops.clone()),
        switch(Turn::On, Stops::Unread),
        Act::RemoveLicence {
            user: user.clone(),
            product: product.clone(),
            stops: Stops::Nothing,
        },
        Act::GiveLicence {
            user: user.clone(),
            product: product.clone(),
            off: vec![id(4), id(5)],
        },
        Act::GroupLicence {
            user: user.clone(),
            group: id(6),
            product,
            plan,
            stops,
        },
        Act::AssignNumber {
            user: user.clone(),
            number: number.clone(),
            kind: NumberType::DirectRouting,
        },
        Act::GrantVoiceRoute {
            user,
            policy: name.to_owned(),
        },
        Act::CreateResourceAccount(NewAccount {
            upn: name.to_owned(),
            name: name.to_owned(),
            answers: Answers::Queue,
            location: Country::from_tenant("GB").unwrap(),
            number,
        }),
        Act::Stated(name.to_owned()),
        Act::LeftOut(name.to_owned()),
    ]
}

fn made(name: &str) -> String {
    let home = Home {
        tenant: id(9),
        name: name.to_owned(),
        cloud: Cloud::Global,
    };
    script(&home, &every_act(name))
}

#[test]
fn nothing_of_a_name_gets_out_of_its_quotes() {
    let plain = folded(&tokens(&made(PLAIN)));
    let places = plain
        .iter()
        .filter(|token| **token == Token::Text(PLAIN.to_owned()))
        .count();
    assert_eq!(places, 14, "a name stands in as many strings");
    for hostile in HOSTILE {
        let script = made(hostile);
        assert!(
            script
                .bytes()
                .all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)),
            "{script}"
        );
        let found = folded(&tokens(&script));
        assert_eq!(found.len(), plain.len(), "{hostile:?}:\n{script}");
        for (found, plain) in found.iter().zip(&plain) {
            match (found, plain) {
                (Token::Text(found), Token::Text(plain)) if plain == PLAIN => {
                    assert_eq!(found, hostile);
                }
                // What a comment says may differ; that it is one may not.
                (Token::Comment(found), Token::Comment(plain)) => {
                    assert_eq!(found[..4], plain[..4], "{found}");
                    assert!(!found.starts_with("# SIG"), "{found}");
                    assert!(
                        !found.to_lowercase().starts_with("#requires") || found == plain,
                        "{found}"
                    );
                }
                (found, plain) => assert_eq!(found, plain, "{hostile:?}"),
            }
        }
    }
}

#[test]
fn brackets_close_and_both_sign_ins_are_checked_before_anything_is_changed() {
    let script = made(PLAIN);
    for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
        let words: Vec<char> = tokens(&script)
            .iter()
            .filter_map(|token| match token {
                Token::Word(word) => Some(word.chars().collect::<Vec<_>>()),
                Token::Text(_) | Token::Comment(_) | Token::Line => None,
            })
            .flatten()
            .collect();
        let count = |letter| words.iter().filter(|other| **other == letter).count();
        assert_eq!(count(open), count(close), "{open}");
    }
    let at = |text: &str| script.find(text).unwrap_or_else(|| panic!("{text}"));
    let checked = at("Graph is signed in to another tenant");
    assert!(at("Teams is signed in to another tenant") < checked);
    for change in [
        "Set-CsPhone",
        "Remove-CsPhone",
        "Update-MgUser",
        "Set-MgUserLicense",
        "Remove-MgGroupMemberByRef",
        "New-CsOnlineApplicationInstance",
        "Grant-Cs",
        "Set-ADUser",
    ] {
        assert!(at(change) > checked, "{change}");
    }
}

#[test]
fn each_change_is_made_only_if_needed_and_is_checked() {
    for act in every_act(PLAIN) {
        let home = Home {
            tenant: id(9),
            name: PLAIN.to_owned(),
            cloud: Cloud::Global,
        };
        if matches!(act, Act::Stated(_) | Act::LeftOut(_)) {
            continue;
        }
        let script = script(&home, std::slice::from_ref(&act));
        let steps = &script[script.find("# Step").unwrap()..];
        let change = [
            "Set-Cs",
            "Remove-Cs",
            "Update-Mg",
            "Set-Mg",
            "Set-AD",
            "Grant-",
            "New-Cs",
            "Remove-MgGroup",
        ]
        .iter()
        .filter_map(|verb| steps.find(verb))
        .min()
        .unwrap_or_else(|| panic!("{act:?} changes something"));
        assert!(steps.find("if (").unwrap() < change, "{act:?} asks first");
        assert!(
            steps.rfind("Confirm-State").unwrap() > change,
            "{act:?} is looked at afterwards"
        );
    }
}

#[test]
fn a_plan_is_switched_off_beside_what_is_off_already() {
    let acts = every_act(PLAIN);
    let home = Home {
        tenant: id(9),
        name: PLAIN.to_owned(),
        cloud: Cloud::Global,
    };
    let script = script(&home, &acts[3..4]);
    assert!(script.contains("DisabledPlans = @($off + $plan)"));
    assert!(script.contains("Confirm-Silence $user $upn '+14255550100'"));
    let asked = script.find("Confirm-Silence $user").unwrap();
    assert!(asked < script.find("Set-MgUserLicense").unwrap());
}

fn only(act: Act) -> String {
    let home = Home {
        tenant: id(9),
        name: PLAIN.to_owned(),
        cloud: Cloud::Global,
    };
    script(&home, &[act])
}

/// These stand in the script, in this order.
fn assert_in_order(script: &str, wanted: &[&str]) {
    let mut from = 0;
    for wanted in wanted {
        let at = script[from..].find(wanted);
        from += at.unwrap_or_else(|| panic!("{wanted}\n{script}")) + wanted.len();
    }
}

#[test]
fn a_number_that_stops_is_released_before_its_licence_goes() {
    let acts = every_act(PLAIN);
    let gone = "Confirm-State ('The number is still held: ' + $upn)";
    assert_in_order(
        &only(acts[3].clone()),
        &[
            "if ($off -notcontains $plan) {",
            "Confirm-Silence $user $upn '+14255550100'",
            "Where-Object { $_.TelephoneNumber -eq '+14255550100' }",
            "Remove-CsPhoneNumberAssignment",
            gone,
            "Set-MgUserLicense",
        ],
    );
    let Act::RemoveLicence { user, product, .. } = acts[5].clone() else {
        panic!("{:?}", acts[5]);
    };
    let script = only(Act::RemoveLicence {
        user,
        product,
        stops: Stops::Unread,
    });
    assert_in_order(
        &script,
        &[
            "could not be read when this script was made",
            "# Step 1",
            "Confirm-Unread $upn",
            "[string]$_.NumberType -eq 'CallingPlan'",
            "Remove-CsPhoneNumberAssignment",
            gone,
            "Set-MgUserLicense",
        ],
    );
    assert!(script.contains("Connect-MicrosoftTeams"), "{script}");
}

#[test]
fn another_number_than_was_seen_is_not_replaced() {
    let acts = every_act(PLAIN);
    let sentence = "Another number is held than when this script was made";
    assert_in_order(
        &only(acts[1].clone()),
        &[
            "$next = '+441235123499;ext=12'",
            "if ($held.Count -gt 0) {",
            "-and @($number, $next) -notcontains $_.TelephoneNumber",
            sentence,
            "Remove-CsPhoneNumberAssignment",
        ],
    );
    // Whoever holds the wanted number already is left alone.
    assert_in_order(
        &only(acts[8].clone()),
        &[
            "if ($held.Count -eq 0) {",
            "Get-CsPhoneNumberAssignment -AssignedPstnTargetId $user",
            sentence,
            "Set-CsPhoneNumberAssignment",
        ],
    );
}

#[test]
fn a_calling_plan_number_is_asked_about_whatever_was_known() {
    let Act::ReleaseNumber { user, number, .. } = every_act(PLAIN)[1].clone() else {
        panic!("a release");
    };
    assert_in_order(
        &only(Act::ReleaseNumber {
            user,
            number,
            stops: None,
            to: None,
        }),
        &[
            "if ([string]$held[0].NumberType -eq 'CallingPlan') { Confirm-Silence $user $upn $number }",
            "Remove-CsPhoneNumberAssignment",
        ],
    );
}

#[test]
fn a_group_is_never_changed_for_all_its_members() {
    let script = only(every_act(PLAIN)[7].clone());
    assert!(!script.contains("Set-MgGroupLicense"), "{script}");
    assert_in_order(
        &script,
        &[
            "# By hand, for everybody in the group",
            "~/Members/groupId/00000000-0000-0000-0000-000000000006",
            "MEMBER takes ",
            "Confirm-Silence",
            "Remove-CsPhoneNumberAssignment",
            "Remove-MgGroupMemberByRef",
        ],
    );
}

#[test]
fn what_is_left_out_is_no_step() {
    let home = Home {
        tenant: id(9),
        name: PLAIN.to_owned(),
        cloud: Cloud::Global,
    };
    let acts = [
        Act::LeftOut("Kim: held".to_owned()),
        Act::Stated("this".to_owned()),
    ];
    assert_in_order(
        &script(&home, &acts),
        &["# Left out: Kim: held\n", "# Step 1, by hand: this\n"],
    );
}

#[test]
fn both_modules_sign_in_to_the_cloud_that_the_tenant_lies_in() {
    for (cloud, teams, graph) in [
        (
            Cloud::Global,
            "-TenantId $tenant | Out-Null",
            "-TenantId $tenant -NoWelcome",
        ),
        (
            Cloud::UsGov,
            "-TenantId $tenant -TeamsEnvironmentName TeamsGCCH |",
            "-TenantId $tenant -Environment USGov -NoWelcome",
        ),
        (
            Cloud::UsDod,
            "-TenantId $tenant -TeamsEnvironmentName TeamsDOD |",
            "-TenantId $tenant -Environment USGovDoD -NoWelcome",
        ),
        (
            Cloud::China,
            "-TenantId $tenant -TeamsEnvironmentName TeamsChina |",
            "-TenantId $tenant -Environment China -NoWelcome",
        ),
    ] {
        let home = Home {
            tenant: id(9),
            name: "Contoso".to_owned(),
            cloud,
        };
        let script = script(&home, &every_act("Kim"));
        assert!(
            script.contains(&format!("Connect-MicrosoftTeams {teams}")),
            "{script}"
        );
        assert!(
            script.contains(&format!("Connect-MgGraph {graph}")),
            "{script}"
        );
    }
}
