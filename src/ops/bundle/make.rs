//! Gathers what goes into a bundle, each part through the scrubber.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::guid::ObjectId;
use crate::domain::plan_ids;
use crate::domain::why::Why;
use crate::record::bundle::{Cell, FORMAT, Manifest, Table, VERSION};
use crate::record::json::WhyJson;
use crate::record::reference;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::extract::{self, Extract, Vocabulary, Wanted};

use super::super::whom;
use super::archive::Part;
use super::lexicon::Sort;
use super::pseudonym::Pseudonyms;
use super::scrub::Scrubber;
use super::shapes;

/// How the audit says that there was no group filter.
const NO_GROUP: &str = "none";

/// What a part holds that may have been replaced.
const PEOPLE: &str = "names, addresses, numbers, ids of people, groups and tenant";

/// What is asked for.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The tenant's folder.
    pub dir: &'a Path,
    /// The tenant's name in the configuration.
    pub tenant: &'a str,
    /// The people who are asked for, explained.
    pub people: &'a [Why],
    /// How many runs.
    pub runs: u32,
    /// When, and by which version of the program.
    pub made: (Timestamp, &'a str),
    /// What the caller knows: versions, configuration, checks.
    pub pages: Vec<(&'static str, Value)>,
}

/// A scrubber that knows everything that the tenant's files name.
pub fn scrubber(
    dir: &Path,
    pseudonyms: Pseudonyms,
    revealed: bool,
) -> Result<Scrubber, StoreError> {
    let words = extract::vocabulary(dir)?;
    let mut scrubber = Scrubber::new(pseudonyms, revealed);
    public(&mut scrubber, &words);
    for form in &words.forms {
        organisation(&mut scrubber, form);
    }
    for tenant in &words.tenants {
        scrubber.hide("tenant", tenant);
        scrubber.lexicon().put_parts(tenant);
    }
    for name in &words.names {
        scrubber.lexicon().put(name, Sort::Name);
    }
    for group in words.groups.iter().filter(|group| *group != NO_GROUP) {
        scrubber.hide("group", group);
    }
    for group in words.said.iter().flat_map(|line| shapes::groups(line)) {
        scrubber.hide("group", &group);
    }
    for address in &words.addresses {
        address_words(&mut scrubber, address);
    }
    for name in &words.names {
        scrubber.lexicon().put_parts(name);
    }
    for name in words.said.iter().flat_map(|line| shapes::names(line)) {
        scrubber.lexicon().put(name, Sort::Name);
        scrubber.lexicon().put_parts(name);
    }
    for word in &words.words {
        scrubber.lexicon().put(word, Sort::Local);
    }
    for author in &words.authors {
        scrubber.hide("operator", author);
    }
    for number in &words.numbers {
        scrubber.know_number(number);
    }
    scrubber.settle();
    Ok(scrubber)
}

/// Products and plans are Microsoft's: they are the same for everybody, and a diagnosis needs them.
fn public(scrubber: &mut Scrubber, words: &Vocabulary) {
    for (id, name) in plan_ids::public() {
        scrubber.keep_id(id);
        scrubber.lexicon().put(name, Sort::Public);
    }
    for form in &words.products {
        let Ok(sku) = reference::read_sku(form) else {
            continue;
        };
        scrubber.keep_id(sku.id.0);
        scrubber.lexicon().put(&sku.part_number, Sort::Public);
        for plan in &sku.plans {
            scrubber.keep_id(plan.id.0);
            scrubber.lexicon().put(&plan.name, Sort::Public);
        }
    }
}

/// Tenant, group filter or groups that give licences.
fn organisation(scrubber: &mut Scrubber, form: &str) {
    if let Ok(tenant) = reference::read_tenant(form) {
        for domain in &tenant.domains {
            domain_words(scrubber, domain);
        }
        scrubber.hide("tenant", &tenant.name);
        scrubber.lexicon().put_parts(&tenant.name);
        return;
    }
    let Ok(value) = serde_json::from_str::<Value>(form) else {
        return;
    };
    if let Some(name) = value.get("name").and_then(Value::as_str) {
        scrubber.hide("group", name);
    }
    let groups = value.get("groups").unwrap_or(&value);
    for group in groups.as_array().into_iter().flatten() {
        if let Some(name) = group.get(1).and_then(Value::as_str) {
            scrubber.hide("group", name);
        }
    }
}

fn domain_words(scrubber: &mut Scrubber, domain: &str) {
    scrubber.lexicon().put(domain, Sort::Domain);
    if let Some(label) = domain.split('.').next() {
        scrubber.lexicon().put_parts(label);
    }
}

/// `SMTP:alex@contoso.com`.
fn address_words(scrubber: &mut Scrubber, line: &str) {
    let address = line.split_once(':').map_or(line, |(_, address)| address);
    let Some((local, domain)) = address.rsplit_once('@') else {
        scrubber.lexicon().put(address, Sort::Local);
        return;
    };
    domain_words(scrubber, domain);
    if local.chars().any(char::is_alphabetic) {
        scrubber.lexicon().put_parts(local);
    }
}

/// Gathers the parts of a bundle.
pub async fn make(
    store: &Store,
    asked: &Asked<'_>,
    scrubber: &Scrubber,
) -> Result<Vec<Part>, StoreError> {
    let wanted = Wanted {
        people: people(store, asked.people).await?,
        runs: asked.runs,
    };
    let rows = extract::extract(asked.dir, &wanted)?;
    let mut parts = vec![Part {
        name: "README.txt".to_owned(),
        bytes: readme(scrubber.is_revealed()).into_bytes(),
        replaced: "",
    }];
    for (name, page) in &asked.pages {
        parts.push(page_of(name, &scrubber.value(page)));
    }
    let mut named = BTreeMap::new();
    for (n, why) in (1..).zip(asked.people) {
        let name = format!("why/{n:02}.json");
        parts.push(page_of(&name, &explained(why, scrubber)));
        named.insert(scrubber.handle(why), name);
    }
    parts.extend(logs(store, asked.runs, scrubber).await?);
    if let Some(runs) = rows.history.iter().find(|table| table.name == "runs") {
        parts.push(page_of("runs.json", &objects(&scrubber.table(runs))));
    }
    parts.extend(tables(&rows, scrubber));
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        program: asked.made.1.to_owned(),
        made_at: asked.made.0,
        revealed: scrubber.is_revealed(),
        key_mark: scrubber.pseudonyms().mark(),
        tenant: scrubber.tenant(asked.tenant),
        people: named,
        nobody: asked
            .people
            .iter()
            .filter(|why| is_nobody(why))
            .map(|why| scrubber.handle(why))
            .collect(),
    };
    let value = serde_json::to_value(&manifest).expect("a manifest has only texts and numbers");
    parts.insert(0, page_of("manifest.json", &value));
    parts[0].replaced = "";
    Ok(parts)
}

