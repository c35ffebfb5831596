//! A bundle that is opened again: its rows become files in a folder that is thrown away, and every screen shows them as it shows
//! a tenant's.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::domain::failure::{Failure, FailureKind};
use crate::record::bundle::{FORMAT, Manifest, VERSION};
use crate::store::extract::{self, Extract};

use super::archive::{self, BundleError};

/// Makes the files of an empty folder out of a bundle.
pub fn open(file: &Path, dir: &Path) -> Result<Manifest, Failure> {
    let refused = |why: String| {
        Failure::new(
            FailureKind::Config,
            format!("{} cannot be opened as a bundle", file.display()),
            why,
            "Nothing of it was kept. Ask for the bundle again: `teamsconnector bundle` makes one.",
        )
    };
    let parts = archive::read(file).map_err(|error| refused(error.to_string()))?;
    let (manifest, rows) = rows(&parts).map_err(|error| refused(error.to_string()))?;
    extract::fill(dir, &rows).map_err(|error| {
        // The folder is one that nobody knows.
        let shown = format!("{}/", dir.display());
        refused(error.to_string().replace(&shown, ""))
    })?;
    Ok(manifest)
}

fn rows(parts: &BTreeMap<String, Vec<u8>>) -> Result<(Manifest, Extract), BundleError> {
    let manifest: Manifest = part(parts, "manifest.json")?;
    if manifest.format != FORMAT {
        return Err(BundleError::Part {
            part: "manifest.json".to_owned(),
            why: "it is not a bundle of this program".to_owned(),
        });
    }
    if manifest.version > VERSION {
        return Err(BundleError::TooNew {
            found: manifest.version,
            known: VERSION,
        });
    }
    let rows = Extract {
        ledger: part(parts, "store/ledger.json")?,
        cache: part(parts, "store/cache.json")?,
        history: part(parts, "store/history.json")?,
    };
    Ok((manifest, rows))
}

fn part<T: DeserializeOwned>(
    parts: &BTreeMap<String, Vec<u8>>,
    name: &str,
) -> Result<T, BundleError> {
    let failed = |why: String| BundleError::Part {
        part: name.to_owned(),
        why,
    };
    let bytes = parts
        .get(name)
        .ok_or_else(|| failed("it is not there".to_owned()))?;
    serde_json::from_slice(bytes).map_err(|error| failed(error.to_string()))
}
