//! Users of the directory: the full read, reading some of them, finding one, and setting the usage location.

use std::borrow::Cow;

use serde_json::json;
use url::Url;

use crate::domain::country::Country;
use crate::domain::directory::DirectoryUser;
use crate::domain::guid::ObjectId;

use super::Client;
use super::body::{Inflater, readable};
use super::error::{DecodeError, GraphError};
use super::exchange::Answer;
use super::lean::Lean;
use super::page::Pages;
use super::refusal::markup;
use super::scopes;
use super::send::{Ask, EVENTUAL, PLAIN, body_text, quoted, unreadable};
use super::user_rows::{Record, UserRow};
use super::wire::{Soft, read_page, read_single};

/// What is asked of each user. `assignedPlans` is most of the bytes and is never left out: what licences and products alone would say
/// is untrue of a plan that was suspended, locked out or deleted (28 in 100 of the people whom the test `generator::lean` draws).
/// `signInActivity` must never be among it: it shrinks pages, and is refused without a premium plan.
pub(super) const SELECT: &str = "id,displayName,userPrincipalName,mail,proxyAddresses,accountEnabled,userType,department,usageLocation,assignedLicenses,assignedPlans,licenseAssignmentStates,onPremisesSyncEnabled";

pub(super) const NEEDS: &[&str] = &[scopes::USERS.name, "Directory.Read.All"];
const NEEDS_WRITE: &[&str] = &[scopes::USERS_WRITE.name, "Directory.ReadWrite.All"];

/// Graph takes that many terms in one `in (…)`.
const IDS_AT_ONCE: usize = 15;

/// A full read of the users, page by page.
#[derive(Debug)]
pub struct UserPages(Pages);

/// A page of a full read as it came. [`PackedPage::read`] is work for a thread of its own.
#[derive(Debug)]
pub struct PackedPage {
    answer: Answer,
    client: Client,
    path: String,
}

/// What the reading of pages needs beside them: had once for a whole read.
#[derive(Debug, Default)]
pub struct ReadingRoom {
    inflater: Inflater,
    reader: PageReader,
}

/// Where the page after one that was read is.
#[derive(Debug)]
pub struct NextPage(Option<Url>);

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
    /// The next page as it came; `None` after the last one. After an error the same page can be asked for again. What is
    /// given is to be read, and then followed.
    pub async fn fetch(&mut self) -> Result<Option<PackedPage>, GraphError> {
        let answer = self.0.fetch_packed().await?;
        Ok(answer.map(|answer| PackedPage {
            answer,
            client: self.0.client().clone(),
            path: self.0.path().to_owned(),
        }))
    }

    /// Goes on behind a page that was read.
    pub fn follow(&mut self, next: NextPage) {
        self.0.follow(next.0);
    }

    /// The next page, which may be empty; `None` after the last one. After an error the same page can be asked for again.
    pub async fn next(&mut self) -> Result<Option<UserPage>, GraphError> {
        let Some(packed) = self.fetch().await? else {
            return Ok(None);
        };
        let (page, next) = packed.read(&mut ReadingRoom::default())?;
        self.follow(next);
        Ok(Some(page))
    }
}

impl PackedPage {
    /// Inflates and reads the page.
    pub fn read(self, room: &mut ReadingRoom) -> Result<(UserPage, NextPage), GraphError> {
        let answer = &self.answer;
        let wrong = |why| unreadable(answer, &self.path, why);
        let ReadingRoom { inflater, reader } = room;
        let page = inflater
            .open(&answer.body, &answer.headers)
            .map_err(|why| unreadable(answer, &self.path, why))?;
        if let Some(error) = markup(answer, page, self.client.graph_host()) {
            return Err(error);
        }
        let (page, link) = reader.read(page).map_err(wrong)?;
        let next = link
            .map(|link| self.client.0.endpoints.checked(&link))
            .transpose()?;
        Ok((page, NextPage(next)))
    }
}

/// Reads the text of pages.
#[derive(Debug, Default)]
pub struct PageReader {
    lean: Lean,
    text: Vec<u8>,
}

