//! Users of the directory: the full read, reading some of them, finding one, and setting the usage location.

use serde_json::json;

use crate::domain::country::Country;
use crate::domain::directory::DirectoryUser;
use crate::domain::guid::ObjectId;

use super::Client;
use super::error::GraphError;
use super::page::Pages;
use super::partial::{Record, UserRow};
use super::send::{Ask, EVENTUAL, PLAIN, body_text, quoted, unreadable};
use super::wire::{Soft, read_single};

/// What is asked of each user. `signInActivity` must never be among it: it shrinks pages, and is refused without a premium plan.
pub(super) const SELECT: &str = "id,displayName,userPrincipalName,mail,proxyAddresses,accountEnabled,userType,department,usageLocation,assignedLicenses,assignedPlans,licenseAssignmentStates,onPremisesSyncEnabled";

pub(super) const NEEDS: &[&str] = &["User.Read.All", "Directory.Read.All"];
const NEEDS_WRITE: &[&str] = &["User.ReadWrite.All", "Directory.ReadWrite.All"];

/// Graph takes that many terms in one `in (…)`.
const IDS_AT_ONCE: usize = 15;

/// A full read of the users, page by page.
#[derive(Debug)]
pub struct UserPages(Pages);

/// One page of a full read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPage {
    /// The users; those with something wrong say so in `flaw`.
    pub users: Vec<DirectoryUser>,
    /// How many users there are in all; on the first page alone.
    pub count: Option<u64>,
    /// Records that were dropped, since they have no id that can be read.
    pub flawed: u32,
}

impl UserPages {
    /// The next page, which may be empty; `None` after the last one. After an error the same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<UserPage>, GraphError> {
        let Some(answer) = self.0.fetch().await? else {
            return Ok(None);
        };
        let page = self.0.read::<UserRow<'_>>(&answer)?;
        let count = match page.count {
            Soft::Is(count) => u64::try_from(count).ok(),
            _ => None,
        };
        let (users, nameless) = whole_users(page.items);
        Ok(Some(UserPage {
            users,
            count,
            flawed: page.dropped + nameless,
        }))
    }
}

/// The users of a page, and how many records are nobody's.
fn whole_users(rows: Vec<UserRow<'_>>) -> (Vec<DirectoryUser>, u32) {
    let mut nameless = 0;
    let mut users = Vec::with_capacity(rows.len());
    for row in rows {
        match row.read() {
            Record::User(user) => users.push(user.merged(None)),
            Record::Removed(_) => {}
            Record::Nameless => nameless += 1,
        }
    }
    (users, nameless)
}

impl Client {
    /// A full read of all users.
    pub fn list_users(&self) -> UserPages {
        let query = [("$select", SELECT), ("$top", "999"), ("$count", "true")];
        // Without this header the count is left out silently.
        let ask = Ask::get(self.url(&["users"], &query), EVENTUAL, NEEDS);
        UserPages(Pages::new(self, ask))
    }

    /// Reads these users. One that is not there is not among the answers.
    pub async fn users_by_id(&self, ids: &[ObjectId]) -> Result<Vec<DirectoryUser>, GraphError> {
        let mut users = Vec::with_capacity(ids.len());
        for some in ids.chunks(IDS_AT_ONCE) {
            let list: Vec<String> = some.iter().map(|id| quoted(&id.to_string())).collect();
            let filter = format!("id in ({})", list.join(","));
            users.extend(self.users_where(&filter).await?);
        }
        Ok(users)
    }

    /// Finds a user by object id, sign-in name, mail or other address, in this order.
    pub async fn find_user(&self, text: &str) -> Result<Option<DirectoryUser>, GraphError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.parse::<ObjectId>().is_ok() {
            return self.user_at(text).await;
        }
        let quoted_text = quoted(text);
        // Names with `#` or a leading `$` do not survive in a path, whatever the encoding.
        let found = if text.contains(['#', '/', '\\']) || text.starts_with('$') {
            let filter = format!("userPrincipalName eq {quoted_text}");
            self.only_user_where(&filter, text).await?
        } else {
            self.user_at(text).await?
        };
        if found.is_some() {
            return Ok(found);
        }
        let by_mail = format!("mail eq {quoted_text}");
        if let Some(user) = self.only_user_where(&by_mail, text).await? {
            return Ok(Some(user));
        }
        let by_address = format!(
            "proxyAddresses/any(p:p eq {})",
            quoted(&format!("smtp:{text}"))
        );
        self.only_user_where(&by_address, text).await
    }

    async fn user_at(&self, name: &str) -> Result<Option<DirectoryUser>, GraphError> {
        let ask = Ask::get(
            self.url(&["users", name], &[("$select", SELECT)]),
            PLAIN,
            NEEDS,
        );
        let answer = match self.send(&ask).await {
            Ok(answer) => answer,
            Err(GraphError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let path = ask.url.path();
        let row = read_single::<UserRow<'_>>(body_text(&answer, path)?)
            .map_err(|why| unreadable(&answer, path, why))?;
        Ok(whole_users(vec![row]).0.pop())
    }

    async fn only_user_where(
        &self,
        filter: &str,
        what: &str,
    ) -> Result<Option<DirectoryUser>, GraphError> {
        let mut users = self.users_where(filter).await?;
        if users.len() > 1 {
            return Err(GraphError::Ambiguous {
                what: what.to_owned(),
                count: users.len(),
            });
        }
        Ok(users.pop())
    }

    async fn users_where(&self, filter: &str) -> Result<Vec<DirectoryUser>, GraphError> {
        let query = [("$select", SELECT), ("$filter", filter)];
        let ask = Ask::get(self.url(&["users"], &query), PLAIN, NEEDS);
        let mut pages = UserPages(Pages::new(self, ask));
        let mut users = Vec::new();
        while let Some(page) = pages.next().await? {
            users.extend(page.users);
        }
        Ok(users)
    }

    /// Writes the usage location. Teams and licensing may take an hour to see it.
    pub async fn set_usage_location(
        &self,
        id: ObjectId,
        country: Country,
    ) -> Result<(), GraphError> {
        let ask = Ask::patch(
            self.url(&["users", &id.to_string()], &[]),
            json!({ "usageLocation": country.as_str() }),
            NEEDS_WRITE,
        );
        self.send(&ask).await.map(drop)
    }
}
