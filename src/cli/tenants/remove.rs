//! `tenants remove`: out of the configuration; tokens are deleted, users, queue and audit are kept as files unless told otherwise.

use crate::config::places::Places;
use crate::runtime::leaving::{self, Files};
use crate::store::peek;

use super::super::args::tenants::Leaving;
use super::super::exit::Exit;
use super::super::print;

pub(super) async fn remove(places: &Places, leaving: &Leaving) -> anyhow::Result<Exit> {
    let name = &leaving.name;
    let (files, fate) = if leaving.purge {
        (
            Files::Purged,
            "its users, queue, history and audit are DELETED for good",
        )
    } else {
        (
            Files::Kept,
            "its users, queue, history and audit are kept as files",
        )
    };
    leaving::there(places, name)?;
    let waits = waiting(places, name);
    let agreed = leaving.yes
        || (print::is_interactive()
            && print::ask(&format!(
                "Remove {name} from the configuration? Its sign-in is forgotten, {fate}.{waits} Type the name:"
            ))? == *name);
    if !agreed {
        print::tell(super::not_agreed());
        return Ok(Exit::Refused);
    }
    for line in leaving::remove(places, name, files).await?.lines() {
        print::tell(&line);
    }
    Ok(Exit::Done)
}

/// How many changes wait in the queue that goes with it.
fn waiting(places: &Places, name: &str) -> String {
    let known = peek::look(&places.tenant_dir(name)).ok().flatten();
    match known.map_or(0, |known| known.states.len()) {
        0 => String::new(),
        1 => " 1 change waits in its queue, unwritten.".to_owned(),
        n => format!(" {n} changes wait in its queue, unwritten."),
    }
}