impl PageReader {
    /// The page in an inflated body, and its link.
    pub fn read(&mut self, body: &[u8]) -> Result<(UserPage, Option<String>), DecodeError> {
        self.lean.copy(body, &mut self.text);
        self.text = readable(std::mem::take(&mut self.text));
        let text = std::str::from_utf8(&self.text).map_err(|_| DecodeError::Utf8)?;
        let page = read_page::<UserRow<'_>>(text)?;
        let count = match page.count {
            Soft::Is(count) => u64::try_from(count).ok(),
            _ => None,
        };
        let (users, nameless) = whole_users(page.items);
        let link = page.next.some().map(Cow::into_owned);
        let page = UserPage {
            users,
            count,
            flawed: page.dropped + nameless,
        };
        Ok((page, link))
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

#[cfg(test)]
mod tests {
    use super::super::testserver::{Said, Stage};
    use super::*;

    fn user(n: u8) -> String {
        format!(
            r#"{{"id":"00000000-0000-0000-0000-0000000000{n:02x}","displayName":"U{n}","userPrincipalName":"u{n}@contoso.com","accountEnabled":true,"assignedLicenses":[],"assignedPlans":[]}}"#
        )
    }

    fn id(n: u8) -> ObjectId {
        format!("00000000-0000-0000-0000-0000000000{n:02x}")
            .parse()
            .unwrap()
    }

    fn page(users: &[u8], rest: &str) -> Said {
        let users: Vec<String> = users.iter().copied().map(user).collect();
        Said::json(200, format!(r#"{{{rest}"value":[{}]}}"#, users.join(",")))
    }

    async fn all(mut pages: UserPages) -> Result<Vec<UserPage>, GraphError> {
        let mut all = Vec::new();
        while let Some(page) = pages.next().await? {
            all.push(page);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn pages_are_followed_with_their_headers() {
        let stage = Stage::new(|_, n| match n {
            0 => page(
                &[1, 2],
                r#""@odata.count":3,"@odata.nextLink":"{root}/v1.0/users?$skiptoken=a","#,
            ),
            1 => page(
                &[],
                r#""@odata.nextLink":"{root}/v1.0/users?$skiptoken=b","#,
            ),
            _ => page(&[3], ""),
        });
        let pages = all(stage.client.list_users()).await.unwrap();
        let ids: Vec<Vec<ObjectId>> = pages
            .iter()
            .map(|page| page.users.iter().map(|user| user.id).collect())
            .collect();
        assert_eq!(ids, [vec![id(1), id(2)], vec![], vec![id(3)]]);
        let counts: Vec<Option<u64>> = pages.iter().map(|page| page.count).collect();
        assert_eq!(counts, [Some(3), None, None]);
        let asked = stage.graph_requests();
        assert_eq!(
            asked[0].path,
            format!("/v1.0/users?$select={SELECT}&$top=999&$count=true")
        );
        assert_eq!(asked[2].path, "/v1.0/users?$skiptoken=b");
        for request in &asked {
            assert_eq!(request.header("consistencylevel"), Some("eventual"));
            assert_eq!(request.header("authorization"), Some("Bearer canary-1"));
        }
    }

    #[tokio::test]
    async fn the_page_behind_is_asked_for_while_a_page_still_comes_in() {
        // The first page ends only when the second has been asked for, and so on.
        let stage = Stage::new(|_, n| match n {
            0 => page(
                &[1],
                r#""@odata.nextLink":"{root}/v1.0/users?$skiptoken=a","#,
            )
            .held_from(r#""value""#),
            1 => page(
                &[2],
                r#""@odata.nextLink":"{root}/v1.0/users?$skiptoken=b","#,
            )
            .held_from(r#""value""#),
            _ => page(&[3], ""),
        });
        let pages = all(stage.client.list_users()).await.unwrap();
        let ids: Vec<ObjectId> = pages
            .iter()
            .flat_map(|page| page.users.iter().map(|user| user.id))
            .collect();
        assert_eq!(ids, [id(1), id(2), id(3)]);
        let asked = stage.graph_requests();
        assert_eq!(asked.len(), 3);
        for request in &asked {
            assert_eq!(request.header("consistencylevel"), Some("eventual"));
        }
    }

    #[tokio::test]
    async fn the_third_page_is_asked_for_before_the_first_is_read() {
        // The first page goes on long after the beginning of the second is here. The second ends when the third has been asked for.
        let long = " ".repeat(12 * 1024 * 1024);
        let stage = Stage::new(move |_, n| match n {
            0 => page(
                &[1],
                &format!(r#""@odata.nextLink":"{{root}}/v1.0/users?$skiptoken=a",{long}"#),
            )
            .held_from(" "),
            1 => page(
                &[2],
                r#""@odata.nextLink":"{root}/v1.0/users?$skiptoken=b","#,
            )
            .held_from(r#""value""#),
            _ => page(&[3], ""),
        });
        let mut pages = stage.client.list_users();
        let first = pages.fetch().await.unwrap().unwrap();
        let asked = async {
            while stage.graph_requests().len() < 3 {
                tokio::task::yield_now().await;
            }
        };
        let patience = std::time::Duration::from_secs(30);
        let is_asked = tokio::time::timeout(patience, asked).await.is_ok();
        assert!(is_asked, "{:?}", stage.graph_requests().len());
        let (page, next) = first.read(&mut ReadingRoom::default()).unwrap();
        assert_eq!(page.users[0].id, id(1));
        pages.follow(next);
        for n in [2, 3] {
            let page = pages.next().await.unwrap().unwrap();
            assert_eq!(page.users[0].id, id(n));
        }
        assert_eq!(stage.graph_requests().len(), 3, "none was asked for twice");
    }

    #[tokio::test]
    async fn a_page_that_failed_on_its_way_is_asked_for_again_in_its_turn() {
        let stage = Stage::new(|_, n| match n {
            0 => page(
                &[1],
                r#""@odata.nextLink":"{root}/v1.0/users?$skiptoken=a","#,
            )
            .held_from(r#""value""#),
            1 => Said::json(503, ""),
            2 => Said::json(429, "{}").with("Retry-After", "1"),
            _ => page(&[2], ""),
        });
        let pages = all(stage.client.list_users()).await.unwrap();
        assert_eq!(pages.len(), 2);
        assert_eq!(stage.graph_requests().len(), 4);
    }

    #[tokio::test]
    async fn paging_ends_even_if_the_server_does_not() {
        for (first, second) in [("a", "a"), ("a", "b")] {
            let stage = Stage::new(move |_, n| {
                let link = if n % 2 == 0 { first } else { second };
                page(
                    &[],
                    &format!(r#""@odata.nextLink":"{{root}}/v1.0/users?$skiptoken={link}","#),
                )
            });
            let error = all(stage.client.list_users()).await.unwrap_err();
            assert!(
                matches!(
                    error,
                    GraphError::Endless {
                        why: "a link came twice",
                        ..
                    }
                ),
                "{error:?}"
            );
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_to_a_foreign_link() {
        for link in [
            "https://evil.example/v1.0/users",
            "http://127.0.0.1:1/v1.0/users",
            "{root}@evil.example/",
            "",
        ] {
            let stage =
                Stage::new(move |_, _| page(&[1], &format!(r#""@odata.nextLink":"{link}","#)));
            let error = all(stage.client.list_users()).await.unwrap_err();
            assert!(matches!(error, GraphError::Hostile { .. }), "{error:?}");
            assert_eq!(stage.graph_requests().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_failed_page_can_be_asked_for_again() {
        let stage = Stage::new(|_, n| match n {
            0 => page(
                &[1],
                r#""@odata.nextLink":"{root}/v1.0/users?$skiptoken=a","#,
            ),
            1 => Said::json(403, "{}"),
            _ => page(&[2], ""),
        });
        let mut pages = stage.client.list_users();
        assert_eq!(pages.next().await.unwrap().unwrap().users[0].id, id(1));
        assert!(pages.next().await.is_err());
        assert_eq!(pages.next().await.unwrap().unwrap().users[0].id, id(2));
        assert_eq!(pages.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn records_of_nobody_are_counted() {
        let stage = Stage::new(|_, _| {
            let broken = r#"{"id":"no guid","displayName":"x"},{"displayName":"y"},7"#;
            Said::json(200, format!(r#"{{"value":[{},{broken}]}}"#, user(1)))
        });
        let page = stage.client.list_users().next().await.unwrap().unwrap();
        assert_eq!((page.users.len(), page.flawed), (1, 3));
        assert_eq!(page.users[0].flaw, None);
    }

    #[tokio::test]
    async fn users_are_read_fifteen_at_a_time() {
        let stage = Stage::new(|_, n| page(&[u8::try_from(n).unwrap()], ""));
        let ids: Vec<ObjectId> = (0..16).map(id).collect();
        let users = stage.client.users_by_id(&ids).await.unwrap();
        assert_eq!(users.len(), 2);
        let asked = stage.graph_requests();
        assert_eq!(asked.len(), 2);
        assert!(
            asked[1]
                .path
                .ends_with("&$filter=id%20in%20(%2700000000-0000-0000-0000-00000000000f%27)"),
            "{}",
            asked[1].path
        );
    }

    #[tokio::test]
    async fn a_user_is_found_by_name_mail_or_address() {
        let stage = Stage::new(|request, _| {
            if request.path.contains("$filter=proxyAddresses") {
                page(&[9], "")
            } else if request.path.contains("$filter=") {
                page(&[], "")
            } else {
                Said::json(404, r#"{"error":{"code":"Request_ResourceNotFound"}}"#)
            }
        });
        let found = stage.client.find_user("o'b@contoso.com").await.unwrap();
        assert_eq!(found.map(|user| user.id), Some(id(9)));
        let paths: Vec<String> = stage
            .graph_requests()
            .into_iter()
            .map(|request| request.path.replace(SELECT, "S"))
            .collect();
        assert_eq!(
            paths,
            [
                "/v1.0/users/o'b@contoso.com?$select=S",
                "/v1.0/users?$select=S&$filter=mail%20eq%20%27o%27%27b@contoso.com%27",
                "/v1.0/users?$select=S&$filter=proxyAddresses/any(p:p%20eq%20%27smtp:o%27%27b@contoso.com%27)",
            ]
        );
    }

    #[tokio::test]
    async fn two_users_with_one_mail_are_not_chosen_from() {
        let stage = Stage::new(|request, _| {
            if request.path.contains("$filter=") {
                page(&[1, 2], "")
            } else {
                Said::json(404, "{}")
            }
        });
        let error = stage.client.find_user("a@contoso.com").await.unwrap_err();
        assert_eq!(error.to_string(), "2 users have the address a@contoso.com");
    }

    #[tokio::test]
    async fn the_location_is_patched() {
        let stage = Stage::new(|_, _| Said::bytes(204, "text/plain", Vec::new()));
        let country = Country::from_tenant("GB").unwrap();
        stage
            .client
            .set_usage_location(id(1), country)
            .await
            .unwrap();
        let asked = stage.graph_requests();
        assert_eq!(asked[0].method, "PATCH");
        assert_eq!(asked[0].body, r#"{"usageLocation":"GB"}"#);
    }
}
