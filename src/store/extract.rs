//! A part of a tenant's files as rows, and files made of such rows: what a support bundle carries and shows again.
//!
//! Reads without changing anything, and knows nothing of pseudonyms. What leaves out the tenant's delta link, the hashes and the
//! drafts is decided here, so that no other module can put them into a bundle.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};

use crate::domain::guid::{Guid, ObjectId};
use crate::record::bundle::{Cell, FactsForm, Table};
use crate::record::facts::{self, Dictionary};

use super::Store;
use super::error::StoreError;
use super::peek::read_only;
use super::schema::{CACHE, HISTORY, LEDGER, Shape};

/// Rows of the ledger that only grow are taken from the end, so many at most.
const LATEST: u32 = 5000;

/// What is wanted of a tenant's files.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Directory users beside those who are configured.
    pub people: BTreeSet<ObjectId>,
    /// The last runs, so many.
    pub runs: u32,
}

/// Rows by file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extract {
    /// Of `ledger.db`.
    pub ledger: Vec<Table>,
    /// Of `cache.db`.
    pub cache: Vec<Table>,
    /// Of `history.db`.
    pub history: Vec<Table>,
}

/// One table of an extract: where its rows come from.
struct Source {
    name: &'static str,
    /// What follows `FROM table`.
    tail: String,
    /// The column that holds the directory user whom a row is about, where only some people's rows are wanted.
    of: Option<&'static str>,
}

impl Source {
    fn all(name: &'static str, tail: impl Into<String>) -> Self {
        Self {
            name,
            tail: tail.into(),
            of: None,
        }
    }

    fn of(name: &'static str, column: &'static str) -> Self {
        Self {
            name,
            tail: String::new(),
            of: Some(column),
        }
    }
}

fn ledger_sources() -> Vec<Source> {
    let latest = |by: &str| format!("ORDER BY {by} DESC LIMIT {LATEST}");
    let settings = "WHERE k IN ('pin_tenant', 'pin_name', 'pin_at', 'seats_bought', 'seats_end')";
    vec![
        Source::all("users", ""),
        Source::all("outbox", ""),
        Source::all("settings", settings),
        Source::all("audit", latest("seq")),
        Source::all("written", latest("entry")),
    ]
}

fn cache_sources() -> Vec<Source> {
    vec![
        Source::all("meta", "WHERE k <> 'delta_link'"),
        Source::all("skus", ""),
        Source::of("directory", "id"),
        Source::of("teams", "id"),
        Source::of("numbers", "target"),
        Source::of("live", "id"),
        Source::of("reclassified", "id"),
    ]
}

fn history_sources(runs: u32) -> Vec<Source> {
    let last = format!("(SELECT id FROM runs ORDER BY id DESC LIMIT {runs})");
    vec![
        Source::all("runs", format!("WHERE id IN {last}")),
        Source::all("lines", format!("WHERE run IN {last}")),
        Source {
            name: "changes",
            tail: format!("WHERE run IN {last}"),
            of: Some("id"),
        },
    ]
}

/// Takes what is wanted out of the files of a folder.
pub fn extract(dir: &Path, wanted: &Wanted) -> Result<Extract, StoreError> {
    let mut people = wanted.people.clone();
    let mut extract = Extract::default();
    if let Some(ledger) = read_only(dir, &LEDGER)? {
        let read = ledger.unchecked_transaction()?;
        extract.ledger = dump(&read, &ledger_sources(), &people, &Dictionary::default())?;
        people.extend(of_list(&read)?);
        if let Some(cache) = read_only(dir, &CACHE)? {
            people.extend(holders(&read, &cache)?);
        }
    }
    if let Some(cache) = read_only(dir, &CACHE)? {
        let read = cache.unchecked_transaction()?;
        let dictionary = dictionary(&read)?;
        extract.cache = dump(&read, &cache_sources(), &people, &dictionary)?;
    }
    if let Some(history) = read_only(dir, &HISTORY)? {
        let read = history.unchecked_transaction()?;
        let sources = history_sources(wanted.runs);
        extract.history = dump(&read, &sources, &people, &Dictionary::default())?;
    }
    Ok(extract)
}

/// Directory users whom the ledger speaks of.
fn of_list(ledger: &Connection) -> Result<BTreeSet<ObjectId>, StoreError> {
    ids(
        ledger,
        "SELECT directory_id FROM users WHERE directory_id IS NOT NULL
         UNION SELECT directory_id FROM outbox WHERE directory_id IS NOT NULL
         UNION SELECT from_id FROM outbox WHERE from_id IS NOT NULL",
    )
}

