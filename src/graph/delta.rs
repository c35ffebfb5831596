//! What has changed since a point in time that Graph remembers for about a week.

use crate::domain::guid::ObjectId;

use super::Client;
use super::error::{GraphError, Reply};
use super::page::Pages;
use super::partial::PartialUser;
use super::send::{Ask, PLAIN};
use super::user_rows::{Record, UserRow};
use super::users::{NEEDS, SELECT};
use super::wire::Soft;

/// Where to ask for changes. All query options are baked into it; only Graph can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeltaLink(String);

impl DeltaLink {
    /// A link as it was kept. Whether it leads to Graph is checked when it is used.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The link.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One change of a user. The same user may come several times, and an old change may come again: the last one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserDelta {
    /// Deleted, restorable or for good.
    Removed(ObjectId),
    /// New, restored or changed.
    Changed(PartialUser),
}

/// A page of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes, in no order.
    pub changes: Vec<UserDelta>,
    /// Where to ask next time; on the last page alone.
    pub delta_link: Option<DeltaLink>,
}

/// A reading of changes, page by page.
#[derive(Debug)]
pub struct ChangePages {
    client: Client,
    /// The reading, or the stored link that does not lead to Graph.
    pages: Result<Pages, String>,
}

impl ChangePages {
    /// The next page; `None` after the last one. [`GraphError::Gone`] means that a full read is due.
    pub async fn next(&mut self) -> Result<Option<ChangePage>, GraphError> {
        let pages = match &mut self.pages {
            Ok(pages) => pages,
            Err(link) => return Err(self.client.0.endpoints.hostile(link)),
        };
        let Some(answer) = pages.fetch().await.map_err(gone)? else {
            return Ok(None);
        };
        let page = pages.read::<UserRow<'_>>(&answer)?;
        let delta_link = match &page.delta {
            Soft::Is(link) => {
                self.client.0.endpoints.checked(link)?;
                Some(DeltaLink(link.clone().into_owned()))
            }
            _ => None,
        };
        let mut changes = Vec::with_capacity(page.items.len());
        let mut nameless = page.dropped;
        for row in page.items {
            match row.read() {
                Record::Removed(id) => changes.push(UserDelta::Removed(id)),
                Record::User(user) => changes.push(UserDelta::Changed(*user)),
                Record::Nameless => nameless += 1,
            }
        }
        if nameless > 0 {
            tracing::warn!(nameless, "changes without a readable id were dropped");
        }
        Ok(Some(ChangePage {
            changes,
            delta_link,
        }))
    }
}

impl Client {
    /// A link from which changes count from now on.
    pub async fn delta_link_now(&self) -> Result<DeltaLink, GraphError> {
        let query = [("$select", SELECT), ("$deltatoken", "latest")];
        let ask = Ask::get(self.url(&["users", "delta"], &query), PLAIN, NEEDS);
        let path = ask.url.path().to_owned();
        let mut pages = ChangePages {
            client: self.clone(),
            pages: Ok(Pages::new(self, ask)),
        };
        while let Some(page) = pages.next().await? {
            if let Some(link) = page.delta_link {
                return Ok(link);
            }
        }
        Err(GraphError::Decode {
            path,
            why: super::error::DecodeError::Missing("@odata.deltaLink"),
            accepted: false,
            request_id: String::new(),
        })
    }

    /// What has changed since the link was given.
    pub fn changed_users(&self, since: &DeltaLink) -> ChangePages {
        let pages = self
            .0
            .endpoints
            .checked(&since.0)
            .map(|url| Pages::new(self, Ask::get(url, PLAIN, NEEDS)))
            .map_err(|_| since.0.clone());
        ChangePages {
            client: self.clone(),
            pages,
        }
    }
}

