//! What the program says of itself: completions, manual page, sample, schema, and what `config` says of a file.

use std::path::Path;
use std::process::Command;

use crate::support::program::run;

fn printed(args: &[&str]) -> String {
    // A home that is not there, and is not made: nothing is needed to print these.
    let home = Path::new("/nonexistent/home");
    let ended = run(home, args);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
    ended.out
}

/// What bash offers for the last of these words.
fn offered(script: &Path, words: &[&str]) -> Vec<String> {
    let last = words[words.len() - 1];
    let before = words[words.len() - 2];
    let line = format!(
        "source {}; COMP_WORDS=({}); COMP_CWORD={}; _teamsconnector teamsconnector '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        words
            .iter()
            .map(|word| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(" "),
        words.len() - 1,
    );
    let output = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", &line])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|word| word.trim().to_owned())
        .collect()
}

#[test]
fn bash_completes_commands_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("teamsconnector.bash");
    std::fs::write(&script, printed(&["completions", "bash"])).unwrap();
    assert_eq!(
        offered(&script, &["teamsconnector", "cand"]),
        ["candidates"]
    );
    assert_eq!(
        offered(&script, &["teamsconnector", "candidates", "--ever"]),
        ["--everyone"]
    );
    assert_eq!(
        offered(&script, &["teamsconnector", "users", "ad"]),
        ["add", "adopt"]
    );
    assert_eq!(
        offered(&script, &["teamsconnector", "completions", "z"]),
        ["zsh"]
    );
}

#[test]
fn the_manual_page_is_read_by_man_where_it_is_there() {
    let page = printed(&["man"]);
    assert!(page.contains(".TH teamsconnector 1"), "{page}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("teamsconnector.1");
    std::fs::write(&file, &page).unwrap();
    let Ok(shown) = Command::new("man")
        .args(["--warnings", "-E", "UTF-8", "-l"])
        .arg(&file)
        .env("MANWIDTH", "100")
        .env("LC_ALL", "C.UTF-8")
        .output()
    else {
        return;
    };
    let (out, err) = (
        String::from_utf8_lossy(&shown.stdout).into_owned(),
        String::from_utf8_lossy(&shown.stderr).into_owned(),
    );
    // A minimal system has a `man` that only says how to install the real one.
    if out.contains("minimized") || !shown.status.success() {
        return;
    }
    assert_eq!(err, "");
    // Lines are filled with blanks to one length.
    let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in ["users add", "--disable-calling-plan", "Exit codes: 0 done"] {
        assert!(words.contains(wanted), "{wanted}\n{out}");
    }
}

#[test]
fn a_configuration_is_begun_once_and_never_written_over() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    let ended = run(home.path(), &["config", "check"]);
    assert_eq!(
        ended.out,
        format!(
            "{}: not there yet; `teamsconnector config init` writes a commented sample\n",
            file.display()
        )
    );
    let ended = run(home.path(), &["config", "init"]);
    assert_eq!(
        (ended.code, ended.out.trim_end()),
        (0, file.to_str().unwrap())
    );
    let ended = run(home.path(), &["config", "check"]);
    assert_eq!(ended.out, format!("{}: sound, 0 tenants\n", file.display()));
    std::fs::write(
        &file,
        "# mine\n[tenants.a]\ntenant_id = \"a.example\"\ngrup = \"x\"\n",
    )
    .unwrap();
    let ended = run(home.path(), &["config", "init"]);
    assert_eq!(ended.code, 2);
    assert_eq!(
        ended.err,
        format!(
            "{} is there already\nnothing was written: a configuration is never written over\n\
             `teamsconnector config check` reads it; `teamsconnector config sample` prints the sample.\n",
            file.display()
        )
    );
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .starts_with("# mine\n")
    );
    let ended = run(home.path(), &["config", "check"]);
    assert_eq!(ended.code, 2);
    assert_eq!(
        ended.err.lines().nth(1),
        Some("config.toml:4:1: unknown key \"grup\" in [tenants.a]; did you mean \"group\"?")
    );
}