fn ids(connection: &Connection, sql: &str) -> Result<BTreeSet<ObjectId>, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get::<_, [u8; 16]>(0))?;
    let guid = |bytes| ObjectId(Guid::from_bytes(bytes));
    Ok(rows.map(|row| row.map(guid)).collect::<Result<_, _>>()?)
}

/// Who holds a number that is queued for somebody: `why` names them.
fn holders(ledger: &Connection, cache: &Connection) -> Result<BTreeSet<ObjectId>, StoreError> {
    let mut statement = ledger.prepare("SELECT wanted FROM outbox WHERE field = 'number'")?;
    let wanted = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut holder = cache
        .prepare("SELECT target FROM numbers WHERE number = ?1 AND length(target) = 16 LIMIT 1")?;
    let mut found = BTreeSet::new();
    for number in wanted {
        let mut rows = holder.query([number?])?;
        if let Some(row) = rows.next()? {
            found.insert(ObjectId(Guid::from_bytes(row.get(0)?)));
        }
    }
    Ok(found)
}

fn dictionary(cache: &Connection) -> Result<Dictionary, StoreError> {
    let mut dictionary = Dictionary::default();
    let mut statement = cache.prepare("SELECT id FROM dictionary ORDER BY n")?;
    for id in statement.query_map([], |row| row.get::<_, [u8; 16]>(0))? {
        dictionary.place(Guid::from_bytes(id?));
    }
    Ok(dictionary)
}

fn dump(
    connection: &Connection,
    sources: &[Source],
    people: &BTreeSet<ObjectId>,
    dictionary: &Dictionary,
) -> Result<Vec<Table>, StoreError> {
    let there = columns_of(connection)?;
    let mut tables = Vec::new();
    // A file that an older program made may lack a table.
    for source in sources.iter().filter(|s| there.contains_key(s.name)) {
        let mut statement =
            connection.prepare(&format!("SELECT * FROM {} {}", source.name, source.tail))?;
        let columns: Vec<String> = statement.column_names().map(ToOwned::to_owned).collect();
        let about = source
            .of
            .and_then(|of| columns.iter().position(|column| column == of));
        let mut rows = Vec::new();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            if let Some(about) = about {
                let id = row.get::<_, Option<[u8; 16]>>(about)?;
                if id.is_none_or(|id| !people.contains(&ObjectId(Guid::from_bytes(id)))) {
                    continue;
                }
            }
            let cells = columns
                .iter()
                .enumerate()
                .map(|(n, column)| cell((source.name, column), row.get_ref(n)?, dictionary))
                .collect::<Result<_, StoreError>>()?;
            rows.push(cells);
        }
        tables.push(Table {
            name: source.name.to_owned(),
            columns,
            rows,
        });
    }
    Ok(tables)
}

/// A hash is as good as what it was made of, for somebody who guesses: none leaves the files.
fn cell(
    place: (&str, &str),
    value: ValueRef<'_>,
    dictionary: &Dictionary,
) -> Result<Cell, StoreError> {
    Ok(match (place, value) {
        (("directory", "hash"), _) => Cell::Integer(0),
        (("audit", "prev" | "hash"), _) => Cell::Text(String::new()),
        (("directory", "facts"), ValueRef::Blob(bytes)) => Cell::Facts {
            facts: FactsForm::from(&facts::read(bytes, dictionary)?),
        },
        (("meta", _), ValueRef::Blob(bytes)) => Cell::Ids {
            ids: bytes.as_chunks::<16>().0.iter().map(written).collect(),
        },
        (_, ValueRef::Blob(bytes)) => match <&[u8; 16]>::try_from(bytes) {
            Ok(bytes) => Cell::Id { id: written(bytes) },
            Err(_) => Cell::Nothing(()),
        },
        (_, ValueRef::Integer(number)) => Cell::Integer(number),
        (_, ValueRef::Text(text)) => Cell::Text(
            std::str::from_utf8(text)
                .map_err(|_| StoreError::damaged("a text"))?
                .to_owned(),
        ),
        (_, ValueRef::Null | ValueRef::Real(_)) => Cell::Nothing(()),
    })
}

fn written(bytes: &[u8; 16]) -> String {
    Guid::from_bytes(*bytes).to_string()
}

fn columns_of(connection: &Connection) -> Result<HashMap<String, HashSet<String>>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'",
    )?;
    let mut tables: HashMap<String, HashSet<String>> = HashMap::new();
    let pairs = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    for pair in pairs {
        let (table, column) = pair?;
        tables.entry(table).or_default().insert(column);
    }
    Ok(tables)
}

