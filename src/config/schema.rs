//! The JSON schema of `config.toml`, for editors that complete and check by one. Which keys there are is the reader's matter: a test
//! holds both against each other. What the reader alone can know (that an identity exists, that a path is absolute) is not in it.

use serde_json::{Map, Value, json};

use crate::app::action::TABLE;

use super::file::{
    DEFAULTS_KEYS, ENDPOINT_KEYS, IDENTITY_KEYS, NAME_PATTERN, ROOT_KEYS, TENANT_KEYS,
};
use super::{Accent, AddUsers, Allow, CloudName, SignInWay, TokensKept, Words};

/// The schema.
pub fn schema() -> Value {
    let mut root = table(ROOT_KEYS, &root_key, &[]);
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["title"] = "Configuration of teamsconnector".into();
    root
}

/// A table with these keys and no others.
fn table(keys: &[&str], of: &dyn Fn(&str) -> Value, required: &[&str]) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| ((*key).to_owned(), of(key)))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Tables under names of the engineer's.
fn named(inner: &Value, about: &str) -> Value {
    json!({
        "type": "object",
        "description": about,
        "propertyNames": { "pattern": NAME_PATTERN, "maxLength": 64 },
        "additionalProperties": inner,
    })
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn truth(about: &str) -> Value {
    json!({ "type": "boolean", "description": about })
}

fn guid(about: &str) -> Value {
    json!({
        "type": "string",
        "description": about,
        "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    })
}

fn word<W: Words>(about: &str) -> Value {
    json!({ "enum": words::<W>(), "description": about })
}

fn words<W: Words>() -> Vec<&'static str> {
    W::ALL.iter().map(|(word, _)| *word).collect()
}

fn actions() -> Vec<&'static str> {
    TABLE.iter().map(|row| row.name).collect()
}

/// What the keys of an action may be.
fn keyboard(action: &str) -> Value {
    let Some(row) = TABLE.iter().find(|row| row.name == action) else {
        return json!({});
    };
    json!({
        "type": ["string", "array"],
        "items": { "type": "string" },
        "description": row.help,
        "default": row.keys,
    })
}

/// What a key at the top of the file may be.
fn root_key(key: &str) -> Value {
    match key {
        "defaults" => table(DEFAULTS_KEYS, &account_key, &[]),
        "identities" => named(
            &table(IDENTITY_KEYS, &account_key, &[]),
            "Accounts that work several tenants",
        ),
        "tenants" => {
            let mut tenant = table(TENANT_KEYS, &tenant_key, &["tenant_id"]);
            // Addresses go with a custom cloud, and a custom cloud with addresses.
            let custom =
                json!({ "properties": { "cloud": { "const": "custom" } }, "required": ["cloud"] });
            tenant["if"] = custom;
            tenant["then"] = json!({ "required": ["endpoints"] });
            tenant["else"] = json!({ "properties": { "endpoints": false } });
            named(&tenant, "The tenants")
        }
        "shared_dir" => text("The folder that a team on one host shares: the whole path"),
        "shared_group" => text("The group of the operating system that shares it: name or number"),
        "theme" => text("default, light, high-contrast, mono, or the name of a file in themes/"),
        "mouse" => truth("Whether the console asks for the mouse; true where nothing is said"),
        "bell" => truth(
            "Whether the end of a run of ten seconds or more rings the bell; false where nothing is said",
        ),
        "esc_wait" => json!({
            "type": "integer",
            "minimum": 10,
            "maximum": 60_000,
            "description": "Milliseconds after which a lone ESC is the key, and not the beginning of an arrow on a slow line; 100 where nothing is said",
        }),
        "keys" => table(&actions(), &keyboard, &[]),
        "extra_ca" => text("Certificates that are trusted beside those of the system"),
        _ => json!({}),
    }
}

/// What a key that an account and a tenant share may be.
fn account_key(key: &str) -> Value {
    match key {
        "client_id" => guid("The app registration: its application (client) id"),
        "sign_in" => word::<SignInWay>("How to sign in; device-code where nothing is said"),
        "secret_file" => text("File with the client secret, which only you can read"),
        "certificate_file" => {
            text("File with the certificate and its key, which only you can read")
        }
        _ => json!({}),
    }
}

/// What a key of a tenant may be.
fn tenant_key(key: &str) -> Value {
    match key {
        "tenant_id" => text("The tenant's id (a GUID), or one of its verified domains"),
        "name" => text("What screens show"),
        "accent" => word::<Accent>("The colour that tells this tenant's screen from others"),
        "domains" => json!({
            "type": "array",
            "items": { "type": "string" },
            "description": "Its verified domains, which --tenant takes too",
        }),
        "identity" => text("The account of [identities] that works it"),
        "cloud" => word::<CloudName>("Which cloud; global where nothing is said"),
        "group" => text("Only members of this group are offered"),
        "add_users" => word::<AddUsers>("From the picklist that a sync builds, or by hand only"),
        "read_only" => truth("Nothing is written to the tenant; true where nothing is said"),
        "allow" => json!({
            "type": "array",
            "items": { "enum": words::<Allow>() },
            "description": "What may be written; numbers where nothing is said",
        }),
        "require_ticket" => {
            truth("Nothing is written without a ticket; false where nothing is said")
        }
        "endpoints" => table(ENDPOINT_KEYS, &endpoint_key, &["login", "graph"]),
        "tokens" => {
            word::<TokensKept>("Where a person's sign-in is kept; file where nothing is said")
        }
        key => account_key(key),
    }
}

/// What a key of a custom cloud's addresses may be.
fn endpoint_key(key: &str) -> Value {
    let address =
        |about: &str| json!({ "type": "string", "pattern": "^https?://", "description": about });
    match key {
        "login" => address("Where tokens come from"),
        "graph" => address("Where Graph answers"),
        "teams_api" => {
            truth("Whether the Teams administration API is there; true where nothing is said")
        }
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml_edit::{Item, TableLike};

    const SAMPLE: &str = include_str!("../../assets/config.sample.toml");

    #[test]
    fn every_key_of_the_reader_is_described() {
        for (keys, of) in [
            (ROOT_KEYS, root_key as fn(&str) -> Value),
            (DEFAULTS_KEYS, account_key),
            (IDENTITY_KEYS, account_key),
            (TENANT_KEYS, tenant_key),
            (ENDPOINT_KEYS, endpoint_key),
        ] {
            for key in keys {
                let described = of(key);
                assert_ne!(described, json!({}), "{key} is not in the schema");
                let is_table = described["properties"].is_object();
                assert!(is_table || described["description"].is_string(), "{key}");
            }
            assert_eq!(of("nonsense"), json!({}));
        }
    }

    /// The part of the schema that a key of the file is held against.
    fn part<'a>(schema: &'a Value, key: &str) -> &'a Value {
        match &schema["properties"][key] {
            Value::Null => &schema["additionalProperties"],
            part => part,
        }
    }

    fn holds(schema: &Value, found: &dyn TableLike, path: &str) {
        for (key, item) in found.iter() {
            let path = format!("{path}.{key}");
            let part = part(schema, key);
            assert!(part.is_object(), "{path} is not in the schema");
            if let Some(inner) = item.as_table_like() {
                holds(part, inner, &path);
                continue;
            }
            let fits = |part: &Value, item: &Item| match (&part["enum"], item.as_str()) {
                (Value::Array(words), Some(word)) => words.contains(&word.into()),
                (_, Some(_)) => part["type"].to_string().contains("string"),
                (_, None) if part["type"] == "integer" => item
                    .as_integer()
                    .is_some_and(|n| part["minimum"].as_i64() <= Some(n)),
                (_, None) => item.as_bool().is_some() && part["type"] == "boolean",
            };
            let fine = match item.as_array() {
                Some(list) => list
                    .iter()
                    .all(|value| fits(&part["items"], &Item::Value(value.clone()))),
                None => fits(part, item),
            };
            assert!(fine, "{path}: {part}");
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(
                found.contains_key(required.as_str().unwrap()),
                "{path}: {required}"
            );
        }
    }

    #[test]
    fn the_sample_is_as_the_schema_says() {
        let sample = toml_edit::Document::parse(SAMPLE).unwrap();
        holds(&schema(), sample.as_table(), "");
    }

    #[test]
    fn words_are_those_of_the_reader() {
        let schema = schema();
        let tenant = &schema["properties"]["tenants"]["additionalProperties"];
        assert_eq!(
            tenant["properties"]["sign_in"]["enum"],
            json!(["device-code", "browser", "client-secret", "certificate"])
        );
        assert_eq!(tenant["additionalProperties"], json!(false));
        assert_eq!(tenant["required"], json!(["tenant_id"]));
    }
}
