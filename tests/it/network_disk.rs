//! A home on a disk that is not this machine's alone, really mounted: no write-ahead log there, it is said, and everything works.

use std::fs;

use teamsconnector::store::disk::Disk;

use crate::support::bench::Bench;
use crate::support::fuse::Mounted;
use crate::support::program::{configure, run_with_secret};

/// Where nothing can be mounted there is nothing to be seen: the decision itself is tested by the number of each kind.
#[tokio::test(flavor = "multi_thread")]
async fn a_home_on_a_mounted_disk_of_a_program_has_no_write_ahead_log_and_loses_nothing() {
    let Some(mounted) = Mounted::new() else {
        eprintln!("nothing can be mounted here: not tested");
        return;
    };
    assert_eq!(Disk::of(mounted.path()).remote(), Some("FUSE"));
    let bench = Bench::new("tour").await;
    let home = mounted.path().join("home");
    fs::create_dir(&home).unwrap();
    configure(&home, &bench.simulator, "");
    let call = |args: &[&str]| run_with_secret(&home, bench.simulator.client_secret(), args);
    let folder = home.join("tenants/contoso");
    let note = format!(
        "{} is on FUSE: a slower journal is used there; a disk of this machine is better",
        folder.display()
    );
    let (diego, wanted) = ("diego@contoso.example", "+14255550150");
    for (args, code) in [
        (&["sync"][..], 0),
        (&["users", "add", diego], 0),
        (&["users", "edit", diego, "--number", wanted], 0),
        (&["sync", "--yes"], 0),
        (&["audit", "verify"], 0),
    ] {
        let ended = call(args);
        assert_eq!(ended.code, code, "{args:?}: {ended:?}");
        assert!(ended.err.contains(&note), "{args:?}: {ended:?}");
    }
    let listed = call(&["users", "list", "--json"]);
    assert!(listed.out.contains(wanted), "{listed:?}");
    for file in ["ledger.db", "cache.db", "history.db"] {
        // The version of the format: 1 has a rollback journal, 2 a write-ahead log.
        assert_eq!(
            fs::read(folder.join(file)).unwrap()[18..20],
            [1, 1],
            "{file}"
        );
        assert!(!folder.join(format!("{file}-wal")).exists(), "{file}");
    }
}