/// Makes the files of an empty folder out of an extract, which may have been written by anybody.
pub fn fill(dir: &Path, extract: &Extract) -> Result<(), StoreError> {
    Store::open(dir)?.close();
    for (shape, tables, sources) in [
        (&LEDGER, &extract.ledger, ledger_sources()),
        (&CACHE, &extract.cache, cache_sources()),
        (&HISTORY, &extract.history, history_sources(0)),
    ] {
        let path = dir.join(shape.file);
        fill_file(dir, shape, tables, &sources).map_err(|error| error.at(&path))?;
    }
    Ok(())
}

fn fill_file(
    dir: &Path,
    shape: &Shape,
    tables: &[Table],
    sources: &[Source],
) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(dir.join(shape.file), flags)?;
    let known = columns_of(&connection)?;
    let tx = connection.transaction()?;
    let mut dictionary = Dictionary::default();
    for table in tables {
        // Only names that this program has itself reach a statement.
        let wanted = sources.iter().any(|source| source.name == table.name);
        let columns = known.get(&table.name).filter(|_| wanted);
        let Some(columns) = columns else {
            let what = format!(
                "it has a table that this program does not know: {}",
                table.name
            );
            return Err(StoreError::damaged(what));
        };
        if let Some(strange) = table.columns.iter().find(|name| !columns.contains(*name)) {
            let what = format!(
                "{} has a column that this program does not know: {strange}",
                table.name
            );
            return Err(StoreError::damaged(what));
        }
        fill_table(&tx, table, &mut dictionary)?;
    }
    if !dictionary.is_empty() {
        let mut statement = tx.prepare("INSERT INTO dictionary (n, id) VALUES (?1, ?2)")?;
        for (n, id) in (0_i64..).zip(dictionary.from_place(0)) {
            statement.execute((n, id.bytes()))?;
        }
    }
    tx.commit()?;
    Ok(())
}

fn fill_table(
    tx: &Connection,
    table: &Table,
    dictionary: &mut Dictionary,
) -> Result<(), StoreError> {
    if table.columns.is_empty() {
        return Ok(());
    }
    let places = vec!["?"; table.columns.len()].join(", ");
    let sql = format!(
        "INSERT OR REPLACE INTO {} ({}) VALUES ({places})",
        table.name,
        table.columns.join(", ")
    );
    let mut statement = tx.prepare(&sql)?;
    for row in &table.rows {
        if row.len() != table.columns.len() {
            return Err(StoreError::damaged(format!("a row of {}", table.name)));
        }
        let values = row
            .iter()
            .map(|cell| value(cell, dictionary))
            .collect::<Result<Vec<_>, _>>()?;
        statement.execute(params_from_iter(values))?;
    }
    Ok(())
}

fn value(cell: &Cell, dictionary: &mut Dictionary) -> Result<Value, StoreError> {
    let bytes = |id: &str| {
        id.parse::<Guid>()
            .map(|id| *id.bytes())
            .map_err(|_| StoreError::damaged("an id"))
    };
    Ok(match cell {
        Cell::Nothing(()) => Value::Null,
        Cell::Integer(number) => Value::Integer(*number),
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Id { id } => Value::Blob(bytes(id)?.to_vec()),
        Cell::Ids { ids } => {
            // They are searched by halves, and the order of stand-ins is another than that of what they stand for.
            let mut all = ids
                .iter()
                .map(|id| bytes(id))
                .collect::<Result<Vec<_>, _>>()?;
            all.sort_unstable();
            Value::Blob(all.concat())
        }
        Cell::Facts { facts } => {
            let facts = facts.facts()?;
            Value::Blob(facts::write(
                &facts.licences,
                &facts.plans,
                facts.flaw.as_deref(),
                dictionary,
            ))
        }
    })
}

/// All that a tenant's files call somebody or something.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Names of people.
    pub names: BTreeSet<String>,
    /// Sign-in names, e-mails, proxy addresses.
    pub addresses: BTreeSet<String>,
    /// Telephone numbers.
    pub numbers: BTreeSet<String>,
    /// What this side or the tenant calls things by a word of its own: SIP names, external ids, policies.
    pub words: BTreeSet<String>,
    /// Who worked here.
    pub authors: BTreeSet<String>,
    /// Tenant, domains, group filter and groups that give licences, as the JSON that is kept.
    pub forms: Vec<String>,
    /// Products, as the JSON that is kept.
    pub products: Vec<String>,
    /// What the group filter was, and is.
    pub groups: BTreeSet<String>,
    /// The tenants' names.
    pub tenants: BTreeSet<String>,
    /// Lines of logs and notes that name somebody by their shape, who may be in no table any more.
    pub said: Vec<String>,
}

