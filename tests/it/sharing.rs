//! Who may reach the files: their owner alone whatever the umask is, or one group in the folder that was declared for it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use teamsconnector::sim::Simulator;

use crate::support::bench::Bench;
use crate::support::program::{Ended, command, configure, run_with_secret};
use crate::support::web;

async fn tour() -> Simulator {
    Bench::new("tour").await.simulator
}

/// Every file and folder under a place, with its mode.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        found.push((path.clone(), meta.mode() & 0o7777));
        if meta.is_dir() {
            found.extend(modes(&path));
        }
    }
    found
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_private_whatever_the_umask_is_and_bad_places_are_refused() {
    for umask in ["022", "000"] {
        let simulator = tour().await;
        let home = tempfile::tempdir().unwrap();
        configure(home.path(), &simulator, "");
        set_mode(&home.path().join("config.toml"), 0o600);
        let ended: Ended = shell(
            home.path(),
            simulator.client_secret(),
            &format!("umask {umask}; exec \"$0\" sync"),
        )
        .output()
        .unwrap()
        .into();
        assert_eq!(ended.code, 0, "{ended:?}");
        for (path, mode) in modes(home.path()) {
            let right = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, right, "umask {umask}: {}", path.display());
        }
        let tenants = home.path().join("tenants");
        let list = || run_with_secret(home.path(), simulator.client_secret(), &["outbox", "list"]);
        for folder in [
            home.path().to_owned(),
            tenants.clone(),
            tenants.join("contoso"),
        ] {
            for mode in [0o720, 0o702, 0o2770] {
                set_mode(&folder, mode);
                let ended = list();
                assert_eq!(ended.code, 2, "{}: {ended:?}", folder.display());
                let command = format!("run: chmod 700 {}", folder.display());
                assert!(ended.err.contains(&command), "{}", ended.err);
            }
            set_mode(&folder, 0o700);
        }
        set_mode(&home.path().join("config.toml"), 0o622);
        assert!(list().err.contains("chmod go-w "));
        set_mode(&home.path().join("config.toml"), 0o600);
        let away = home.path().join("away");
        fs::rename(tenants.join("contoso"), &away).unwrap();
        symlink(&away, tenants.join("contoso")).unwrap();
        assert!(list().err.contains("it is a link"), "{:?}", list());
        fs::remove_file(tenants.join("contoso")).unwrap();
        fs::rename(&away, tenants.join("contoso")).unwrap();
        fs::remove_file(tenants.join("contoso/lease")).unwrap();
        symlink("/dev/null", tenants.join("contoso/lease")).unwrap();
        let ended = run_with_secret(home.path(), simulator.client_secret(), &["sync"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        fs::remove_file(tenants.join("contoso/lease")).unwrap();
        if is_root() {
            chown(&tenants, Some(3001), None).unwrap();
            let ended = list();
            assert!(
                ended
                    .err
                    .contains(&format!("chown -R 0 {}", tenants.display())),
                "{}",
                ended.err
            );
            chown(&tenants, Some(0), None).unwrap();
        }
        assert_eq!(list().code, 0, "{:?}", list());
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// The program by a shell: `$0` is it.
fn shell(home: &Path, secret: &str, script: &str) -> Command {
    let known = command(home);
    let mut shell = Command::new("/bin/sh");
    shell.env_clear();
    for (name, value) in known.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell
        .env("TEAMSCONNECTOR_CLIENT_SECRET", secret)
        .arg("-c")
        .arg(script)
        .arg(known.get_program());
    shell
}

/// One of the team: an account of its own with a home of its own.
struct Person {
    home: PathBuf,
    become_it: String,
}

impl Person {
    /// A number nobody has on this machine; without the right to change accounts, everybody is who runs the tests.
    fn new(root: &Path, uid: u32, groups: &str) -> Self {
        let home = root.join(format!("home{uid}"));
        fs::create_dir(&home).unwrap();
        set_mode(&home, 0o700);
        let become_it = if is_root() {
            chown(&home, Some(uid), Some(uid)).unwrap();
            format!("setpriv --reuid {uid} --regid {uid} {groups} ")
        } else {
            String::new()
        };
        Self { home, become_it }
    }

    fn configure(&self, simulator: &Simulator, shared: &Path, group: u32) {
        configure(&self.home, simulator, "");
        let file = self.home.join("config.toml");
        let text = fs::read_to_string(&file).unwrap();
        let shared = format!(
            "shared_dir = \"{}\"\nshared_group = \"{group}\"\n{text}",
            shared.display()
        );
        fs::write(&file, shared).unwrap();
    }

    fn script(&self, simulator: &Simulator, args: &str) -> Command {
        let exec = format!("umask 022; exec {}\"$0\" {args}", self.become_it);
        shell(&self.home, simulator.client_secret(), &exec)
    }

    fn call(&self, simulator: &Simulator, args: &str) -> Ended {
        self.script(simulator, args).output().unwrap().into()
    }
}

/// Three people with the folder declared; the third is not in its group.
struct Team {
    simulator: Simulator,
    group: u32,
    shared: PathBuf,
    kim: Person,
    lee: Person,
    eve: Person,
    _root: tempfile::TempDir,
}

impl Team {
    async fn new() -> Self {
        let simulator = tour().await;
        let root = tempfile::tempdir().unwrap();
        set_mode(root.path(), 0o755);
        let group = if is_root() {
            3000
        } else {
            fs::metadata(root.path()).unwrap().gid()
        };
        let shared = root.path().join("team");
        let kim = Person::new(root.path(), 3001, "--groups 3000");
        let lee = Person::new(root.path(), 3002, "--groups 3000");
        let eve = Person::new(root.path(), 3003, "--clear-groups");
        for person in [&kim, &lee, &eve] {
            person.configure(&simulator, &shared, group);
        }
        Self {
            simulator,
            group,
            shared,
            kim,
            lee,
            eve,
            _root: root,
        }
    }

    /// The same with the folder made as it should be.
    async fn with_folder() -> Self {
        let team = Self::new().await;
        fs::create_dir(&team.shared).unwrap();
        chown(&team.shared, None, Some(team.group)).unwrap();
        set_mode(&team.shared, 0o2770);
        team
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_folder_that_is_not_as_declared_is_refused_with_the_command() {
    let Team {
        simulator,
        group,
        shared,
        kim,
        ..
    } = &Team::new().await;
    let group = *group;
    let ended = kim.call(simulator, "sync");
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.err.contains(&format!(
            "run: install -d -m 2770 -g {group} {}",
            shared.display()
        )),
        "{}",
        ended.err
    );
    fs::create_dir(shared).unwrap();
    chown(shared, None, Some(group)).unwrap();
    set_mode(shared, 0o770);
    let ended = kim.call(simulator, "sync");
    assert!(
        ended
            .err
            .contains(&format!("run: chmod 2770 {}", shared.display())),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_of_one_group_share_a_folder_and_a_third_reads_nothing() {
    let Team {
        simulator,
        group,
        shared,
        kim,
        lee,
        eve,
        ..
    } = &Team::with_folder().await;
    let group = *group;

    assert_eq!(
        kim.call(simulator, "sync").code,
        0,
        "{:?}",
        kim.call(simulator, "sync")
    );
    let added = kim.call(
        simulator,
        "users add diego@contoso.example --number +14255550199",
    );
    assert_eq!(added.code, 0, "{added:?}");
    let seen = lee.call(simulator, "outbox list --json");
    assert_eq!(seen.code, 0, "{seen:?}");
    let entry = seen.json()["entries"][0].clone();
    assert_eq!(entry["wanted"], "+14255550199");
    if is_root() {
        assert_eq!(entry["author"], "uid 3001");
    }
    // Both at once, many times: nobody is refused, and nothing of either is lost.
    let both: Vec<_> = (0..6)
        .map(|n| {
            let (who, mail) = if n % 2 == 0 {
                (&kim, "megan")
            } else {
                (&lee, "lee")
            };
            let args = match n {
                0 | 1 => format!("users add {mail}@contoso.example"),
                _ => "users list --json".to_owned(),
            };
            let mut command = who.script(simulator, &args);
            command
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in both {
        let ended: Ended = child.wait_with_output().unwrap().into();
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    // What somebody else has queued is named, and written only where it was asked for.
    let left = lee.call(simulator, "sync --yes");
    assert_eq!(left.code, 6, "{left:?}");
    let entries = lee.call(simulator, "outbox list --json").json();
    let id = entries["entries"][0]["id"].as_i64().unwrap();
    let applied = lee.call(simulator, &format!("sync --yes --only {id}"));
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(
        web::number(&simulator.base_url(), "+14255550199").unwrap()["assignmentStatus"],
        "userAssigned"
    );
    let users = kim.call(simulator, "users list --json").json();
    assert_eq!(users["users"].as_array().unwrap().len(), 3);
    for (path, mode) in modes(shared) {
        let right = if path.is_dir() { 0o2770 } else { 0o660 };
        assert_eq!(mode, right, "{}", path.display());
        assert_eq!(
            fs::metadata(&path).unwrap().gid(),
            group,
            "{}",
            path.display()
        );
        assert!(
            !path.to_string_lossy().contains("token"),
            "{}",
            path.display()
        );
    }
    let audit = fs::read_to_string(shared.join("tenants/contoso/audit.jsonl")).unwrap();
    if is_root() {
        for author in ["uid 3001", "uid 3002"] {
            assert!(
                audit.contains(&format!("\"author\":\"{author}\"")),
                "{author}: {audit}"
            );
        }
        let ended = eve.call(simulator, "outbox list --json");
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        assert!(ended.err.contains("you are not in it"), "{}", ended.err);
    }
    for person in [&kim, &lee] {
        assert!(person.home.join("tenants/contoso").is_dir());
        for (path, mode) in modes(&person.home.join("tenants")) {
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
    }
}
