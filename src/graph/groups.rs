//! Groups: finding one by name or id, and who is in it.

use std::borrow::Cow;

use serde::de::MapAccess;

use crate::domain::directory::{Group, GroupLookup};
use crate::domain::guid::{GroupId, ObjectId};

use super::Client;
use super::error::GraphError;
use super::page::Pages;
use super::scopes;
use super::send::{Ask, EVENTUAL, Extra, PLAIN, body_text, quoted, unreadable};
use super::wire::{Field, Soft, read_object, read_single};

const NEEDS: &[&str] = &[scopes::GROUPS.name, "Group.Read.All", "Directory.Read.All"];

/// A list of `in` has so many terms at most.
const IDS_AT_MOST: usize = 15;

/// Enough to tell a person which ones share the name.
const NAMESAKES: &str = "10";

impl Client {
    /// Finds a group by its id or its name. Names are not unique.
    pub async fn find_group(&self, name_or_id: &str) -> Result<GroupLookup, GraphError> {
        let name = name_or_id.trim();
        if let Ok(id) = name.parse::<GroupId>()
            && let Some(group) = self.group_at(id).await?
        {
            return Ok(GroupLookup::Found(group));
        }
        let filter = format!("displayName eq {}", quoted(name));
        let query = [
            ("$filter", filter.as_str()),
            ("$select", "id,displayName"),
            ("$top", NAMESAKES),
        ];
        let ask = Ask::get(self.url(&["groups"], &query), PLAIN, NEEDS);
        let mut pages = Pages::new(self, ask);
        let mut groups = Vec::new();
        while let Some(answer) = pages.fetch().await? {
            let page = pages.read::<GroupRow<'_>>(&answer)?;
            groups.extend(page.items.into_iter().filter_map(GroupRow::read));
        }
        groups.sort_by_key(|group| group.id);
        groups.dedup_by_key(|group| group.id);
        Ok(match groups.len() {
            0 => GroupLookup::Missing,
            1 => GroupLookup::Found(groups.remove(0)),
            _ => GroupLookup::Ambiguous(groups),
        })
    }

    async fn group_at(&self, id: GroupId) -> Result<Option<Group>, GraphError> {
        let ask = Ask::get(
            self.url(
                &["groups", &id.to_string()],
                &[("$select", "id,displayName")],
            ),
            PLAIN,
            NEEDS,
        );
        let answer = match self.send(&ask).await {
            Ok(answer) => answer,
            Err(GraphError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let path = ask.url.path();
        let row = read_single::<GroupRow<'_>>(body_text(&answer, path)?)
            .map_err(|why| unreadable(&answer, path, why))?;
        Ok(row.read())
    }

    /// Whether the group shows its members to nobody without the permission `Member.Read.Hidden`.
    pub async fn group_hides_members(&self, id: GroupId) -> Result<bool, GraphError> {
        let ask = Ask::get(
            self.url(
                &["groups", &id.to_string()],
                &[("$select", "id,visibility")],
            ),
            PLAIN,
            NEEDS,
        );
        let answer = self.send(&ask).await?;
        let path = ask.url.path();
        let row = read_single::<GroupRow<'_>>(body_text(&answer, path)?)
            .map_err(|why| unreadable(&answer, path, why))?;
        Ok(
            matches!(&row.visibility, Soft::Is(word) if word.eq_ignore_ascii_case("HiddenMembership")),
        )
    }

    /// The groups of these ids, those that are still there.
    pub async fn groups_by_id(&self, ids: &[GroupId]) -> Result<Vec<Group>, GraphError> {
        let mut groups = Vec::new();
        for some in ids.chunks(IDS_AT_MOST) {
            let list: Vec<String> = some.iter().map(|id| quoted(&id.to_string())).collect();
            let filter = format!("id in ({})", list.join(","));
            let query = [("$filter", filter.as_str()), ("$select", "id,displayName")];
            let ask = Ask::get(self.url(&["groups"], &query), PLAIN, NEEDS);
            let mut pages = Pages::new(self, ask);
            while let Some(answer) = pages.fetch().await? {
                let page = pages.read::<GroupRow<'_>>(&answer)?;
                groups.extend(page.items.into_iter().filter_map(GroupRow::read));
            }
        }
        Ok(groups)
    }

    /// Ids of all users in the group, those of nested groups included, sorted, each once. A group whose membership is hidden
    /// has none without the permission `Member.Read.Hidden`.
    pub async fn group_members(&self, group: GroupId) -> Result<Vec<ObjectId>, GraphError> {
        let group = group.to_string();
        let cast = users_of(&group);
        let query = [("$select", "id"), ("$top", "999"), ("$count", "true")];
        match self.members_at(&cast, &query, EVENTUAL).await {
            // The cast is refused here and there; the plain list names the type of each member.
            Err(GraphError::BadRequest { reply }) if reply.code == "Request_UnsupportedQuery" => {
                let query = [("$select", "id"), ("$top", "999")];
                self.members_at(&cast[..3], &query, PLAIN).await
            }
            members => members,
        }
    }

    /// Whether this user is in the group, directly or by a nested one: one small page, however large the group is.
    pub async fn is_member(&self, group: GroupId, user: ObjectId) -> Result<bool, GraphError> {
        let group = group.to_string();
        let cast = users_of(&group);
        let filter = format!("id eq {}", quoted(&user.to_string()));
        let query = [
            ("$filter", filter.as_str()),
            ("$select", "id"),
            ("$count", "true"),
        ];
        let found = self.members_at(&cast, &query, EVENTUAL).await?;
        Ok(found.contains(&user))
    }

    async fn members_at(
        &self,
        segments: &[&str],
        query: &[(&str, &str)],
        extra: Extra,
    ) -> Result<Vec<ObjectId>, GraphError> {
        let ask = Ask::get(self.url(segments, query), extra, NEEDS);
        let mut pages = Pages::new(self, ask);
        let mut members = Vec::new();
        while let Some(answer) = pages.fetch().await? {
            let page = pages.read::<MemberRow<'_>>(&answer)?;
            members.extend(page.items.into_iter().filter_map(MemberRow::user));
        }
        members.sort_unstable();
        members.dedup();
        Ok(members)
    }
}

#[derive(Debug, Default)]
struct GroupRow<'de> {
    id: Soft<Cow<'de, str>>,
    name: Soft<Cow<'de, str>>,
    visibility: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for GroupRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, { "id" => id, "displayName" => name, "visibility" => visibility });
        Ok(Some(row))
    }
}

