//! The screen of a program that no tenant is configured for yet: three steps, and two keys. It has no state but the place of the
//! configuration file; nothing is read, asked or written here.

use super::doc::{Doc, Tone};
use super::event::{Code, Key};

/// What the screen needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstStart {
    /// Where the configuration will be.
    pub file: String,
}

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The console on the built-in tenant.
    Demo,
    /// The shell again, with the steps below the prompt.
    Leave,
}

/// The footer: keys and words.
pub const FOOTER: [(&str, &str); 2] = [
    ("d", "demo"),
    ("q", "quit: the commands stay on the terminal"),
];

/// What a key means.
pub fn choice(key: Key) -> Option<Choice> {
    match (key.code, key.ctrl) {
        (Code::Char('d' | 'D'), false) => Some(Choice::Demo),
        (Code::Char('q' | 'Q'), false) | (Code::Esc, _) | (Code::Char('c' | 'd'), true) => {
            Some(Choice::Leave)
        }
        _ => None,
    }
}

impl FirstStart {
    /// The three steps, short enough for 80 columns and 24 rows.
    pub fn doc(&self) -> Doc {
        let mut doc = Doc::default();
        doc.line(Tone::Strong, "No tenant is configured yet. Three steps:");
        doc.gap();
        doc.item(Tone::Strong, "1  ", "Look around: press d");
        let demo = "A built-in tenant with users, numbers and every fault that this program explains. No network, and it is forgotten at the end.";
        doc.item(Tone::Plain, "   ", demo);
        doc.gap();
        doc.item(
            Tone::Strong,
            "2  ",
            "Connect a tenant: in the shell, with q",
        );
        let connect = "teamsconnector tenants add NAME";
        doc.item(Tone::Busy, "   ", connect);
        let asked = "It asks for the tenant's id or domain, how you sign in, and the client id of your app registration, and prints the address where an administrator allows the app.";
        doc.item(Tone::Plain, "   ", asked);
        doc.gap();
        doc.item(Tone::Strong, "3  ", "Open its console, and read it with s");
        doc.item(Tone::Busy, "   ", "teamsconnector --tenant NAME");
        let first = "You sign in at Microsoft's page, and it asks to read users, licences, groups, Teams and numbers. Writing is asked for only once you allow it: a tenant starts read-only.";
        doc.item(Tone::Plain, "   ", first);
        doc.gap();
        doc.item(Tone::Dim, "Configuration  ", &self.file);
        doc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_steps_fit_a_small_terminal() {
        let file = format!(
            "/home/{}/.config/teamsconnector/config.toml",
            "p".repeat(40)
        );
        let doc = FirstStart { file }.doc();
        assert!(doc.rows(80).len() <= 21, "{}", doc.rows(80).len());
        let text = doc.to_text();
        for step in [
            "1  Look around",
            "2  Connect a tenant",
            "3  Open its console",
        ] {
            assert!(text.contains(step), "{text}");
        }
    }

    #[test]
    fn only_its_keys_choose() {
        assert_eq!(choice(Code::Char('d').into()), Some(Choice::Demo));
        assert_eq!(choice(Code::Char('q').into()), Some(Choice::Leave));
        assert_eq!(choice(Code::Enter.into()), None);
        let interrupt = Key {
            code: Code::Char('c'),
            ctrl: true,
        };
        assert_eq!(choice(interrupt), Some(Choice::Leave));
    }
}