/// Collects the vocabulary of a folder's files.
pub fn vocabulary(dir: &Path) -> Result<Vocabulary, StoreError> {
    let mut all = Vocabulary::default();
    for (shape, queries) in [
        (&LEDGER, LEDGER_WORDS),
        (&CACHE, CACHE_WORDS),
        (&HISTORY, HISTORY_WORDS),
    ] {
        let Some(connection) = read_only(dir, shape)? else {
            continue;
        };
        for (kind, sql) in queries {
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let ValueRef::Text(text) = row.get_ref(0)? else {
                    continue;
                };
                let text = String::from_utf8_lossy(text);
                all.put(*kind, text.trim());
            }
        }
    }
    Ok(all)
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Name,
    Address,
    Number,
    Word,
    Author,
    Form,
    Product,
    Tenant,
    Group,
    Said,
}

const LEDGER_WORDS: &[(Kind, &str)] = &[
    (
        Kind::Name,
        "SELECT name FROM users UNION SELECT name FROM outbox UNION SELECT user FROM audit UNION SELECT name FROM written
         UNION SELECT from_name FROM written WHERE from_name IS NOT NULL
         UNION SELECT before FROM audit WHERE field = 'name' UNION SELECT after FROM audit WHERE field = 'name'
         UNION SELECT from_name FROM outbox WHERE from_name IS NOT NULL",
    ),
    (
        Kind::Address,
        "SELECT mail FROM users UNION SELECT before FROM audit WHERE field = 'mail'
         UNION SELECT after FROM audit WHERE field = 'mail' OR action = 'added'",
    ),
    (
        Kind::Number,
        "SELECT number FROM users UNION SELECT old_number FROM users",
    ),
    (
        Kind::Word,
        "SELECT sip_username FROM users UNION SELECT external_id FROM users",
    ),
    (
        Kind::Author,
        "SELECT author FROM outbox UNION SELECT author FROM audit",
    ),
    (Kind::Tenant, "SELECT v FROM settings WHERE k = 'pin_name'"),
    (
        Kind::Group,
        "SELECT before FROM audit WHERE action = 'settings' AND field = 'group'
         UNION SELECT after FROM audit WHERE action = 'settings' AND field = 'group'",
    ),
    (
        Kind::Said,
        "SELECT note FROM audit WHERE note <> '' UNION SELECT state FROM outbox",
    ),
];

const CACHE_WORDS: &[(Kind, &str)] = &[
    (Kind::Name, "SELECT name FROM directory"),
    (Kind::Address, "SELECT upn FROM directory"),
    (
        Kind::Address,
        "SELECT mail FROM directory WHERE mail IS NOT NULL",
    ),
    (
        Kind::Address,
        "SELECT addresses FROM directory WHERE addresses IS NOT NULL",
    ),
    (
        Kind::Number,
        "SELECT number FROM directory WHERE number IS NOT NULL",
    ),
    (
        Kind::Number,
        "SELECT number FROM numbers UNION ALL SELECT number FROM teams WHERE number IS NOT NULL",
    ),
    (
        Kind::Word,
        "SELECT routing FROM teams UNION SELECT dial_plan FROM teams",
    ),
    (
        Kind::Form,
        "SELECT v FROM meta WHERE k IN ('tenant', 'group', 'licence_groups')",
    ),
    (Kind::Tenant, "SELECT v FROM meta WHERE k = 'tenant_name'"),
    (Kind::Product, "SELECT form FROM skus"),
    (
        Kind::Name,
        "SELECT word FROM former_words WHERE kind = 'name'",
    ),
    (
        Kind::Address,
        "SELECT word FROM former_words WHERE kind = 'address'",
    ),
];

const HISTORY_WORDS: &[(Kind, &str)] = &[
    (Kind::Name, "SELECT DISTINCT name FROM changes"),
    (Kind::Author, "SELECT DISTINCT author FROM runs"),
    (
        Kind::Said,
        "SELECT DISTINCT text FROM lines
         WHERE text LIKE '%<%@%' OR text LIKE '%held by %' OR text LIKE '%promised to %' OR text LIKE '%moves from %'
            OR text LIKE '%group %''%' OR text LIKE '%groups %''%' OR text LIKE '%displayName%eq%'
         UNION SELECT failure FROM runs WHERE failure <> ''",
    ),
];

