//! What the process finds around it: who runs it, and what its terminal can do. Read once, at the start.

use std::fs;

/// What the environment says of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of the environment, each with a name of its own"
)]
pub struct Surroundings {
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// The locale writes UTF-8.
    pub utf8: bool,
    /// `TERM` is `dumb` or missing.
    pub dumb: bool,
    /// The session came over SSH.
    pub ssh: bool,
    /// What stands between the program and the terminal.
    pub multiplexer: Multiplexer,
}

/// A program that draws the screens of others into a terminal of its own, and keeps what it does not know to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Multiplexer {
    /// Nothing.
    #[default]
    None,
    /// tmux, here or on the computer that the session came from.
    Tmux,
    /// GNU screen.
    Screen,
}

impl Surroundings {
    /// Reads the environment.
    pub fn read() -> Self {
        Self::from_variables(variable)
    }

    fn from_variables(value: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(&value)
            .unwrap_or_default()
            .to_ascii_lowercase();
        Self {
            no_color: value("NO_COLOR").is_some(),
            utf8: locale.contains("utf-8") || locale.contains("utf8"),
            dumb: value("TERM").is_none_or(|term| term == "dumb"),
            ssh: value("SSH_TTY")
                .or_else(|| value("SSH_CONNECTION"))
                .is_some(),
            multiplexer: multiplexer(&value),
        }
    }
}

/// The variables do not go through SSH, the kind of terminal does: `tmux-256color` is tmux's own, while `screen` may be either.
fn multiplexer(value: &impl Fn(&str) -> Option<String>) -> Multiplexer {
    let kind = value("TERM").unwrap_or_default();
    if value("TMUX").is_some() || kind.starts_with("tmux") {
        Multiplexer::Tmux
    } else if value("STY").is_some() {
        Multiplexer::Screen
    } else {
        Multiplexer::None
    }
}

/// Who stands behind this call when `sudo` was used: what is written then belongs to another account.
pub fn sudo_by() -> Option<String> {
    variable("SUDO_USER")
}

/// Whether the variables of the proxy give a name for it.
pub fn names_itself_to_proxy() -> bool {
    names_proxy(variable)
}

/// The variable for secure addresses goes before the one for all, capitals before small letters: as the library takes them.
fn names_proxy(value: impl Fn(&str) -> Option<String>) -> bool {
    let found = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find_map(value);
    found.is_some_and(|address| {
        let rest = address
            .split_once("://")
            .map_or(&*address, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.contains('@')
    })
}

/// The name of the operating-system user alone.
pub(super) fn account() -> String {
    let uid = rustix::process::geteuid().as_raw();
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    author_of(uid, &accounts, |_| None)
}

/// Who writes: [`account_behind`], and the address that the session came from over SSH.
pub fn author() -> String {
    let name = account_behind();
    match ssh_client(variable) {
        Some(address) => format!("{name} from {address}"),
        None => name,
    }
}

/// The first word of `SSH_CONNECTION`, when it is an address: anybody can set a variable.
fn ssh_client(value: impl Fn(&str) -> Option<String>) -> Option<std::net::IpAddr> {
    value("SSH_CONNECTION")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// The name of the operating-system user, and who stands behind it when `sudo` was used.
pub fn account_behind() -> String {
    let uid = rustix::process::getuid().as_raw();
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    author_of(uid, &accounts, variable)
}

fn author_of(uid: u32, accounts: &str, value: impl Fn(&str) -> Option<String>) -> String {
    // The table of accounts goes before the variables, which anyone can set; a directory service is not asked, since it may hang.
    let name = accounts
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
        })
        .or_else(|| value("USER"))
        .or_else(|| value("LOGNAME"))
        .unwrap_or_else(|| format!("uid {uid}"));
    match value("SUDO_USER") {
        Some(behind) if behind != name => format!("{name} (sudo by {behind})"),
        _ => name,
    }
}

