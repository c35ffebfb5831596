//! The walls of the crate, kept by a test: who may import whom, how long a file may be, what every module must say of itself.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::fs;
use std::path::{Path, PathBuf};

/// Module, siblings that it may use, outside crates that it must not use.
const WALLS: &[(&str, &[&str], &[&str])] = &[
    (
        "domain",
        &[],
        &[
            "serde",
            "tokio",
            "reqwest",
            "rusqlite",
            "ratatui",
            "crossterm",
        ],
    ),
    (
        "roster",
        &["domain"],
        &[
            "serde",
            "tokio",
            "reqwest",
            "rusqlite",
            "ratatui",
            "crossterm",
        ],
    ),
    (
        "bulk",
        &["domain"],
        &[
            "serde",
            "tokio",
            "reqwest",
            "rusqlite",
            "ratatui",
            "crossterm",
        ],
    ),
    (
        "record",
        &["domain"],
        &["tokio", "reqwest", "rusqlite", "ratatui", "crossterm"],
    ),
    (
        "ops",
        &["domain", "roster", "bulk", "record", "store"],
        &["reqwest", "rusqlite", "ratatui", "crossterm"],
    ),
    (
        "app",
        &["domain", "roster", "bulk"],
        &[
            "ratatui",
            "crossterm",
            "tokio",
            "reqwest",
            "rusqlite",
            "serde",
        ],
    ),
    (
        "view",
        &["app", "domain", "roster", "bulk", "config"],
        &["crossterm", "tokio", "reqwest", "rusqlite"],
    ),
    (
        "graph",
        &["domain"],
        &["rusqlite", "ratatui", "crossterm", "axum"],
    ),
    (
        "store",
        &["domain", "roster", "record"],
        &["reqwest", "ratatui", "crossterm", "axum"],
    ),
    (
        "sync",
        &["domain", "roster", "graph", "store"],
        &["reqwest", "rusqlite", "ratatui", "crossterm", "axum"],
    ),
    ("sim", &[], &["rusqlite", "ratatui", "crossterm"]),
    (
        "config",
        &["app", "domain"],
        &["tokio", "reqwest", "rusqlite", "ratatui", "crossterm"],
    ),
    (
        "runtime",
        &[
            "app", "view", "sync", "ops", "graph", "store", "config", "domain", "roster", "bulk",
        ],
        &["reqwest", "rusqlite", "axum"],
    ),
];

/// Code lines (before the tests of a file) that a file may have.
const LONGEST_FILE: usize = 600;

/// Files that are compiled for tests alone: `#[cfg(test)] mod name;` in their parent.
fn is_for_tests(path: &Path) -> bool {
    let inside = path.strip_prefix(root()).unwrap();
    let mut folder = root();
    for part in inside.components() {
        let name = part
            .as_os_str()
            .to_string_lossy()
            .trim_end_matches(".rs")
            .to_owned();
        let parents = [folder.join("mod.rs"), folder.join("lib.rs")];
        for parent in parents
            .iter()
            .filter_map(|parent| fs::read_to_string(parent).ok())
        {
            let mut lines = parent.lines().map(str::trim);
            while let Some(line) = lines.next() {
                let declared = line == "#[cfg(test)]"
                    && lines
                        .next()
                        .is_some_and(|next| next.ends_with(&format!("mod {name};")));
                if declared {
                    return true;
                }
            }
        }
        folder.push(part);
    }
    false
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text before the tests, without comments.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let text = text
        .split("#[cfg(test)]\npub(crate) mod ")
        .next()
        .unwrap_or(text);
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Whether the code names a path that begins with this word, such as `tokio::` or `use tokio;`.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + word.len()..];
        let fresh = before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':' && c != '.');
        fresh && after.starts_with("::")
    })
}

