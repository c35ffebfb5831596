//! Settings of the tenant: what the console's form and a repair ask for, carried out over ledger and configuration.

use std::path::PathBuf;
use std::sync::Mutex;

use crate::app::effect::SettingsChange;
use crate::app::event::{LedgerEvent, RequestId, What};
use crate::config::edit;
use crate::domain::failure::Failure;
use crate::domain::settings::Selection;
use crate::ops::settings;

use super::perform::Shared;

/// Group and mode of the tenant, and the file in which they stand.
#[derive(Debug)]
pub struct Choices {
    now: Mutex<Selection>,
    /// The configuration and the tenant's name in it; the demo has none, and keeps them until it ends.
    file: Option<(PathBuf, String)>,
}

impl Choices {
    /// What is set when the console starts.
    pub fn new(now: Selection, file: Option<(PathBuf, String)>) -> Self {
        Self {
            now: Mutex::new(now),
            file,
        }
    }

    fn known(&self) -> Selection {
        self.now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    fn learn(&self, selection: &Selection) {
        let mut now = self
            .now
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        now.clone_from(selection);
    }

    /// What the file says now: somebody may have changed it beside this console. One that cannot be read changes nothing.
    fn read(&self) -> Selection {
        let there = self
            .file
            .as_ref()
            .and_then(|(path, tenant)| edit::selection(path, tenant).ok().flatten());
        there.unwrap_or_else(|| self.known())
    }

    fn write(&self, wanted: &Selection) -> Result<(), Failure> {
        if let Some((path, tenant)) = &self.file {
            edit::keep_selection(path, tenant, wanted).map_err(|error| error.failure())
        } else {
            self.learn(wanted);
            Ok(())
        }
    }
}

impl Shared {
    /// Group and mode for a run that begins now; the screen is told when they are others than it knows.
    pub(super) async fn selection(&self) -> Selection {
        let now = self.choices.read();
        if now != self.choices.known() {
            self.choices.learn(&now);
            self.send(What::Ledger(LedgerEvent::Selection(now.clone())))
                .await;
        }
        now
    }

    /// Carries out a change of the settings.
    pub(super) async fn settle_settings(&self, change: SettingsChange) -> Result<String, Failure> {
        let before = self.choices.read();
        let write = |wanted: &Selection| self.choices.write(wanted);
        let (store, stamp) = (&self.store, self.stamp());
        let done = match change {
            SettingsChange::All(wanted) => {
                settings::save(store, (&before, &wanted), write, stamp).await
            }
            SettingsChange::Group(group) => {
                settings::set_group(store, &before, group, write, stamp).await
            }
        };
        let now = self.choices.read();
        self.choices.learn(&now);
        self.send(What::Ledger(LedgerEvent::Selection(now))).await;
        done
    }

    /// The same, answered.
    pub(super) async fn change_settings(
        self: std::sync::Arc<Self>,
        req: RequestId,
        change: SettingsChange,
    ) {
        let done = self.settle_settings(change).await;
        self.answer(req, done).await;
    }
}
