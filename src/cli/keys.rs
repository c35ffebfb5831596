//! `keys`: every action with its keys as they are now, where they work, and whether the configuration says so.

use serde_json::{Value, json};

use crate::app::action::{Binding, Place, TABLE};
use crate::app::keymap::{self, Keymap};

use super::args::Global;
use super::exit::Exit;
use super::open::located;
use super::print;

pub(super) fn run(global: &Global) -> anyhow::Result<Exit> {
    let (_, config) = located(global)?;
    let keys = &config.look.keys;
    if global.json {
        let rows: Vec<Value> = TABLE.iter().map(|row| entry(keys, row)).collect();
        let all: Vec<&str> = Place::ALL.into_iter().map(Place::word).collect();
        let answer = json!({ "schema_version": 1, "contexts": all, "keys": rows });
        print::data(&serde_json::to_string_pretty(&answer)?)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = TABLE
        .iter()
        .map(|row| {
            vec![
                keys.names(row.action).join(" "),
                row.name.to_owned(),
                whose(keys, row).to_owned(),
                places(row),
            ]
        })
        .collect();
    print::table(&["KEYS", "ACTION", "WHOSE", "WHERE"], &rows)?;
    Ok(Exit::Done)
}

fn entry(keys: &Keymap, row: &Binding) -> Value {
    let here: Vec<&str> = Place::ALL
        .into_iter()
        .filter(|place| row.places.has(*place))
        .map(Place::word)
        .collect();
    let default: Vec<String> = keymap::default_keys(row.action)
        .into_iter()
        .map(keymap::name)
        .collect();
    json!({
        "action": row.name,
        "keys": keys.names(row.action),
        "default": default,
        "whose": whose(keys, row),
        "contexts": here,
        "help": row.help,
    })
}

fn whose(keys: &Keymap, row: &Binding) -> &'static str {
    if keys.is_yours(row.action) {
        "yours"
    } else {
        "default"
    }
}

/// Where it works; `everywhere` for what works in all places.
fn places(row: &Binding) -> String {
    let here: Vec<&str> = Place::ALL
        .into_iter()
        .filter(|place| row.places.has(*place))
        .map(Place::word)
        .collect();
    if here.len() == Place::ALL.len() {
        "everywhere".to_owned()
    } else {
        here.join(" ")
    }
}
