//! The screen of a program that no tenant is configured for yet: three steps, and three keys; one of them opens the form of a
//! new tenant. Nothing is read, asked or written here.

use crate::domain::settings::NewTenant;

use super::doc::{Doc, Tone};
use super::event::{Code, Key};
use super::pane::tenant::TenantForm;

/// What the screen shows.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstStart {
    /// Where the configuration will be.
    pub file: String,
    /// The form of a new tenant, while it is open.
    pub form: Option<TenantForm>,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The console on the built-in tenant.
    Demo,
    /// The console of the tenant that was added, by its name in the configuration.
    Connected(String),
    /// The shell again, with the steps below the prompt.
    Leave,
}

/// The same while the form's choices have the keys.
const CHOICE_FOOTER: [(&str, &str); 4] = [
    ("Enter", "save and sign in"),
    ("Tab", "next field"),
    ("Left/Right", "choose"),
    ("Esc", "back"),
];

/// What a key asks of whoever shows the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Nothing but to draw it.
    Draw,
    /// To leave it.
    Choose(Choice),
    /// To write this tenant into the configuration.
    Add(Box<NewTenant>),
}

/// The footer: keys and words.
const FOOTER: [(&str, &str); 3] = [
    ("d", "demo"),
    ("c", "connect a tenant"),
    ("q", "quit: the commands stay on the terminal"),
];

/// The footer of the form.
const FORM_FOOTER: [(&str, &str); 3] = [
    ("Enter", "save and sign in"),
    ("Tab", "next field"),
    ("Esc", "back: nothing is written"),
];

impl FirstStart {
    /// The screen, where the configuration will be in this file.
    pub fn new(file: String) -> Self {
        Self { file, form: None }
    }

    /// Keys and words of the footer.
    pub fn footer(&self) -> &'static [(&'static str, &'static str)] {
        match &self.form {
            Some(form) if form.line(form.focus).is_none() => &CHOICE_FOOTER,
            Some(_) => &FORM_FOOTER,
            None => &FOOTER,
        }
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Asked {
        if (key.code, key.ctrl) == (Code::Char('c'), true) {
            return Asked::Choose(Choice::Leave);
        }
        let Some(form) = &mut self.form else {
            return self.choice(key);
        };
        match key.code {
            Code::Esc => self.form = None,
            Code::Tab | Code::Down => form.turn(1),
            Code::BackTab | Code::Up => form.turn(-1),
            Code::Enter => {
                if let Some(new) = form.finish() {
                    form.saving(Vec::new());
                    return Asked::Add(Box::new(new));
                }
            }
            _ => form.key(key),
        }
        Asked::Draw
    }

    fn choice(&mut self, key: Key) -> Asked {
        match (key.code, key.ctrl) {
            (Code::Char('d' | 'D'), false) => Asked::Choose(Choice::Demo),
            (Code::Char('c' | 'C'), false) => {
                self.form = Some(TenantForm::default());
                Asked::Draw
            }
            (Code::Char('q' | 'Q'), false) | (Code::Esc, _) | (Code::Char('d'), true) => {
                Asked::Choose(Choice::Leave)
            }
            _ => Asked::Draw,
        }
    }

    /// Takes pasted text: only the form has a use for it.
    pub fn paste(&mut self, text: &str) {
        if let Some(form) = &mut self.form {
            form.paste(text);
        }
    }

    /// The three steps, short enough for 80 columns and 24 rows.
    pub fn doc(&self) -> Doc {
        let mut doc = Doc::default();
        doc.line(Tone::Strong, "No tenant is configured yet. Three steps:");
        doc.gap();
        doc.item(Tone::Strong, "1  ", "Look around: press d");
        let demo = "A built-in tenant with users, numbers and every fault that this program explains. No network, and it is forgotten at the end.";
        doc.item(Tone::Plain, "   ", demo);
        doc.gap();
        doc.item(Tone::Strong, "2  ", "Connect a tenant: press c");
        let asked = "A form asks for a name, the tenant's id or domain, how you sign in, and the client id of your app registration. From the shell it is:";
        doc.item(Tone::Plain, "   ", asked);
        doc.item(Tone::Busy, "   ", "teamsconnector tenants add NAME");
        doc.gap();
        doc.item(
            Tone::Strong,
            "3  ",
            "Sign in: the tenant is read, and nothing is written",
        );
        let first = "Microsoft's page asks you to let it read users, licences, groups, Teams and numbers. Writing is asked for only once you allow it: a tenant begins read-only. Later, its console opens with:";
        doc.item(Tone::Plain, "   ", first);
        doc.item(Tone::Busy, "   ", "teamsconnector --tenant NAME");
        doc.gap();
        doc.item(Tone::Dim, "Configuration  ", &self.file);
        doc
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::{SignsIn, Start};

    fn first(file: &str) -> FirstStart {
        FirstStart::new(file.to_owned())
    }

    #[test]
    fn three_steps_fit_a_small_terminal() {
        let file = format!(
            "/home/{}/.config/teamsconnector/config.toml",
            "p".repeat(40)
        );
        let doc = first(&file).doc();
        assert!(doc.rows(80).len() <= 21, "{}", doc.rows(80).len());
        let text = doc.to_text();
        for step in ["1  Look around", "2  Connect a tenant", "3  Sign in"] {
            assert!(text.contains(step), "{text}");
        }
    }

    #[test]
    fn only_its_keys_choose() {
        let mut screen = first("config.toml");
        let leaves = Asked::Choose(Choice::Leave);
        assert_eq!(
            screen.key(Code::Char('d').into()),
            Asked::Choose(Choice::Demo)
        );
        assert_eq!(screen.key(Code::Char('q').into()), leaves);
        assert_eq!(screen.key(Code::Enter.into()), Asked::Draw);
        let interrupt = Key {
            code: Code::Char('c'),
            ctrl: true,
        };
        assert_eq!(screen.key(interrupt), leaves);
        // In the form the letters are text, and only the interrupt leaves.
        screen.key(Code::Char('c').into());
        assert_eq!(screen.key(Code::Char('q').into()), Asked::Draw);
        assert_eq!(screen.key(interrupt), leaves);
        assert_eq!(screen.key(Code::Esc.into()), Asked::Draw);
        assert_eq!(screen.form, None);
    }

    #[test]
    fn a_form_that_is_filled_is_to_be_written_once() {
        let mut screen = first("config.toml");
        for key in "cfabrikam".chars() {
            screen.key(Code::Char(key).into());
        }
        assert_eq!(
            screen.key(Code::Enter.into()),
            Asked::Draw,
            "no address yet"
        );
        screen.paste("fabrikam.example");
        let Asked::Add(new) = screen.key(Code::Enter.into()) else {
            panic!("it is whole: {screen:?}");
        };
        assert_eq!(new.name, "fabrikam");
        assert_eq!((new.way, new.start), (SignsIn::DeviceCode, Start::ReadOnly));
        screen.key(Code::Char('x').into());
        assert_eq!(screen.form.unwrap().tenant.text(), "fabrikam.example");
    }
}