impl Vocabulary {
    fn put(&mut self, kind: Kind, text: &str) {
        if text.is_empty() {
            return;
        }
        match kind {
            Kind::Name => drop(self.names.insert(text.to_owned())),
            Kind::Address => self.addresses.extend(text.lines().map(ToOwned::to_owned)),
            Kind::Number => drop(self.numbers.insert(text.to_owned())),
            Kind::Word => drop(self.words.insert(text.to_owned())),
            Kind::Author => drop(self.authors.insert(text.to_owned())),
            Kind::Form => self.forms.push(text.to_owned()),
            Kind::Product => self.products.push(text.to_owned()),
            Kind::Said => self.said.push(text.to_owned()),
            Kind::Group => drop(self.groups.insert(text.to_owned())),
            Kind::Tenant => drop(self.tenants.insert(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::{Outcome, RunId, RunKind, Summary};
    use crate::store::fixtures::{directory_user, head, reference, stamp, store_with};

    fn filled() -> tempfile::TempDir {
        let (root, store) = store_with(4);
        store.cache.begin_full(RunId(1)).wait().unwrap();
        let users = (0..9).map(|n| directory_user(n, "Somebody")).collect();
        store.cache.append(users).wait().unwrap();
        store
            .cache
            .finish_full(reference(), head(1))
            .wait()
            .unwrap();
        for _ in 0..3 {
            let at = stamp(1).at;
            let run = store
                .history
                .begin(&RunKind::Sync, false, "k", at)
                .wait()
                .unwrap();
            store
                .history
                .close(run, &Outcome::Done, Summary::default(), at)
                .wait()
                .unwrap();
        }
        store
            .ledger
            .keep_draft("edit 1", Some("a draft".into()))
            .wait()
            .unwrap();
        store.close();
        root
    }

    #[test]
    fn what_is_taken_out_makes_the_same_files_again() {
        let root = filled();
        let asked = directory_user(7, "Somebody").user.id;
        let wanted = Wanted {
            people: BTreeSet::from([asked]),
            runs: 2,
        };
        let taken = extract(root.path(), &wanted).unwrap();
        let text = format!("{taken:?}");
        assert!(!text.contains("a draft"), "{text}");
        assert!(!text.contains("delta_link"), "{text}");
        let copy = tempfile::tempdir().unwrap();
        fill(copy.path(), &taken).unwrap();
        let (one, other) = (
            Store::open(root.path()).unwrap(),
            Store::open(copy.path()).unwrap(),
        );
        assert_eq!(other.notes(), [] as [&str; 0]);
        assert_eq!(
            one.ledger.load().wait().unwrap(),
            other.ledger.load().wait().unwrap()
        );
        assert_eq!(
            one.cache.user(asked).wait().unwrap(),
            other.cache.user(asked).wait().unwrap()
        );
        assert_eq!(
            one.cache.outline().wait().unwrap(),
            other.cache.outline().wait().unwrap()
        );
        // The four who are configured, and the one who was asked for.
        assert_eq!(other.cache.all_rows().wait().unwrap().len(), 5);
        let runs = other.history.list(9).wait().unwrap();
        assert_eq!(runs.iter().map(|run| run.id.0).collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn strange_tables_columns_rows_and_values_are_refused() {
        let good = extract(filled().path(), &Wanted::default()).unwrap();
        let spoil = |change: &dyn Fn(&mut Extract)| {
            let mut bad = good.clone();
            change(&mut bad);
            let dir = tempfile::tempdir().unwrap();
            fill(dir.path(), &bad).unwrap_err().to_string()
        };
        let error = spoil(&|bad| bad.ledger[0].name = "drafts".to_owned());
        assert!(
            error.contains("a table that this program does not know: drafts"),
            "{error}"
        );
        let error = spoil(&|bad| bad.ledger[0].name = "users; DROP TABLE audit".to_owned());
        assert!(
            error.contains("a table that this program does not know"),
            "{error}"
        );
        let error = spoil(&|bad| bad.ledger[0].columns[0] = "id) --".to_owned());
        assert!(
            error.contains("a column that this program does not know: id) --"),
            "{error}"
        );
        let error = spoil(&|bad| drop(bad.ledger[0].rows[0].pop()));
        assert!(error.contains("a row of users"), "{error}");
        let error = spoil(&|bad| bad.ledger[0].rows[0][1] = Cell::Id { id: "x".to_owned() });
        assert!(error.contains("an id"), "{error}");
        spoil(&|bad| bad.ledger[0].rows[0][0] = Cell::Text("one".to_owned()));
    }
}
