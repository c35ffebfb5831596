//! `paths`: where files are kept. Opens none of them.

use super::args::Global;
use super::exit::Exit;
use super::open::places;
use super::print;

pub(super) fn run(global: &Global) -> anyhow::Result<Exit> {
    let places = places(global)?;
    let rows = [
        ("config", places.config_file()),
        ("tenants", places.tenant_dir("NAME")),
        ("logs", places.logs()),
        ("crash", places.crash()),
        ("demo", places.demo()),
    ];
    if global.json {
        let mut object = serde_json::Map::new();
        object.insert("schema_version".to_owned(), 1.into());
        for (name, path) in &rows {
            object.insert((*name).to_owned(), path.display().to_string().into());
        }
        print::data(&serde_json::to_string_pretty(&object)?)?;
        return Ok(Exit::Done);
    }
    for (name, path) in &rows {
        print::data(&format!("{name:<8} {}", path.display()))?;
    }
    Ok(Exit::Done)
}