/// What a build for development is to break with, so that what a panic leaves can be looked at; never in a release.
pub fn breaks_with() -> Option<String> {
    if cfg!(debug_assertions) {
        variable("TEAMSCONNECTOR_BREAK")
    } else {
        None
    }
}

/// A variable that is set and not empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read here, and nowhere else"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<'a>(pairs: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn a_proxy_that_is_given_a_name() {
        for (pairs, named) in [
            (vec![], false),
            (vec![("HTTPS_PROXY", "http://proxy:8080")], false),
            (vec![("HTTPS_PROXY", "http://me:pa%40ss@proxy:8080/")], true),
            (vec![("https_proxy", "me@proxy:8080")], true),
            (vec![("HTTPS_PROXY", "http://proxy:1/a@b")], false),
            (vec![("ALL_PROXY", "http://me:x@proxy:1")], true),
            (
                vec![
                    ("HTTPS_PROXY", "http://proxy:1"),
                    ("ALL_PROXY", "http://me:x@proxy:1"),
                ],
                false,
            ),
        ] {
            assert_eq!(names_proxy(values(&pairs)), named, "{pairs:?}");
        }
    }

    #[test]
    fn the_terminal() {
        let found = Surroundings::from_variables(values(&[
            ("LC_CTYPE", "de_DE.UTF-8"),
            ("LANG", "C"),
            ("TERM", "xterm"),
            ("SSH_TTY", "/dev/pts/3"),
        ]));
        assert_eq!(
            found,
            Surroundings {
                no_color: false,
                utf8: true,
                dumb: false,
                ssh: true,
                multiplexer: Multiplexer::None,
            }
        );
        let found = Surroundings::from_variables(values(&[
            ("LC_ALL", "C"),
            ("LANG", "en_US.UTF-8"),
            ("NO_COLOR", "1"),
        ]));
        assert_eq!(
            found,
            Surroundings {
                no_color: true,
                utf8: false,
                dumb: true,
                ssh: false,
                multiplexer: Multiplexer::None,
            }
        );
    }

    #[test]
    fn what_stands_between() {
        let of = |pairs: &[(&str, &str)]| Surroundings::from_variables(values(pairs)).multiplexer;
        let screen = ("TERM", "screen-256color");
        assert_eq!(of(&[screen]), Multiplexer::None);
        assert_eq!(of(&[screen, ("STY", "941.pts-0.vm")]), Multiplexer::Screen);
        assert_eq!(of(&[screen, ("TMUX", "/run/tmux,1,0")]), Multiplexer::Tmux);
        assert_eq!(of(&[("TERM", "tmux-256color")]), Multiplexer::Tmux);
    }

    #[test]
    fn the_author_is_the_account_and_who_stands_behind_it() {
        let accounts =
            "root:x:0:0:root:/root:/bin/bash\nj.smith:x:1001:1001::/home/j.smith:/bin/sh\n";
        assert_eq!(
            author_of(1001, accounts, values(&[("USER", "somebody")])),
            "j.smith"
        );
        assert_eq!(
            author_of(0, accounts, values(&[("SUDO_USER", "j.smith")])),
            "root (sudo by j.smith)"
        );
        assert_eq!(
            author_of(7, accounts, values(&[("USER", "ldap.user")])),
            "ldap.user"
        );
        assert_eq!(author_of(7, accounts, values(&[])), "uid 7");
    }

    #[test]
    fn the_session_may_come_from_elsewhere() {
        let of = |text: &str| ssh_client(values(&[("SSH_CONNECTION", text)]));
        let shown = |text: &str| of(text).map(|address| address.to_string());
        assert_eq!(
            shown("192.0.2.7 50022 10.0.0.1 22").as_deref(),
            Some("192.0.2.7")
        );
        assert_eq!(
            shown("2001:db8::7 50022 ::1 22").as_deref(),
            Some("2001:db8::7")
        );
        assert_eq!(shown("as root"), None);
        assert_eq!(ssh_client(values(&[])), None);
    }
}
