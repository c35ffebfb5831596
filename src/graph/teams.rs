//! Teams administration: users as Teams sees them, the inventory of numbers, and assigning a number.
//!
//! This API lags the directory by minutes to hours, and assigning is a long-running operation: accepted is not done.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde_json::json;
use url::Url;

use crate::domain::directory::{NumberType, TeamsUser, TenantNumber};
use crate::domain::guid::ObjectId;
use crate::domain::lists::{NumberFilling, TeamsFilling, TeamsUsers, TenantNumbers};
use crate::domain::phone::PhoneNumber;

use super::Client;
use super::error::{DecodeError, GraphError};
use super::page::Pages;
use super::retry::Resend;
use super::scopes;
use super::send::{Ask, UNKNOWN_ENUMS, body_text, quoted, unreadable, untold};
use super::teams_rows::{NumberRow, OperationRow, TeamsUserRow};
use super::wire::read_single;

const NEEDS_USERS: &[&str] = &[scopes::TEAMS.name];
const NEEDS_NUMBERS: &[&str] = &[scopes::NUMBERS.name];
const NEEDS_WRITE: &[&str] = &[scopes::NUMBERS_WRITE.name];

const USERS: [&str; 3] = ["admin", "teams", "userConfigurations"];
const NUMBERS: [&str; 4] = [
    "admin",
    "teams",
    "telephoneNumberManagement",
    "numberAssignments",
];

/// The default page size of the older backend, which gave no links: a page that is shorter is the last one.
const FULL_PAGE: usize = 500;

/// How the rows of the first list are called where they are counted.
pub const TEAMS_USERS: &str = "Teams users";

/// How the rows of the second one are.
pub const TENANT_NUMBERS: &str = "numbers";

/// An assignment or release that Graph has accepted: the address that tells how it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation(String);

impl Operation {
    /// An operation as it was kept. Whether it leads to Graph is checked again when it is used.
    pub fn from_stored(text: String) -> Result<Self, url::ParseError> {
        Url::parse(&text)?;
        Ok(Self(text))
    }

    /// Its address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How an operation goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationState {
    /// Not yet decided.
    Running,
    /// Done. Teams may show it later.
    Succeeded,
    /// Refused.
    Failed {
        /// Teams' own words.
        detail: String,
    },
}

impl Client {
    /// All users as Teams sees them.
    pub async fn teams_users(&self) -> Result<TeamsUsers, GraphError> {
        let ask = self.teams_ask(&USERS, &[("$top", "999")], NEEDS_USERS)?;
        let mut pages = Pages::new(self, ask);
        let mut users = TeamsFilling::default();
        let mut dropped = 0;
        while let Some(answer) = pages.fetch().await? {
            let page = pages.read::<TeamsUserRow<'_>>(&answer)?;
            dropped += page.dropped;
            for row in page.items {
                match row.read() {
                    Some(user) => users.push(user),
                    None => dropped += 1,
                }
            }
            self.tell_rows(TEAMS_USERS, users.len());
        }
        let users = users.sorted();
        if dropped > 0 {
            tracing::warn!(dropped, "Teams users without a readable id were dropped");
        }
        Ok(users)
    }

    /// One user as Teams sees it; `None` when Teams does not know the user (yet).
    pub async fn teams_user(&self, id: ObjectId) -> Result<Option<TeamsUser>, GraphError> {
        self.teams_user_by(id, Resend::Idempotent).await
    }

    /// The same in one request at most: for a person who waits, and whom an older answer serves too.
    pub async fn teams_user_at_once(&self, id: ObjectId) -> Result<Option<TeamsUser>, GraphError> {
        self.teams_user_by(id, Resend::Never).await
    }

