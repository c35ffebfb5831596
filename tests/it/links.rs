//! Links in the place of the program's own files: nothing outside is written, whoever has put them there.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::bench::Bench;
use crate::support::program::{configure, run_with_secret};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_the_place_of_a_file_is_not_written_through() {
    let simulator = Bench::new("tour").await.simulator;
    let inside = "tenants/contoso";
    for (name, is_folder) in [
        ("ledger.db", false),
        ("cache.db", false),
        ("history.db", false),
        ("audit.jsonl", false),
        ("lease", false),
        ("crash", true),
        ("logs", true),
        ("logs/teamsconnector.log", false),
        ("tenants", true),
    ] {
        let home = tempfile::tempdir().unwrap();
        configure(home.path(), &simulator, "");
        let call = |args: &[&str]| run_with_secret(home.path(), simulator.client_secret(), args);
        assert_eq!(call(&["sync"]).code, 0);
        let ours = [name.to_owned(), format!("{inside}/{name}")];
        let ours = ours
            .iter()
            .map(|name| home.path().join(name))
            .find(|path| path.symlink_metadata().is_ok());
        let ours = ours.unwrap_or_else(|| panic!("{name} is nowhere"));
        // What is linked to is a copy of ours, so that nothing else is wrong with it.
        let away = home.path().join("away");
        fs::rename(&ours, &away).unwrap();
        symlink(&away, &ours).unwrap();
        let bytes = || {
            if is_folder {
                Vec::new()
            } else {
                fs::read(&away).unwrap()
            }
        };
        let (before, listed) = (bytes(), fs::read_dir(home.path()).unwrap().count());
        let ended = call(&["users", "add", "joni@contoso.example"]);
        let synced = call(&["sync"]);
        for ended in [&ended, &synced] {
            assert_ne!(ended.code, 101, "{name}: {ended:?}");
        }
        assert_eq!(bytes(), before, "{name} was written through its link");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), listed, "{name}");
        // The log alone may be missing: without it the work goes on.
        if name != "logs/teamsconnector.log" {
            assert!(
                ended.code != 0 || synced.code != 0,
                "{name}: {ended:?} {synced:?}"
            );
            let told = format!("{}{}", ended.err, synced.err);
            assert!(
                told.contains(ours.file_name().unwrap().to_str().unwrap()),
                "{name}: {told}"
            );
        }
        assert!(
            ours.symlink_metadata().unwrap().is_symlink(),
            "{name} was replaced"
        );
    }
}
