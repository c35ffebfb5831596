//! `script`: PowerShell for what is queued, for one user's way out, or for a resource account that is to be made.

use crate::domain::country::Country;
use crate::domain::directory::NumberType;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::script::way_out::Asked;
use crate::domain::script::{Answers, NewAccount};
use crate::ops::script;
use crate::record::json;

use super::args::{Global, Script};
use super::exit::Exit;
use super::open::open;
use super::print;

pub(super) async fn run(global: &Global, args: &Script) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    let (store, cloud) = (&opened.world.store, opened.world.client.cloud());
    let country = country(args)?;
    let number = number(args, country)?;
    let text = match (&args.user, &args.resource_account) {
        (_, Some(name)) => {
            let (Some(upn), Some(number), Some(location)) = (&args.upn, number, country) else {
                return Err(usage(
                    "A resource account needs --upn, --number and --country",
                ));
            };
            let account = NewAccount {
                upn: upn.clone(),
                name: name.clone(),
                answers: if args.queue {
                    Answers::Queue
                } else {
                    Answers::Attendant
                },
                location,
                number,
            };
            script::resource_account((store, cloud), account).await?
        }
        (Some(user), None) => {
            let asked = Asked {
                number: number.map(|number| (number, NumberType::DirectRouting)),
                country,
                voice_route: args.voice_route.clone(),
            };
            script::for_user((store, cloud), user, &asked, opened.clock.now()).await?
        }
        (None, None) => script::queued((store, cloud)).await?,
    };
    if global.json {
        print::data(&json::single(&serde_json::json!({ "script": text }))?)?;
    } else {
        print::data(text.trim_end())?;
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

fn usage(headline: impl Into<String>) -> anyhow::Error {
    Failure::new(
        FailureKind::Config,
        headline,
        "",
        "See `teamsconnector script --help`.",
    )
    .into()
}

fn country(args: &Script) -> anyhow::Result<Option<Country>> {
    let Some(text) = &args.country else {
        return Ok(None);
    };
    match Country::from_tenant(text) {
        Some(country) => Ok(Some(country)),
        None => Err(usage(format!("{text} is no country of two letters"))),
    }
}

fn number(args: &Script, country: Option<Country>) -> anyhow::Result<Option<PhoneNumber>> {
    let Some(text) = &args.number else {
        return Ok(None);
    };
    let number = PhoneNumber::parse(text, NumberKind::Trunk, country)
        .map_err(|error| usage(error.to_string()))?;
    Ok(Some(number))
}