    async fn teams_user_by(
        &self,
        id: ObjectId,
        resend: Resend,
    ) -> Result<Option<TeamsUser>, GraphError> {
        let id = id.to_string();
        let segments = [USERS.as_slice(), &[id.as_str()]].concat();
        let ask = Ask {
            resend,
            ..self.teams_ask(&segments, &[], NEEDS_USERS)?
        };
        let answer = match self.send(&ask).await {
            Ok(answer) => answer,
            Err(GraphError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let path = ask.url.path();
        let row = read_single::<TeamsUserRow<'_>>(body_text(&answer, path)?)
            .map_err(|why| unreadable(&answer, path, why))?;
        Ok(row.read())
    }

    /// The tenant's inventory of numbers, each once.
    pub async fn numbers(&self) -> Result<TenantNumbers, GraphError> {
        let mut numbers = NumberFilling::default();
        self.read_numbers(&[("$top", "1000")], |number| numbers.push(number))
            .await?;
        Ok(numbers.sorted().each_once())
    }

    /// The numbers that a user holds.
    pub async fn numbers_of(&self, id: ObjectId) -> Result<Vec<TenantNumber>, GraphError> {
        let filter = format!("assignmentTargetId eq {}", quoted(&id.to_string()));
        let mut numbers = self.numbers_from(&[("$filter", &filter)]).await?;
        numbers.retain(|number| number.target == Some(id));
        Ok(numbers)
    }

    /// One number of the inventory.
    pub async fn number(&self, number: &PhoneNumber) -> Result<Option<TenantNumber>, GraphError> {
        let filter = format!("telephoneNumber eq {}", quoted(number.as_str()));
        let numbers = self.numbers_from(&[("$filter", &filter)]).await?;
        Ok(numbers.into_iter().find(|found| found.number == *number))
    }

    /// A few numbers, each once.
    async fn numbers_from(&self, query: &[(&str, &str)]) -> Result<Vec<TenantNumber>, GraphError> {
        let mut numbers: Vec<TenantNumber> = Vec::new();
        self.read_numbers(query, |number| {
            if numbers.iter().all(|known| known.number != number.number) {
                numbers.push(number);
            }
        })
        .await?;
        Ok(numbers)
    }

    /// Follows links where there are any; where there are none, goes on by offset until a page is short or brings nothing new.
    async fn read_numbers(
        &self,
        query: &[(&str, &str)],
        mut take: impl FnMut(TenantNumber) + Send,
    ) -> Result<(), GraphError> {
        // Their hashes alone: whether a page brings anything new is all that hangs on them.
        let (mut seen, hashes) = (HashSet::new(), RandomState::new());
        let mut rows = 0;
        loop {
            let skip = rows.to_string();
            let mut query = query.to_vec();
            if rows > 0 {
                query.push(("$skip", &skip));
            }
            let ask = self.teams_ask(&NUMBERS, &query, NEEDS_NUMBERS)?;
            let mut pages = Pages::new(self, ask);
            let (mut page_count, mut page_rows, mut is_new) = (0, 0, false);
            while let Some(answer) = pages.fetch().await? {
                let page = pages.read::<NumberRow<'_>>(&answer)?;
                page_count += 1;
                page_rows += page.items.len() + page.dropped as usize;
                for row in page.items {
                    let Some(number) = row.read() else {
                        tracing::warn!("a number that cannot be read was dropped");
                        continue;
                    };
                    is_new |= seen.insert(hashes.hash_one(&number.number));
                    take(number);
                }
                self.tell_rows(TENANT_NUMBERS, seen.len());
            }
            rows += page_rows;
            if page_count > 1 || page_rows < FULL_PAGE || !is_new {
                return Ok(());
            }
        }
    }

    /// Asks Teams to give a number to a user, as its primary one.
    pub async fn assign_number(
        &self,
        number: &PhoneNumber,
        to: ObjectId,
        kind: NumberType,
    ) -> Result<Operation, GraphError> {
        let body = json!({
            "telephoneNumber": number.as_str(),
            "assignmentTargetId": to.to_string(),
            "numberType": kind.as_str(),
            "assignmentCategory": "primary",
        });
        self.number_action("assignNumber", body).await
    }

    /// Asks Teams to take a number from whoever holds it.
    pub async fn unassign_number(
        &self,
        number: &PhoneNumber,
        kind: NumberType,
    ) -> Result<Operation, GraphError> {
        let body = json!({
            "telephoneNumber": number.as_str(),
            "numberType": kind.as_str(),
        });
        self.number_action("unassignNumber", body).await
    }

    async fn number_action(
        &self,
        action: &str,
        body: serde_json::Value,
    ) -> Result<Operation, GraphError> {
        self.check_teams_api()?;
        let segments = [NUMBERS.as_slice(), &[action]].concat();
        let ask = Ask::post(self.url(&segments, &[]), body, NEEDS_WRITE);
        let answer = self.send(&ask).await?;
        // From here on the write is accepted: without an address to ask, reading has to tell how it went.
        let no_address = || {
            untold(
                &answer,
                ask.url.path(),
                DecodeError::Missing("a Location that leads to Graph"),
            )
        };
        let location = answer.header("location").ok_or_else(no_address)?;
        let location = ask.url.join(location).map_err(|_| no_address())?;
        match self.0.endpoints.checked(location.as_str()) {
            Ok(url) => Ok(Operation(url.into())),
            Err(_) => Err(no_address()),
        }
    }

    /// How an accepted operation goes.
    pub async fn operation(&self, operation: &Operation) -> Result<OperationState, GraphError> {
        let url = self.0.endpoints.checked(&operation.0)?;
        let ask = Ask::get(url, UNKNOWN_ENUMS, NEEDS_NUMBERS);
        let answer = self.send(&ask).await?;
        let path = ask.url.path();
        read_single::<OperationRow<'_>>(body_text(&answer, path)?)
            .and_then(OperationRow::read)
            .map_err(|why| unreadable(&answer, path, why))
    }

    fn teams_ask(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
        needs: &'static [&'static str],
    ) -> Result<Ask, GraphError> {
        self.check_teams_api()?;
        Ok(Ask::get(self.url(segments, query), UNKNOWN_ENUMS, needs))
    }

    fn check_teams_api(&self) -> Result<(), GraphError> {
        if self.0.endpoints.teams_api {
            Ok(())
        } else {
            Err(GraphError::NoTeamsApi)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testserver::{Said, Seen, Stage};
    use super::*;

    /// Rows of the numbers from `first`, `count` of them.
    fn rows(first: usize, count: usize) -> Said {
        let rows: Vec<String> = (first..first + count)
            .map(|n| format!(r#"{{"telephoneNumber":"+4412350{n:05}"}}"#))
            .collect();
        Said::json(200, format!(r#"{{"value":[{}]}}"#, rows.join(",")))
    }

    fn skipped(request: &Seen) -> usize {
        request
            .path
            .split_once("$skip=")
            .map_or(0, |(_, n)| n.parse().unwrap())
    }

    #[tokio::test]
    async fn without_links_numbers_are_read_by_offset() {
        let stage = Stage::new(|request, _| match skipped(request) {
            0 => rows(0, 1000),
            1000 => rows(900, 600),
            _ => rows(0, 3),
        });
        let numbers = stage.client.numbers().await.unwrap();
        assert_eq!(numbers.len(), 1500);
        let paths: Vec<usize> = stage.graph_requests().iter().map(skipped).collect();
        assert_eq!(paths, [0, 1000, 1600]);
        assert_eq!(
            stage.graph_requests()[0].header("prefer"),
            Some("include-unknown-enum-members")
        );
    }

    #[tokio::test]
    async fn a_backend_that_ignores_the_offset_does_not_loop() {
        let stage = Stage::new(|_, _| rows(0, 1000));
        assert_eq!(stage.client.numbers().await.unwrap().len(), 1000);
        assert_eq!(stage.graph_requests().len(), 2);
    }

    #[tokio::test]
    async fn with_links_no_offset_is_tried() {
        let stage = Stage::new(|_, n| match n {
            0 => Said::json(
                200,
                r#"{"value":[{"telephoneNumber":"+44123501"}],"@odata.nextLink":"{root}/v1.0/x?$skiptoken=1"}"#,
            ),
            _ => rows(1, 700),
        });
        assert_eq!(stage.client.numbers().await.unwrap().len(), 701);
        assert_eq!(stage.graph_requests().len(), 2);
    }

    #[tokio::test]
    async fn a_plus_survives_the_filter() {
        let stage = Stage::new(|_, _| rows(7, 1));
        let number = PhoneNumber::from_tenant("+441235000007").unwrap();
        let found = stage.client.number(&number).await.unwrap();
        assert_eq!(found.map(|found| found.number), Some(number));
        assert_eq!(
            stage.graph_requests()[0].path,
            "/v1.0/admin/teams/telephoneNumberManagement/numberAssignments?$filter=telephoneNumber%20eq%20%27%2B441235000007%27"
        );
    }

    #[tokio::test]
    async fn what_is_posted() {
        let stage = Stage::new(|_, _| {
            Said::json(202, "").with("Location", "/v1.0/admin/teams/operations('o')")
        });
        let number = PhoneNumber::from_tenant("+441235123465").unwrap();
        let to = "00000000-0000-0000-0000-000000000001".parse().unwrap();
        stage
            .client
            .assign_number(&number, to, NumberType::DirectRouting)
            .await
            .unwrap();
        let operation = stage
            .client
            .unassign_number(&number, NumberType::CallingPlan)
            .await
            .unwrap();
        assert_eq!(
            operation.as_str(),
            format!("{}/v1.0/admin/teams/operations('o')", stage.root)
        );
        let asked = stage.graph_requests();
        assert!(asked[0].path.ends_with("/numberAssignments/assignNumber"));
        assert_eq!(
            asked[0].body,
            r#"{"assignmentCategory":"primary","assignmentTargetId":"00000000-0000-0000-0000-000000000001","numberType":"directRouting","telephoneNumber":"+441235123465"}"#
        );
        assert!(asked[1].path.ends_with("/numberAssignments/unassignNumber"));
        assert_eq!(
            asked[1].body,
            r#"{"numberType":"callingPlan","telephoneNumber":"+441235123465"}"#
        );
    }

    #[tokio::test]
    async fn a_stored_operation_is_checked_again() {
        let stage = Stage::new(|_, _| Said::json(200, r#"{"value":{"status":"succeeded"}}"#));
        let ours = Operation::from_stored(format!("{}/v1.0/o", stage.root)).unwrap();
        assert_eq!(
            stage.client.operation(&ours).await.unwrap(),
            OperationState::Succeeded
        );
        let foreign = Operation::from_stored("https://evil.example/o".to_owned()).unwrap();
        assert!(matches!(
            stage.client.operation(&foreign).await,
            Err(GraphError::Hostile { .. })
        ));
        assert_eq!(stage.graph_requests().len(), 1);
        assert!(Operation::from_stored("o1".to_owned()).is_err());
    }

    #[tokio::test]
    async fn a_user_that_teams_does_not_know() {
        let stage = Stage::new(|_, _| {
            Said::json(
                404,
                r#"{"error":{"code":"UnknownError","message":"{\"code\":\"NotFound\"}"}}"#,
            )
        });
        let id = "00000000-0000-0000-0000-000000000001".parse().unwrap();
        assert_eq!(stage.client.teams_user(id).await.unwrap(), None);
    }
}
