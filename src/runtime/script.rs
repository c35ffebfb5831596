//! The PowerShell for one person, as the console asks for it.

use std::sync::Arc;

use crate::app::event::{CacheEvent, RequestId, What};
use crate::domain::guid::ObjectId;
use crate::domain::script::way_out::Asked;
use crate::ops::script;

use super::perform::Shared;

impl Shared {
    pub(super) async fn script(self: Arc<Self>, req: RequestId, id: ObjectId) {
        let (asked, who) = (Asked::default(), id.to_string());
        let written = script::for_user(
            (&self.store, self.client.cloud()),
            &who,
            &asked,
            self.stamp().at,
        )
        .await;
        let event = match written {
            Ok(text) => CacheEvent::Script { req, text },
            Err(failure) => CacheEvent::Failed { req, failure },
        };
        self.send(What::Cache(event)).await;
    }
}