#[test]
fn the_schema_is_json_and_a_tenant_that_was_added_to_a_fresh_file_is_read() {
    let schema: serde_json::Value = serde_json::from_str(&printed(&["config", "schema"])).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run(home.path(), &["config", "init"]).code, 0);
    let added = run(
        home.path(),
        &[
            "tenants",
            "add",
            "contoso",
            "--tenant",
            "contoso.example",
            "--client-id",
            "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        ],
    );
    assert_eq!(added.code, 0, "{added:?}");
    let checked = run(home.path(), &["--json", "config", "check"]).json();
    assert_eq!(checked["tenants"], serde_json::json!(["contoso"]));
    let text = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    assert!(
        text.starts_with("# Configuration of teamsconnector."),
        "{text}"
    );
}

#[test]
fn keys_are_listed_as_the_configuration_has_them_and_a_clash_names_both() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    std::fs::write(&file, "[keys]\nsync = [\"x\", \"Ctrl-X\"]\n").unwrap();
    let listed = run(home.path(), &["--json", "keys"]).json();
    let row = |name: &str| {
        let rows = listed["keys"].as_array().unwrap();
        rows.iter()
            .find(|row| row["action"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(row("sync")["keys"], serde_json::json!(["x", "Ctrl-X"]));
    assert_eq!(row("sync")["default"], serde_json::json!(["s"]));
    assert_eq!(row("sync")["whose"], "yours");
    assert_eq!(row("edit")["whose"], "default");
    assert_eq!(row("apply")["contexts"], serde_json::json!(["plan"]));
    assert_eq!(listed["contexts"].as_array().unwrap().len(), 20);
    std::fs::write(&file, "[keys]\nsync = \"w\"\n").unwrap();
    let ended = run(home.path(), &["keys"]);
    assert_eq!(ended.code, 2);
    assert_eq!(
        ended.err.trim_end(),
        "config.toml:2:1: w is \"sync\" and \"why\" in one place (users): give one of them another key"
    );
}

#[test]
fn a_check_of_the_configuration_tells_all_mistakes_in_words_and_as_json() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    std::fs::write(
        &file,
        "them = \"dusk\"\nmouse = 1\n[tenants.a]\ngroop = 1\ntenant_id = \"a.example\"\n",
    )
    .unwrap();
    let ended = run(home.path(), &["config", "check"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!(lines[0], format!("{}: 3 mistakes", file.display()));
    assert_eq!(
        lines[1],
        "config.toml:1:1: unknown key \"them\" in the file; did you mean \"theme\"?"
    );
    let ended = run(home.path(), &["--json", "config", "check"]);
    assert_eq!(ended.code, 2);
    let json = ended.json();
    assert_eq!(
        (&json["sound"], &json["there"]),
        (&false.into(), &true.into())
    );
    let seen: Vec<_> = json["mistakes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let number = |key: &str| one[key].as_u64().unwrap();
            (
                number("line"),
                number("column"),
                one["key"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(seen, [(1, 1, "them"), (2, 9, "mouse"), (4, 1, "groop")]);
    assert_eq!(json["mistakes"][2]["nearest"], "group");
    assert_eq!(json["mistakes"][0]["file"], file.display().to_string());
}

#[test]
fn a_theme_that_is_not_there_is_told_with_its_place_in_the_file() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    std::fs::write(&file, "mouse = false\ntheme = \"ligt\"\n").unwrap();
    let ended = run(home.path(), &["config", "check"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
    let told = format!(
        "{}: 1 mistake\nconfig.toml:2:9: theme: no theme \"ligt\", neither built in nor in {}; did you mean \"light\"?\n",
        file.display(),
        home.path().join("themes").display()
    );
    assert_eq!(ended.err, told);
    let json = run(home.path(), &["--json", "config", "check"]).json();
    let one = &json["mistakes"][0];
    assert_eq!(
        (&one["line"], &one["column"], &one["key"], &one["nearest"]),
        (&2.into(), &9.into(), &"theme".into(), &"light".into())
    );
    assert_eq!(one["file"], file.display().to_string());
}