#[test]
fn modules_import_only_what_they_may() {
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let module = module_of(&path);
        if is_for_tests(&path) {
            continue;
        }
        let Some((_, allowed, banned)) = WALLS.iter().find(|(name, ..)| *name == module) else {
            continue;
        };
        let code = code_of(&fs::read_to_string(&path).unwrap());
        for (n, line) in code.lines().enumerate() {
            for part in line.split("crate::").skip(1) {
                let sibling: String = part
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if sibling != module && !sibling.is_empty() && !allowed.contains(&sibling.as_str())
                {
                    wrong.push(format!(
                        "{}:{}: {module} must not use {sibling}",
                        path.display(),
                        n + 1
                    ));
                }
            }
        }
        for banned in *banned {
            // The one thing that the store may have of tokio is not in its list; see the next test.
            if names(&code, banned) {
                wrong.push(format!(
                    "{}: {module} must not use {banned}",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_store_has_only_oneshot_of_tokio() {
    for path in sources(&root().join("src/store")) {
        let code = code_of(&fs::read_to_string(&path).unwrap());
        let rest = code.replace("tokio::sync::oneshot", "");
        assert!(
            !names(&rest, "tokio"),
            "{} uses more of tokio than oneshot",
            path.display()
        );
    }
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    for path in sources(&root().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("//! "),
            "{} has no module documentation",
            path.display()
        );
    }
}

#[test]
fn no_file_is_too_long() {
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let code = text
            .split("#[cfg(test)]")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        if code > LONGEST_FILE {
            wrong.push(format!("{}: {code} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_open_or_silenced() {
    let mut wrong = Vec::new();
    // Spelt in pieces, so that this file does not find itself.
    let signs = [
        concat!("#[", "allow("),
        concat!("#![", "allow("),
        concat!("#[", "ignore"),
        concat!("todo", "!("),
        concat!("FIX", "ME"),
        concat!("XX", "X "),
    ];
    for folder in ["src", "tests"] {
        for path in sources(&root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            for sign in signs {
                if text.contains(sign) {
                    wrong.push(format!("{}: {sign}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn modules_have_no_names_that_say_nothing() {
    let empty = [
        "util", "utils", "common", "helper", "helpers", "manager", "handler", "info", "data",
        "process",
    ];
    for path in sources(&root().join("src")) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !empty.contains(&name.as_str()),
            "{} has a name that says nothing",
            path.display()
        );
    }
}

#[test]
fn the_top_level_is_the_layout() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "assets",
        "tests",
        "benches",
        "README.md",
        "LICENSE",
        "target",
    ];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(
            name.starts_with('.') || known.contains(&name.as_str()),
            "{name} is not in the layout"
        );
    }
}

/// The table of keys as the manual must have it.
fn keys_table() -> String {
    let rows = teamsconnector::app::action::action_table()
        .map(|(keys, name, help)| format!("| {} | {name} | {help} |\n", keys.replace('|', "\\|")));
    format!(
        "| keys | action | what it does |\n|---|---|---|\n{}",
        rows.collect::<String>()
    )
}

#[test]
fn the_manual_has_the_keys_of_the_action_table() {
    let manual = fs::read_to_string(root().join("assets/manual.md")).unwrap();
    let (_, rest) = manual
        .split_once("<!-- keys: made from the action table, and checked by a test -->\n")
        .unwrap();
    let (table, _) = rest.split_once("<!-- end of keys -->").unwrap();
    assert_eq!(table, keys_table());
}

/// The manual's block of commands: each word of it is one of the program, and each command of the program stands in it.
#[test]
fn the_manual_has_the_commands_of_the_program() {
    use clap::CommandFactory as _;
    let program = teamsconnector::cli::args::Args::command();
    let manual = fs::read_to_string(root().join("assets/manual.md")).unwrap();
    let (_, rest) = manual.split_once("## Commands\n").unwrap();
    let block: Vec<&str> = rest
        .lines()
        .skip_while(|line| line.is_empty())
        .take_while(|line| line.starts_with("    "))
        .collect();
    assert!(block.len() > 10, "{block:?}");
    let mut named = Vec::new();
    let mut at = None;
    for line in block {
        let words = line.trim_start();
        if line.len() - words.len() == 4 {
            let (calls, _) = words.split_once("  ").unwrap_or((words, ""));
            for call in calls.split(", ") {
                let first = call.split(' ').next().unwrap();
                at = Some(
                    program
                        .find_subcommand(first)
                        .unwrap_or_else(|| panic!("the manual names {first}: no such command")),
                );
                named.push(first.to_owned());
            }
        }
        let command = at.expect("a command stands at the start");
        // Flags for all commands are the program's own.
        let flags: Vec<String> = [&program, command]
            .into_iter()
            .chain(command.get_subcommands())
            .flat_map(clap::Command::get_arguments)
            .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
            .collect();
        for word in words.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            assert!(
                !word.starts_with("--") || flags.iter().any(|flag| flag == word),
                "the manual names {word} of {}: no such flag",
                command.get_name()
            );
        }
    }
    for command in program.get_subcommands() {
        let name = command.get_name();
        assert!(
            name == "help" || command.is_hide_set() || named.iter().any(|named| named == name),
            "the manual lacks the command {name}"
        );
    }
}

/// No source of this crate can hold unsafe code, and none takes that back.
#[test]
fn unsafe_code_is_forbidden() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml_edit::DocumentMut = manifest.parse().unwrap();
    assert_eq!(
        manifest["lints"]["rust"]["unsafe_code"].as_str(),
        Some("forbid")
    );
    for path in sources(&root().join("src")) {
        let code = code_of(&fs::read_to_string(&path).unwrap());
        assert!(
            !names(&code, "unsafe") && !code.contains("unsafe "),
            "{}",
            path.display()
        );
    }
}

/// Whether all that an expression of licences asks for is in the list; of alternatives one will do.
fn is_allowed(licence: &str, allowed: &[&str]) -> bool {
    let spaced = licence
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let told = any_of(&mut words, allowed);
    told && words.next().is_none()
}

type Words<'a, 'b> = &'b mut std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: Words<'_, '_>, allowed: &[&str]) -> bool {
    let mut one = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        one |= all_of(words, allowed);
    }
    one
}

fn all_of(words: Words<'_, '_>, allowed: &[&str]) -> bool {
    let mut all = true;
    loop {
        match words.next() {
            Some("(") => {
                all &= any_of(words, allowed);
                assert_eq!(words.next(), Some(")"));
            }
            Some(word) => all &= allowed.contains(&word),
            None => return false,
        }
        // An exception gives more than its licence does.
        if words.next_if_eq(&"WITH").is_some() {
            words.next();
        }
        if words.next_if_eq(&"AND").is_none() {
            return all;
        }
    }
}

#[test]
fn licences_are_read_as_they_are_meant() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"];
    for (licence, is) in [
        ("MIT", true),
        ("MIT/Apache-2.0", true),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND OpenSSL", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
        ("", false),
    ] {
        assert_eq!(is_allowed(licence, &allowed), is, "{licence}");
    }
}

/// What `cargo deny` would refuse of licences, bans and sources, by the same file: the tool need not be there.
#[test]
fn what_comes_from_outside_is_what_the_file_of_it_allows() {
    let rules = fs::read_to_string(root().join(".deny.toml")).unwrap();
    let rules: toml_edit::DocumentMut = rules.parse().unwrap();
    let list = |item: &toml_edit::Item| -> Vec<toml_edit::Value> {
        item.as_array().unwrap().iter().cloned().collect()
    };
    let field = |value: &toml_edit::Value, name: &str| {
        let table = value.as_inline_table().unwrap();
        table.get(name).cloned()
    };
    let ended = std::process::Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .output()
        .unwrap();
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let found: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    let packages = found["packages"].as_array().unwrap();
    let nodes = found["resolve"]["nodes"].as_array().unwrap();
    let package = |id: &serde_json::Value| packages.iter().find(|one| one["id"] == *id).unwrap();
    // What is built into the program, or builds it: not what its tests alone need.
    let own = &found["resolve"]["root"];
    let (mut reached, mut next) = (vec![own], vec![own]);
    let mut wrong = Vec::new();
    let banned = list(&rules["bans"]["deny"]);
    while let Some(id) = next.pop() {
        let node = nodes.iter().find(|node| node["id"] == *id).unwrap();
        for on in node["deps"].as_array().unwrap() {
            let kinds = on["dep_kinds"].as_array().unwrap();
            if kinds.iter().all(|kind| kind["kind"] == "dev") {
                continue;
            }
            let (by, name) = (&package(id)["name"], &package(&on["pkg"])["name"]);
            let rule = banned
                .iter()
                .find(|rule| field(rule, "crate").unwrap().as_str() == name.as_str());
            let is_wrapped = |rule: &toml_edit::Value| {
                field(rule, "wrappers").is_some_and(|by_whom| {
                    by_whom
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|one| one.as_str() == by.as_str())
                })
            };
            if rule.is_some_and(|rule| !is_wrapped(rule)) {
                wrong.push(format!("{name} is banned, and {by} brings it"));
            }
            if !reached.contains(&&on["pkg"]) {
                reached.push(&on["pkg"]);
                next.push(&on["pkg"]);
            }
        }
    }
    let allowed = list(&rules["licenses"]["allow"]);
    let exceptions = list(&rules["licenses"]["exceptions"]);
    for one in reached
        .iter()
        .filter(|id| **id != own)
        .map(|id| package(id))
    {
        let name = one["name"].as_str().unwrap();
        let own = exceptions
            .iter()
            .filter(|rule| field(rule, "crate").unwrap().as_str() == Some(name));
        let own: Vec<toml_edit::Value> = own
            .flat_map(|rule| {
                field(rule, "allow")
                    .unwrap()
                    .as_array()
                    .unwrap()
                    .iter()
                    .cloned()
                    .collect::<Vec<_>>()
            })
            .collect();
        let allowed: Vec<&str> = allowed
            .iter()
            .chain(&own)
            .map(|word| word.as_str().unwrap())
            .collect();
        let licence = one["license"].as_str().unwrap_or_default();
        if !is_allowed(licence, &allowed) {
            wrong.push(format!("{name}: {licence:?} is no licence of the list"));
        }
        if one["source"] != "registry+https://github.com/rust-lang/crates.io-index" {
            wrong.push(format!("{name} comes from {}", one["source"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(reached.len() > 200, "{}", reached.len());
}

/// Each promise names its tests; a name that is gone is a promise that nobody keeps.
#[test]
fn the_tests_that_promises_name_are_there() {
    let table = fs::read_to_string(root().join("src/promises.md")).unwrap();
    let rows: Vec<_> = table
        .lines()
        .filter(|row| row.starts_with("| R-"))
        .collect();
    assert_eq!(rows.len(), 36, "each promise has one row");
    for (n, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.split(" | ").collect();
        assert!(row.starts_with(&format!("| R-{:02} |", n + 1)), "{row}");
        assert_eq!(cells.len(), 4, "{row}");
        assert!(cells[2].contains(".rs::"), "no test is named: {row}");
    }
    let words = table.split('`').skip(1).step_by(2);
    for (file, name) in words.filter_map(|word| word.split_once(".rs::")) {
        let text = fs::read_to_string(root().join(format!("{file}.rs")))
            .unwrap_or_else(|e| panic!("{file}: {e}, named for {name}"));
        assert!(
            text.contains(&format!("fn {name}(")),
            "{file}.rs has no test {name}"
        );
    }
}