/// The directory users whom the answers rest on.
async fn people(store: &Store, whys: &[Why]) -> Result<BTreeSet<ObjectId>, StoreError> {
    let mut ids = BTreeSet::new();
    for why in whys {
        ids.extend(why.id);
        if why.near.is_empty() {
            continue;
        }
        ids.extend(
            whom::having(store, &why.upn)
                .await?
                .iter()
                .map(|row| row.id),
        );
        let near = whom::nearest(store, &why.name, Some(&why.upn)).await?;
        ids.extend(near.iter().map(|row| row.id));
    }
    Ok(ids)
}

fn page_of(name: &str, value: &Value) -> Part {
    let text = serde_json::to_string_pretty(value).expect("a value is always JSON");
    Part {
        name: name.to_owned(),
        bytes: text.into_bytes(),
        replaced: PEOPLE,
    }
}

/// Whether an answer is about nobody whom the tenant's files know.
pub fn is_nobody(why: &Why) -> bool {
    why.id.is_none() && why.upn.is_empty()
}

/// Makes the words known by which somebody was asked for, who may be nobody that the files know.
pub fn know(scrubber: &mut Scrubber, why: &Why) {
    address_words(scrubber, &why.upn);
    scrubber.lexicon().put(&why.name, Sort::Name);
    scrubber.lexicon().put_parts(&why.name);
}

/// `why --json`; who was asked for may be somebody whom no file knows.
fn explained(why: &Why, scrubber: &Scrubber) -> Value {
    let value = serde_json::to_value(WhyJson::new(why)).expect("an answer has only texts");
    let mut value = scrubber.value(&value);
    let (name, upn) = scrubber.person(&why.name, &why.upn);
    if let Some(user) = value.get_mut("user").and_then(Value::as_object_mut) {
        user.insert("name".to_owned(), name.into());
        if user.get("upn").is_some_and(Value::is_string) {
            user.insert("upn".to_owned(), upn.into());
        }
    }
    value
}

async fn logs(store: &Store, runs: u32, scrubber: &Scrubber) -> Result<Vec<Part>, StoreError> {
    let mut parts = Vec::new();
    for run in store.history.list(runs).await? {
        let mut text = String::new();
        for line in store.history.log(run.id).await? {
            text.push_str(&scrubber.text(&line.marked()));
            text.push('\n');
        }
        parts.push(Part {
            name: format!("runs/{}.log", run.id.0),
            bytes: text.into_bytes(),
            replaced: PEOPLE,
        });
    }
    Ok(parts)
}

/// Rows as objects, for eyes.
fn objects(table: &Table) -> Value {
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|row| {
            let pairs = table.columns.iter().zip(row);
            let object: Map<String, Value> = pairs
                .map(|(column, cell)| {
                    let value = match cell {
                        Cell::Id { id } => json!(id),
                        cell => json!(cell),
                    };
                    (column.clone(), value)
                })
                .collect();
            Value::Object(object)
        })
        .collect();
    json!({ "runs": rows })
}

fn tables(rows: &Extract, scrubber: &Scrubber) -> Vec<Part> {
    [
        ("store/ledger.json", &rows.ledger),
        ("store/cache.json", &rows.cache),
        ("store/history.json", &rows.history),
    ]
    .into_iter()
    .map(|(name, tables)| {
        let tables: Vec<Table> = tables.iter().map(|table| scrubber.table(table)).collect();
        Part {
            name: name.to_owned(),
            bytes: serde_json::to_vec(&tables).expect("rows have only texts and numbers"),
            replaced: PEOPLE,
        }
    })
    .collect()
}

fn readme(revealed: bool) -> String {
    let names = if revealed {
        "Names, addresses and numbers in it are the true ones: treat it like the tenant itself."
    } else {
        "Names, addresses, numbers, ids of people, groups and the tenant are replaced by stand-ins. Equal stand-ins mean equal \
         things, here and in every bundle whose manifest has the same key_mark; a stand-in keeps case, shared domains, country \
         code and length of a number. Products, plans, error codes, request-ids and times are the true ones."
    };
    format!(
        "A support bundle of teamsconnector.\n\n{names}\n\nOpen it with `teamsconnector --bundle FILE`, or ask it with\n\
         `teamsconnector --bundle FILE why USER`, `history`, `users list`.\n\n\
         manifest.json  what this is, and which people it explains\nversions.json  the program and its tables\n\
         config.json    the tenant's settings, without secrets\ndoctor.json    what `doctor` saw\n\
         runs.json      the last runs with their counters\nruns/N.log     the log of run N\n\
         why/N.json     `why` of each person asked for\nstore/         the rows that these stand on\n"
    )
}
