//! `tenants remove`: out of the configuration; tokens are deleted, ledger and audit are kept as files unless told otherwise.

use crate::config::places::Places;
use crate::runtime::leaving::{self, Files};

use super::super::args::tenants::Leaving;
use super::super::exit::Exit;
use super::super::print;

pub(super) async fn remove(places: &Places, leaving: &Leaving) -> anyhow::Result<Exit> {
    let name = &leaving.name;
    let (files, fate) = if leaving.purge {
        (Files::Purged, "ledger and audit are DELETED")
    } else {
        (Files::Kept, "ledger and audit are kept as files")
    };
    leaving::there(places, name)?;
    let agreed = leaving.yes
        || (print::is_interactive()
            && print::ask(&format!(
                "Remove {name} from the configuration? Its tokens are deleted, {fate}. Type the name:"
            ))? == *name);
    if !agreed {
        print::tell("The tenant stays. Give --yes where nobody can be asked.");
        return Ok(Exit::Refused);
    }
    for line in leaving::remove(places, name, files).await?.lines() {
        print::tell(&line);
    }
    Ok(Exit::Done)
}
