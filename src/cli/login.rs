//! `login` and `logout`: a person signs in once, and the token file serves the commands that follow.

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::config::surroundings::Surroundings;
use crate::config::{SignInWay, Words as _};
use crate::domain::pace::Clock;
use crate::domain::sign_in::{Prompt, PromptWay, SignInWay as Next};
use crate::domain::text::Label;
use crate::graph::error::GraphError;
use crate::graph::{Client, SignedIn};
use crate::view::sign_in::picture;

use super::args::{Global, Login};
use super::exit::Exit;
use super::open::{Opened, open};
use super::print;

pub(super) async fn run(global: &Global, args: &Login) -> anyhow::Result<Exit> {
    let opened = open(global).await?;
    let client = &opened.world.client;
    if args.write {
        client.allow_write(opened.settings.allowed);
    }
    let screen = (&opened.clock, room(global));
    let asked = ask(client, opened.config.sign_in, &opened.name, screen).await;
    let signed_in = asked.map_err(|error| {
        if let Some(next) = error.next_way() {
            let word = match next {
                Next::DeviceCode => SignInWay::DeviceCode,
                Next::Browser => SignInWay::Browser,
            };
            print::tell(&format!(
                "A policy stands in the way of this one; the other may be open: sign_in = \"{}\" in the configuration.",
                word.as_str()
            ));
        }
        error.failure("Signing in")
    })?;
    finish(&opened, &signed_in, args.write).await
}

/// Lets a person sign in, and shows what there is to do.
pub(super) async fn ask(
    client: &Client,
    way: SignInWay,
    name: &str,
    (clock, room): (&Clock, Option<(u16, u16)>),
) -> Result<SignedIn, GraphError> {
    let (prompts, shown) = unbounded_channel();
    let asked = async {
        let result = match way {
            SignInWay::DeviceCode => client.sign_in_by_code(&prompts).await,
            SignInWay::Browser => client.sign_in_by_browser(&prompts).await,
            SignInWay::ClientSecret | SignInWay::Certificate => client.sign_in().await,
        };
        drop(prompts);
        result
    };
    tokio::join!(asked, show(shown, name, (clock.now(), room))).0
}