impl GroupRow<'_> {
    fn read(self) -> Option<Group> {
        Some(Group {
            id: self.id.some()?.parse().ok()?,
            name: self.name.some().unwrap_or_default().into_owned(),
        })
    }
}

#[derive(Debug, Default)]
struct MemberRow<'de> {
    id: Soft<Cow<'de, str>>,
    kind: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for MemberRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, { "id" => id, "@odata.type" => kind });
        Ok(Some(row))
    }
}

impl MemberRow<'_> {
    /// The id, unless the member says that it is something else than a user.
    fn user(self) -> Option<ObjectId> {
        if matches!(&self.kind, Soft::Is(kind) if !kind.eq_ignore_ascii_case("#microsoft.graph.user"))
        {
            return None;
        }
        self.id.some()?.parse().ok()
    }
}

/// Where the users of a group are listed, those of nested groups included.
fn users_of(group: &str) -> [&str; 4] {
    ["groups", group, "transitiveMembers", "microsoft.graph.user"]
}

#[cfg(test)]
mod tests {
    use super::super::testserver::{Said, Stage};
    use super::super::wire::read_page;
    use super::*;

    const A: &str = "00000000-0000-0000-0000-00000000000a";
    const B: &str = "00000000-0000-0000-0000-00000000000b";

    fn groups(ids: &[&str]) -> Said {
        let rows: Vec<String> = ids
            .iter()
            .map(|id| format!(r#"{{"id":"{id}","displayName":"Voice"}}"#))
            .collect();
        Said::json(200, format!(r#"{{"value":[{}]}}"#, rows.join(",")))
    }

    fn group(id: &str) -> Group {
        Group {
            id: id.parse().unwrap(),
            name: "Voice".to_owned(),
        }
    }

    #[tokio::test]
    async fn none_one_and_many() {
        for (ids, found) in [
            (vec![], GroupLookup::Missing),
            (vec![A], GroupLookup::Found(group(A))),
            (vec![A, A], GroupLookup::Found(group(A))),
            (vec![B, A], GroupLookup::Ambiguous(vec![group(A), group(B)])),
        ] {
            let stage = Stage::new(move |_, _| groups(&ids));
            assert_eq!(stage.client.find_group(" Voice ").await.unwrap(), found);
            assert!(
                stage.graph_requests()[0]
                    .path
                    .starts_with("/v1.0/groups?$filter=displayName%20eq%20%27Voice%27&")
            );
        }
    }

    #[tokio::test]
    async fn an_id_is_tried_as_an_id_first() {
        let stage = Stage::new(|_, n| match n {
            0 => Said::json(200, format!(r#"{{"id":"{A}","displayName":"Voice"}}"#)),
            1 => Said::json(404, r#"{"error":{"code":"Request_ResourceNotFound"}}"#),
            _ => groups(&[]),
        });
        let found = stage.client.find_group(A).await.unwrap();
        assert_eq!(found, GroupLookup::Found(group(A)));
        let found = stage.client.find_group(A).await.unwrap();
        assert_eq!(found, GroupLookup::Missing);
        assert_eq!(stage.graph_requests().len(), 3);
    }

    #[tokio::test]
    async fn members_with_and_without_the_cast() {
        let stage = Stage::new(|request, _| {
            if request.path.contains("microsoft.graph.user") {
                Said::json(
                    400,
                    r#"{"error":{"code":"Request_UnsupportedQuery","message":"Invalid search request."}}"#,
                )
            } else {
                groups(&[B, A, B])
            }
        });
        let members = stage.client.group_members(A.parse().unwrap()).await;
        assert_eq!(members.unwrap(), [A.parse().unwrap(), B.parse().unwrap()]);
        let asked = stage.graph_requests();
        assert_eq!(asked[0].header("consistencylevel"), Some("eventual"));
        assert_eq!(
            asked[1].path,
            format!("/v1.0/groups/{A}/transitiveMembers?$select=id&$top=999")
        );
    }

    #[test]
    fn members_are_users_alone() {
        let text = r##"{"value":[{"@odata.type":"#microsoft.graph.user","id":"00000000-0000-0000-0000-000000000002"},{"@odata.type":"#microsoft.graph.group","id":"00000000-0000-0000-0000-000000000003"},{"id":"00000000-0000-0000-0000-000000000001"},{"id":null}]}"##;
        let members: Vec<String> = read_page::<MemberRow<'_>>(text)
            .unwrap()
            .items
            .into_iter()
            .filter_map(MemberRow::user)
            .map(|id| id.to_string())
            .collect();
        assert_eq!(
            members,
            [
                "00000000-0000-0000-0000-000000000002",
                "00000000-0000-0000-0000-000000000001"
            ]
        );
    }
}
