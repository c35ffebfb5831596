//! The program, run to its end.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use teamsconnector::sim::{Options, Scenario, Simulator};
use tempfile::TempDir;

use super::bench::{Bench, noon};

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ended {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A call with an environment of its own.
pub(crate) fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_teamsconnector"));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("TZ", "UTC")
        .env("TERM", "xterm-256color")
        .env("TEAMSCONNECTOR_HOME", home);
    command
}

/// Runs it with these arguments under this home.
pub(crate) fn run(home: &Path, args: &[&str]) -> Ended {
    command(home)
        .args(args)
        .output()
        .expect("the program starts")
        .into()
}

/// Runs it against a simulated tenant that is configured as `contoso`.
pub(crate) fn run_with_secret(home: &Path, secret: &str, args: &[&str]) -> Ended {
    command(home)
        .env("TEAMSCONNECTOR_CLIENT_SECRET", secret)
        .args(args)
        .output()
        .expect("the program starts")
        .into()
}

/// A simulated tenant in this process, at the time of all tests, and a home of the program that names it.
pub(crate) struct Served {
    pub(crate) simulator: Simulator,
    pub(crate) home: TempDir,
}

impl Served {
    /// Serves a scenario; `more` stands in the tenant's part of the configuration.
    pub(crate) async fn new(scenario: Scenario, more: &str) -> Self {
        let simulator = Simulator::start(Options {
            scenario,
            listen: ([127, 0, 0, 1], 0).into(),
            state_dir: None,
            clock: Arc::new(noon),
        })
        .await
        .unwrap();
        let home = tempfile::tempdir().unwrap();
        configure(home.path(), &simulator, more);
        Self { simulator, home }
    }

    pub(crate) fn base(&self) -> String {
        self.simulator.base_url()
    }

    pub(crate) fn call(&self, args: &[&str]) -> Ended {
        run_with_secret(self.home.path(), self.simulator.client_secret(), args)
    }
}

/// The tour, which can be changed while it is served, and the home of a program that has read it once.
pub(crate) struct Tour {
    pub(crate) bench: Bench,
    pub(crate) home: TempDir,
}

impl Tour {
    /// `more` stands in the tenant's part of the configuration.
    pub(crate) async fn new(more: &str) -> Self {
        let bench = Bench::new("tour").await;
        let home = tempfile::tempdir().unwrap();
        configure(home.path(), &bench.simulator, more);
        let tour = Self { bench, home };
        tour.good(&["sync"]);
        tour
    }

    /// A call by `kim`, who stands behind the account of the tests.
    pub(crate) fn call(&self, args: &[&str]) -> Ended {
        self.call_by("kim", args)
    }

    pub(crate) fn call_by(&self, who: &str, args: &[&str]) -> Ended {
        command(self.home.path())
            .env("SUDO_USER", who)
            .env(
                "TEAMSCONNECTOR_CLIENT_SECRET",
                self.bench.simulator.client_secret(),
            )
            .args(args)
            .output()
            .expect("the program starts")
            .into()
    }

    /// A call that ends well, and what it printed.
    pub(crate) fn good(&self, args: &[&str]) -> String {
        let ended = self.call(args);
        assert_eq!(ended.code, 0, "{args:?} {ended:?}");
        ended.out
    }
}

/// Writes a configuration that names the simulated tenant.
pub(crate) fn configure(home: &Path, simulator: &Simulator, more: &str) {
    configure_at(
        home,
        simulator.tenant_id(),
        simulator.client_id(),
        &simulator.base_url(),
        more,
    );
}

/// Like [`configure_at`] for a simulator on loopback, some words of the file replaced.
pub(crate) fn configure_for(home: &Path, simulator: &Simulator, other: &[(&str, &str)]) {
    let (tenant, client) = (simulator.tenant_id(), simulator.client_id());
    configure_at(home, tenant, client, &simulator.base_url(), "");
    let file = home.join("config.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (old, new) in other {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    std::fs::write(file, text).unwrap();
}

/// Writes a configuration for an address.
pub(crate) fn configure_at(home: &Path, tenant: &str, client: &str, base: &str, more: &str) {
    let text = format!(
        "[tenants.contoso]\ntenant_id = \"{tenant}\"\nclient_id = \"{client}\"\nsign_in = \"client-secret\"\ncloud = \"custom\"\n\
         read_only = false\nallow = [\"numbers\", \"location\"]\n{more}\n[tenants.contoso.endpoints]\nlogin = \"{base}\"\ngraph = \"{base}\"\n"
    );
    std::fs::write(home.join("config.toml"), text).unwrap();
}