/// Graph refuses an old link in three ways; all of them mean the same.
fn gone(error: GraphError) -> GraphError {
    let is_gone = |reply: &Reply| {
        let word = |code: &str| reply.code.eq_ignore_ascii_case(code);
        reply.status == 410
            || [
                "resyncRequired",
                "syncStateNotFound",
                "resyncApplyDifferences",
                "resyncUploadDifferences",
            ]
            .into_iter()
            .any(word)
            || (reply.status == 400 && word("Request_UnsupportedQuery"))
    };
    match error {
        GraphError::BadRequest { reply }
        | GraphError::NotFound { reply }
        | GraphError::Conflict { reply }
            if is_gone(&reply) =>
        {
            GraphError::Gone { reply }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testserver::{Said, Stage};
    use super::*;

    fn since(stage: &Stage) -> DeltaLink {
        DeltaLink::from_stored(format!("{}/v1.0/users/delta?$deltatoken=t1", stage.root))
    }

    #[tokio::test]
    async fn changes_until_the_next_link() {
        let stage = Stage::new(|_, n| match n {
            0 => Said::json(
                200,
                r#"{"value":[{"id":"00000000-0000-0000-0000-000000000001","mail":null}],"@odata.nextLink":"{root}/v1.0/users/delta?$skiptoken=s"}"#,
            ),
            _ => Said::json(
                200,
                r#"{"value":[{"id":"00000000-0000-0000-0000-000000000002","@removed":{"reason":"changed"}},{"id":9}],"@odata.deltaLink":"{root}/v1.0/users/delta?$deltatoken=t2"}"#,
            ),
        });
        let mut pages = stage.client.changed_users(&since(&stage));
        let first = pages.next().await.unwrap().unwrap();
        assert_eq!(first.delta_link, None);
        let [UserDelta::Changed(user)] = first.changes.as_slice() else {
            panic!("{first:?}")
        };
        assert_eq!(user.mail, super::super::partial::Told::Empty);
        let second = pages.next().await.unwrap().unwrap();
        assert_eq!(
            second.changes,
            [UserDelta::Removed(
                "00000000-0000-0000-0000-000000000002".parse().unwrap()
            )]
        );
        assert_eq!(
            second.delta_link.unwrap().as_str(),
            format!("{}/v1.0/users/delta?$deltatoken=t2", stage.root)
        );
        assert_eq!(pages.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_old_link_is_gone_in_every_form() {
        for (status, code) in [
            (410, ""),
            (410, "resyncRequired"),
            (400, "SyncStateNotFound"),
            (404, "syncStateNotFound"),
            (400, "Request_UnsupportedQuery"),
        ] {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
            let stage = Stage::new(move |_, _| Said::json(status, body.clone()));
            let error = stage
                .client
                .changed_users(&since(&stage))
                .next()
                .await
                .unwrap_err();
            assert!(
                matches!(error, GraphError::Gone { .. }),
                "{status} {code}: {error:?}"
            );
            assert_eq!(stage.graph_requests().len(), 1);
        }
        let stage = Stage::new(|_, _| Said::json(400, r#"{"error":{"code":"BadRequest"}}"#));
        let error = stage
            .client
            .changed_users(&since(&stage))
            .next()
            .await
            .unwrap_err();
        assert!(matches!(error, GraphError::BadRequest { .. }));
        // The headline has said what it was: the detail goes on from there.
        let failure = error.failure("Reading the changes");
        assert_eq!(
            failure.headline,
            "Reading the changes failed: Graph refused the request"
        );
        assert!(!failure.detail.contains("refused"), "{failure:?}");
        assert!(failure.detail.contains("BadRequest"), "{failure:?}");
    }

    #[tokio::test]
    async fn nothing_is_sent_to_a_foreign_delta_link() {
        let stage = Stage::new(|_, _| Said::json(200, r#"{"value":[]}"#));
        let foreign = DeltaLink::from_stored("https://evil.example/delta".to_owned());
        let mut pages = stage.client.changed_users(&foreign);
        assert!(matches!(
            pages.next().await,
            Err(GraphError::Hostile { .. })
        ));
        assert!(stage.graph_requests().is_empty());
    }

    #[tokio::test]
    async fn a_link_for_now() {
        let stage = Stage::new(|_, _| {
            Said::json(
                200,
                r#"{"value":[],"@odata.deltaLink":"{root}/v1.0/users/delta?$deltatoken=now"}"#,
            )
        });
        let link = stage.client.delta_link_now().await.unwrap();
        assert!(link.as_str().ends_with("$deltatoken=now"));
        assert!(
            stage.graph_requests()[0]
                .path
                .ends_with("&$deltatoken=latest")
        );
    }
}