async fn finish(opened: &Opened, signed_in: &SignedIn, write: bool) -> anyhow::Result<Exit> {
    let pin = opened
        .world
        .store
        .ledger
        .load()
        .await
        .map_err(|error| error.failure())?
        .pin;
    if let (Some(pin), Some(tenant)) = (pin, signed_in.tenant)
        && pin.tenant != tenant
    {
        // A sign-in to a stranger is not kept: nothing would ever be read or written with it. Those to other tenants stay.
        opened
            .world
            .client
            .drop_sign_in()
            .await
            .map_err(|error| error.failure("Signing out"))?;
        return Err(crate::domain::failure::Failure::new(
            crate::domain::failure::FailureKind::Refused,
            crate::sync::TENANT_MISMATCH,
            format!("pinned: {} ({}); signed in to: {tenant}", pin.name, pin.tenant),
            "The sign-in was dropped. Sign in with an account of the pinned tenant, or disable sync first: `tenants unpin NAME`.",
        )
        .into());
    }
    let may = match (write, opened.settings.read_only) {
        (true, _) => "reading and writing were asked for",
        (false, true) => "reading was asked for",
        (false, false) => {
            "reading was asked for; writing is when something is first written (login --write: at once)"
        }
    };
    print::tell(&format!(
        "Signed in to {} as {}; {may}",
        opened.name, signed_in.account
    ));
    for line in filled("Granted: ", &signed_in.granted) {
        print::tell(&line);
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

pub(super) async fn out(global: &Global) -> anyhow::Result<Exit> {
    let opened = open(global).await?;
    opened
        .world
        .client
        .sign_out()
        .await
        .map_err(|error| error.failure("Signing out"))?;
    let shared = match &opened.config.identity {
        Some(identity) => format!(", and {identity} of all its tenants"),
        None => String::new(),
    };
    print::tell(&format!("Signed out of {}{shared}", opened.name));
    Ok(Exit::Done)
}

/// Shows what the person has to do, as it comes.
async fn show(
    mut prompts: UnboundedReceiver<Prompt>,
    name: &str,
    (now, room): (Timestamp, Option<(u16, u16)>),
) {
    while let Some(prompt) = prompts.recv().await {
        if let Some(rows) = room.and_then(|room| code_picture(&prompt, room)) {
            print::picture(&rows);
        }
        for line in lines(&prompt, name, now) {
            print::tell(&line);
        }
    }
}

/// Columns and rows of the terminal that somebody looks at; nothing where none can show half blocks in colours of ours.
fn room(global: &Global) -> Option<(u16, u16)> {
    let surroundings = Surroundings::read();
    let plain = global.ascii || !surroundings.utf8 || surroundings.no_color || surroundings.dumb;
    if plain || !print::is_interactive() {
        return None;
    }
    crossterm::terminal::size().ok()
}

/// The address of a device sign-in as a QR code, where it fits above its text.
fn code_picture(prompt: &Prompt, (columns, rows): (u16, u16)) -> Option<Vec<String>> {
    let PromptWay::Code { address, .. } = &prompt.way else {
        return None;
    };
    let picture = picture(address)?;
    let wide = picture.first()?.chars().count() + 2;
    let fits = wide <= usize::from(columns) && picture.len() + TEXT <= usize::from(rows);
    fits.then_some(picture)
}

/// Lines of the text below the picture.
const TEXT: usize = 16;

/// Words in lines of 79 columns behind a title, none cut; a name is copied whole or not at all.
fn filled(title: &str, words: &[String]) -> Vec<String> {
    let mut lines = vec![title.to_owned()];
    for word in words {
        let last = lines.last_mut().expect("the first line is there");
        if last.len() > title.len() && last.len() + word.len() > 79 {
            *last = last.trim_end().to_owned();
            lines.push(" ".repeat(title.len()));
        }
        let last = lines.last_mut().expect("the first line is there");
        last.push_str(word);
        last.push(' ');
    }
    let last = lines.last_mut().expect("the first line is there");
    *last = last.trim_end().to_owned();
    lines
}

fn lines(prompt: &Prompt, name: &str, now: Timestamp) -> Vec<String> {
    let minutes = prompt.until.duration_since(now).as_mins().max(0);
    let mut lines = vec![
        String::new(),
        format!(
            "This program asks to sign in to {name} ({}). You started it: never type a code that came by mail or chat.",
            prompt.tenant
        ),
    ];
    match &prompt.way {
        PromptWay::Code { code, address, .. } => {
            let spaced: Vec<String> = Label::new(code)
                .to_string()
                .chars()
                .map(String::from)
                .collect();
            lines.push(format!("  open   {address}"));
            lines.push("  type".to_owned());
            lines.push(String::new());
            lines.push(format!("         {}", spaced.join(" ")));
            lines.push(String::new());
            lines.push(format!("  (to copy: {code})"));
        }
        PromptWay::Browser {
            address, forward, ..
        } => {
            lines.push(format!("  open   {address}"));
            lines.push(
                "  when the browser runs on another machine, first run this there:".to_owned(),
            );
            lines.push(format!("         {forward}"));
        }
    }
    lines.push(format!("  app    {}", prompt.app));
    lines.extend(filled("  asks   ", &prompt.scopes));
    lines.push(format!("  ends in {minutes} min; Ctrl-C stops"));
    lines
}

#[cfg(test)]
mod tests {
    use crate::domain::planning::Allowed;

    use super::*;

    #[test]
    fn the_picture_is_left_out_where_it_does_not_fit_above_the_text() {
        let prompt = prompt();
        let whole = code_picture(&prompt, (80, 40)).unwrap();
        assert!(whole.iter().any(|row| row.contains('▀')));
        let wide = u16::try_from(whole[0].chars().count() + 2).unwrap();
        let high = u16::try_from(whole.len() + TEXT).unwrap();
        assert_eq!(code_picture(&prompt, (wide, high)), Some(whole));
        assert_eq!(code_picture(&prompt, (wide - 1, 60)), None);
        assert_eq!(code_picture(&prompt, (80, high - 1)), None);
    }

    #[test]
    fn permissions_are_not_cut_at_the_edge_of_the_terminal() {
        let words: Vec<String> = crate::graph::scopes::needed(Allowed {
            numbers: true,
            location: true,
            licences: true,
        })
        .iter()
        .map(|one| one.name.to_owned())
        .collect();
        let lines = filled("  asks   ", &words);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines.iter().all(|line| line.len() < 80), "{lines:?}");
        assert!(
            lines[1..].iter().all(|line| line.starts_with("         ")),
            "{lines:?}"
        );
        let again: Vec<&str> = lines
            .iter()
            .flat_map(|line| line.split_whitespace())
            .collect();
        assert_eq!(
            again[1..],
            words.iter().map(String::as_str).collect::<Vec<_>>()
        );
        assert_eq!(filled("Granted: ", &[]), ["Granted:"]);
    }

    fn prompt() -> Prompt {
        Prompt {
            way: PromptWay::Code {
                code: "AB12CD345".into(),
                address: "https://microsoft.com/devicelogin".into(),
                message: String::new(),
            },
            scopes: vec!["User.Read.All".into()],
            app: "app-1".into(),
            tenant: "contoso.example".into(),
            until: "2026-11-22T12:15:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_prompt_names_code_tenant_app_and_permissions() {
        let prompt = prompt();
        let text = lines(&prompt, "contoso", "2026-11-22T12:00:00Z".parse().unwrap()).join("\n");
        for part in [
            "A B 1 2 C D 3 4 5",
            "to copy: AB12CD345",
            "https://microsoft.com/devicelogin",
            "sign in to contoso (contoso.example)",
            "You started it",
            "app-1",
            "User.Read.All",
            "ends in 15 min",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
